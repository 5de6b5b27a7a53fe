"""Claim: the thesis's chain of augmentations runs several times faster than with public libraries."""

import multiprocessing
from dataclasses import dataclass, replace
from functools import partial

import torch

from benchmarks.augmentation_peers import BATCH_PEER, EXAMPLE_PEERS
from benchmarks.benchmark import Benchmark, Goal
from benchmarks.checks import checked_difference
from benchmarks.limits import machine
from benchmarks.timing import repeated_s
from benchmarks.worker_pool import augment_examples, one_thread, seed_everything
from benchmarks.workloads import synthetic_audio, thesis_chain
from clmr.augmentations.chain import AugmentationParams
from clmr.compute.runtime import device as chosen_device
from clmr.compute.runtime import n_workers
from clmr.compute.seeding import generator
from clmr.models.sample_cnn import FORMATS

_BATCH_PEER_NAME = "torch-audiomentations"
_LIKE_PEERS = "ours without delay and reverberation"
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class ChainSize:
    """What is augmented.

    Attributes:
        sample_rate_hz: Decides T.
        batch_size: B.
        n_batches: Batches in one timed run of ours.
        n_peer_examples: Examples in one timed run of a peer; they are slower.
        n_repeats: Timed runs.
    """

    sample_rate_hz: int
    batch_size: int
    n_batches: int
    n_peer_examples: int
    n_repeats: int

    @property
    def n_samples(self) -> int:
        """T."""
        return FORMATS[self.sample_rate_hz].clip_samples


def our_chain_s(size: ChainSize, chain: AugmentationParams, device: torch.device) -> list[float]:
    """Duration in s of each repeat of our chain on all batches, the same draws in each."""
    batch = synthetic_audio(size.batch_size, size.n_samples, size.sample_rate_hz).to(device)

    def work() -> None:
        for number in range(size.n_batches):
            chain.augment(batch, size.sample_rate_hz, partial(generator, 0, number))

    return repeated_s(work, size.n_repeats, device)


def example_peers_s(size: ChainSize) -> dict[str, list[float]]:
    """Durations of the installed libraries that treat one example at a time, one process per core."""
    cpu = torch.device("cpu")
    durations = {}
    with multiprocessing.get_context("spawn").Pool(n_workers(), initializer=one_thread) as pool:
        for name in (name for name, peer in EXAMPLE_PEERS.items() if peer.installed):

            def work(peer: str = name) -> None:
                augment_examples(pool, peer, size.n_peer_examples, size.n_samples, size.sample_rate_hz)

            durations[name] = repeated_s(work, size.n_repeats, cpu)
    return durations


def batch_peer_s(size: ChainSize, device: torch.device) -> list[float]:
    """Durations of the library that treats batches, all cores or the GPU at its disposal."""
    chain = BATCH_PEER.build(thesis_chain(), size.sample_rate_hz)
    batch = synthetic_audio(size.batch_size, size.n_samples, size.sample_rate_hz).to(device)

    def work() -> None:
        for number in range(size.n_peer_examples // size.batch_size):
            seed_everything(number)
            chain(batch)

    return repeated_s(work, size.n_repeats, device)


def check_chain(size: ChainSize, device: torch.device) -> str:
    """A sentence on how far the chain on this device is from the chain on the CPU, same draws.

    The CPU itself is the reference: what it computes, ``tests/augmentations`` checks.

    Raises:
        CheckError: If it is too far.
    """
    if device.type == "cpu":
        return "On the CPU there is nothing to check against: it is the reference of the GPU."
    chain, draws = thesis_chain(), partial(generator, 0, "check")
    batch = synthetic_audio(size.batch_size, size.n_samples, size.sample_rate_hz)
    reference = chain.augment(batch, size.sample_rate_hz, draws)
    found = chain.augment(batch.to(device), size.sample_rate_hz, draws)
    difference = checked_difference(f"augmentations on {device.type}", found, reference, _TOLERANCE)
    return (
        f"Checked before timing: the chain on {device.type} differs from float32 on the CPU by at most "
        f"{difference:.2g} of the peak (allowed: {_TOLERANCE:g})."
    )


def measure(quick: bool) -> Benchmark:
    """Examples per second of the full chain at the thesis's probabilities, audio in memory."""
    device = chosen_device()
    size = ChainSize(8_000, 4, 1, 8, 2) if quick else ChainSize(22_050, 96, 4, 192, 5)
    check = check_chain(size, device)
    thesis = thesis_chain()
    repeats_s = {
        "ours": our_chain_s(size, thesis, device),
        _LIKE_PEERS: our_chain_s(size, replace(thesis, delay=None, reverb=None), device),
        **example_peers_s(size),
    }
    n_ours = size.n_batches * size.batch_size
    like_peers = n_ours / min(repeats_s[_LIKE_PEERS])
    if BATCH_PEER.installed:
        repeats_s[_BATCH_PEER_NAME] = batch_peer_s(size, device)
    every = {**EXAMPLE_PEERS, _BATCH_PEER_NAME: BATCH_PEER}
    missing = "; ".join(f"{name}: {peer.missing}" for name, peer in every.items())
    return Benchmark(
        name="augmentation_chain",
        claim="The full chain of augmentations runs several times faster than with public libraries.",
        unit="examples/s",
        ours=n_ours / min(repeats_s["ours"]),
        peers={name: size.n_peer_examples / min(repeats_s[name]) if name in repeats_s else None for name in every},
        goal=Goal(4.5, ">= 4.5x the best peer with pitch"),
        limit=1e9 * machine(quick, device).gb_per_s / (8 * size.n_samples * sum(s.p for s in thesis.steps().values())),
        limit_text="every sample read and written once for each step that treats it, at the speed of memory",
        compared=tuple(name for name, peer in every.items() if peer.has_pitch),
        notes=(
            f"{size.n_samples} samples at {size.sample_rate_hz} Hz; ours and {_BATCH_PEER_NAME} in batches of "
            f"{size.batch_size}, the others in {n_workers()} processes, one per core.",
            f"Probabilities, of all: {_probabilities(thesis)}.",
            f"What peers lack, which makes them faster: {missing}.",
            f"Without delay and reverberation, as audiomentations and {_BATCH_PEER_NAME} work, ours makes "
            f"{like_peers:.0f}.",
            check,
        ),
        repeats_s=repeats_s,
        details={f"examples_per_s, {_LIKE_PEERS}": like_peers},
    )


def _probabilities(chain: AugmentationParams) -> str:
    return ", ".join(f"{name} {step.p:g}" for name, step in chain.steps().items())
