"""Claim: pre-training, data and augmentation included, is several times faster than a plain PyTorch loop."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
import torch
from torch.utils.data import DataLoader, Dataset

from benchmarks.augmentation_peers import EXAMPLE_PEERS, ExampleChain
from benchmarks.benchmark import Benchmark, Goal
from benchmarks.checks import check_encoder
from benchmarks.plain import PlainTraining
from benchmarks.timing import rates, repeated_s, with_pipeline_scale
from benchmarks.training_step import our_steps_s, pipeline_step_size, step_size
from benchmarks.workloads import (
    PRECISIONS,
    StoreSize,
    build_synthetic_store,
    encoder_params,
    in_words,
    pipeline_recipe,
    recipe,
    thesis_chain,
    write_synthetic_corpus,
)
from clmr.compute.runtime import device as chosen_device
from clmr.compute.runtime import n_workers
from clmr.corpora.store import Store
from clmr.models.sample_cnn import SampleCNNParams
from clmr.training.pretrain import pretrain

_LIBRARY = "audiomentations"
_PEER_NAME = f"DataLoader, {_LIBRARY}, Conv1d fp32"


@dataclass(frozen=True)
class EpochSize:
    """An epoch: steps of so many pairs of clips."""

    encoder: SampleCNNParams
    n_pairs: int
    n_steps: int
    n_repeats: int
    clip_duration_s: float

    @property
    def corpus(self) -> StoreSize:
        """One track per pair."""
        return StoreSize(self.n_pairs * self.n_steps, self.clip_duration_s, self.encoder.sample_rate_hz)


class DecodedPairs(Dataset):
    """Two augmented crops of one track, decoded whenever it is asked for."""

    def __init__(self, files: list[Path], encoder: SampleCNNParams) -> None:
        self.files, self.encoder = files, encoder
        self.chain: ExampleChain | None = None

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if self.chain is None:  # built in the worker: chains cannot be sent to another process
            self.chain = EXAMPLE_PEERS[_LIBRARY].build(thesis_chain(), self.encoder.sample_rate_hz)
        audio, _ = soundfile.read(self.files[index], dtype="float32")
        first, second = (self._crop(audio) for _ in range(2))
        return self.chain(first), self.chain(second)

    def _crop(self, audio: np.ndarray) -> np.ndarray:
        start = int(torch.randint(len(audio) - self.encoder.clip_samples + 1, ()))
        return audio[start : start + self.encoder.clip_samples]


def our_epochs_s(size: EpochSize, store: Store, device: torch.device, precision: str) -> list[float]:
    """Duration in s of the epochs of a run of ``pretrain`` but its first: read, crop, augment, step, save.

    Epochs draw other crops and augmentations, unlike other repeats here, but so many that it hardly shows.
    """
    params = replace(recipe(size.encoder, size.n_pairs, precision), epochs=1 + size.n_repeats)
    with TemporaryDirectory() as folder, _epoch_ends_s() as ends_s:
        pretrain(params, 0, store, Path(folder), device)
    if len(ends_s) != params.epochs:
        raise RuntimeError(f"pretrain logged {len(ends_s)} epochs instead of {params.epochs}; adapt _epoch_ends_s")
    return np.diff(ends_s).tolist()


def peer_epochs_s(size: EpochSize, files: list[Path], device: torch.device) -> list[float]:
    """The same with a DataLoader, one process per core, started before the clock."""
    training = PlainTraining(size.encoder, device)
    loader = DataLoader(
        DecodedPairs(files, size.encoder),
        batch_size=size.n_pairs,
        shuffle=True,
        drop_last=True,
        num_workers=n_workers(),
        persistent_workers=True,
        pin_memory=device.type == "cuda",
        multiprocessing_context="spawn",
    )

    def epoch() -> None:
        for first, second in loader:
            training.step(first.to(device, non_blocking=True), second.to(device, non_blocking=True))

    return repeated_s(epoch, size.n_repeats, device)


@contextmanager
def _epoch_ends_s() -> Iterator[list[float]]:
    """Times at which epochs of pre-training end, by its log; there the loss has arrived from the device."""
    ends_s: list[float] = []

    class Clock(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage().startswith("epoch "):
                ends_s.append(time.perf_counter())

    logger, clock = logging.getLogger("clmr"), Clock()
    level = logger.level
    logger.addHandler(clock)
    logger.setLevel(logging.INFO)
    try:
        yield ends_s
    finally:
        logger.removeHandler(clock)
        logger.setLevel(level)


def _epoch_size(quick: bool, device: torch.device) -> EpochSize:
    if quick:
        return EpochSize(encoder_params(quick), n_pairs=4, n_steps=2, n_repeats=2, clip_duration_s=6.0)
    # As many pairs as in the benchmark of a step alone; more steps on a GPU, where starting and ending an epoch would
    # otherwise be most of it.
    n_pairs, n_steps = step_size(quick, device).n_pairs, 20 if device.type == "cuda" else 4
    return EpochSize(encoder_params(quick), n_pairs, n_steps=n_steps, n_repeats=2, clip_duration_s=10.0)


def _pipeline_epoch_size(quick: bool) -> EpochSize:
    if quick:
        return EpochSize(encoder_params(quick), n_pairs=3, n_steps=2, n_repeats=2, clip_duration_s=6.0)
    trained = pipeline_recipe()
    # Clips as long as those of the rendered corpora: the peer decodes all of them.
    return EpochSize(trained.encoder, trained.batch_size, n_steps=4, n_repeats=3, clip_duration_s=29.0)


def _all_epochs_s(size: EpochSize, device: torch.device) -> dict[str, list[float]]:
    """Durations of ours in each precision, and of the peer if it is installed."""
    with TemporaryDirectory() as folder:
        files = write_synthetic_corpus(Path(folder) / "corpus", size.corpus, splits=("train",))
        store = build_synthetic_store(Path(folder) / "corpus", size.corpus, Path(folder))
        repeats_s = {f"ours, {precision}": our_epochs_s(size, store, device, precision) for precision in PRECISIONS}
        if EXAMPLE_PEERS[_LIBRARY].installed:
            repeats_s[_PEER_NAME] = peer_epochs_s(size, files, device)
    return repeats_s


def measure(quick: bool) -> Benchmark:
    """Pairs per second of whole epochs, from audio on disk to updated weights."""
    device = chosen_device()
    size, pipeline = _epoch_size(quick, device), _pipeline_epoch_size(quick)
    checks = tuple(check_encoder(size.encoder, device, precision) for precision in PRECISIONS)
    repeats_s, pipeline_s = _all_epochs_s(size, device), _all_epochs_s(pipeline, device)
    pairs_per_s = rates(size.n_pairs * size.n_steps, repeats_s)
    pipeline_pairs_per_s = rates(pipeline.n_pairs * pipeline.n_steps, pipeline_s)
    steps_alone, pipeline_steps_alone = (
        max(step.n_pairs * step.n_steps / min(our_steps_s(step, device, precision)) for precision in PRECISIONS)
        for step in (step_size(quick, device), pipeline_step_size(quick))
    )
    return Benchmark(
        name="pretraining",
        claim="Pre-training with data and augmentation included is several times faster than a plain PyTorch loop.",
        unit="pairs/s",
        ours=max(rate for name, rate in pairs_per_s.items() if name != _PEER_NAME),
        peers={_PEER_NAME: pairs_per_s.get(_PEER_NAME)},
        goal=Goal(0.87, ">= 87 % of its training steps alone", of="limit"),
        limit=steps_alone,
        limit_text="the training steps alone, measured in the same run",
        notes=(
            f"Width {size.encoder.width}, {size.encoder.clip_samples} samples, epochs of {size.n_steps} steps of "
            f"{size.n_pairs} pairs; ours from a store, all augmentations, in the faster precision.",
            f"The peer decodes FLAC files of {size.clip_duration_s:g} s in {n_workers()} processes; its chain has "
            f"{EXAMPLE_PEERS[_LIBRARY].missing}.",
            f"As params.yaml pre-trains (width {pipeline.encoder.width}, {pipeline.encoder.clip_samples} samples, "
            f"{pipeline.n_pairs} pairs, files of {pipeline.clip_duration_s:g} s): "
            f"{in_words(pipeline_pairs_per_s, (_PEER_NAME,))}.",
            f"There the training steps alone make {pipeline_steps_alone:.0f} pairs/s: an epoch takes "
            f"{pipeline_steps_alone / max(r for n, r in pipeline_pairs_per_s.items() if n != _PEER_NAME):.2f} times as "
            "long as its training steps.",
            *checks,
        ),
        repeats_s=with_pipeline_scale(repeats_s, pipeline_s),
        details={"pairs_per_s": pairs_per_s, "pairs_per_s_pipeline_scale": pipeline_pairs_per_s},
    )
