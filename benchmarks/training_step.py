"""Claim: one training step of the full SampleCNN is several times faster than in the released implementation."""

from dataclasses import dataclass

import torch

from benchmarks.benchmark import Benchmark, Goal
from benchmarks.checks import check_encoder
from benchmarks.limits import machine, training_limit
from benchmarks.plain import PlainTraining
from benchmarks.processes import in_fresh_process, returning_freed_memory
from benchmarks.timing import rates, repeated_s, with_pipeline_scale
from benchmarks.workloads import (
    PRECISIONS,
    encoder_params,
    in_words,
    pipeline_recipe,
    recipe,
    synthetic_audio,
)
from clmr.compute.runtime import device as chosen_device
from clmr.models.sample_cnn import SampleCNNParams
from clmr.training.clmr import CLMRRun

_PLAIN = "Conv1d fp32"
_BY_ITSELF = "Conv1d fp32, freed memory returned"
_PEERS = (_PLAIN, _BY_ITSELF)


@dataclass(frozen=True)
class StepSize:
    """What a step works on.

    Attributes:
        encoder: Architecture.
        n_pairs: Pairs of views.
        n_steps: Steps in one timed run, so that a GPU's queue fills.
        n_repeats: Timed runs.
    """

    encoder: SampleCNNParams
    n_pairs: int
    n_steps: int
    n_repeats: int


def step_size(quick: bool, device: torch.device) -> StepSize:
    """Batch 48, the default of the released code, on a GPU; 12 on a CPU; a toy if quick."""
    if quick:
        return StepSize(encoder_params(quick), n_pairs=4, n_steps=1, n_repeats=2)
    if device.type == "cuda":
        return StepSize(encoder_params(quick), n_pairs=48, n_steps=20, n_repeats=2)
    # A pair takes as long in a batch of 12 as in one of 48, of which a step of the peer would take half a minute.
    return StepSize(encoder_params(quick), n_pairs=12, n_steps=1, n_repeats=3)


def pipeline_step_size(quick: bool) -> StepSize:
    """What the pipeline trains, small enough for two cores; a toy if quick."""
    if quick:
        return StepSize(encoder_params(quick), n_pairs=3, n_steps=1, n_repeats=2)
    trained = pipeline_recipe()
    return StepSize(trained.encoder, trained.batch_size, n_steps=4, n_repeats=5)


def our_steps_s(size: StepSize, device: torch.device, precision: str) -> list[float]:
    """Duration in s of each repeat of ``size.n_steps`` steps, as pre-training takes them."""
    # The run that `pretrain` drives: a copy of its step could drift from what is used.
    run = CLMRRun(recipe(size.encoder, size.n_pairs, precision), 0, crops=None, device=device, steps_per_epoch=1)
    views = synthetic_audio(2 * size.n_pairs, size.encoder.clip_samples, size.encoder.sample_rate_hz).to(device)
    return repeated_s(lambda: [run.train_step(views) for _ in range(size.n_steps)], size.n_repeats, device)


def plain_steps_s(size: StepSize, device: torch.device) -> list[float]:
    """The same for the plain implementation."""
    training = PlainTraining(size.encoder, device)
    views = synthetic_audio(2 * size.n_pairs, size.encoder.clip_samples, size.encoder.sample_rate_hz).to(device)
    first, second = views.chunk(2)
    return repeated_s(lambda: [training.step(first, second) for _ in range(size.n_steps)], size.n_repeats, device)


def plain_steps_by_itself_s(size: StepSize, device: torch.device) -> list[float]:
    """The plain implementation as a program runs it by itself: freed memory returns to the system."""
    with returning_freed_memory():
        return in_fresh_process(plain_steps_s, size, device)


def all_steps_s(size: StepSize, device: torch.device) -> dict[str, list[float]]:
    """Durations of ours in each precision, and of the plain implementation."""
    ours = {f"ours, {precision}": our_steps_s(size, device, precision) for precision in PRECISIONS}
    return {**ours, _PLAIN: plain_steps_s(size, device), _BY_ITSELF: plain_steps_by_itself_s(size, device)}


def measure(quick: bool) -> Benchmark:
    """Pairs per second of forward, backward and optimiser step, in memory, without data or augmentation."""
    device = chosen_device()
    size, pipeline = step_size(quick, device), pipeline_step_size(quick)
    limits = machine(quick, device)
    checks = tuple(check_encoder(size.encoder, device, precision) for precision in PRECISIONS)
    repeats_s, pipeline_s = all_steps_s(size, device), all_steps_s(pipeline, device)
    pairs_per_s = rates(size.n_pairs * size.n_steps, repeats_s)
    pipeline_pairs_per_s = rates(pipeline.n_pairs * pipeline.n_steps, pipeline_s)
    pipeline_limit = training_limit(pipeline.encoder, limits)
    pipeline_share = max(rate for name, rate in pipeline_pairs_per_s.items() if name not in _PEERS) / pipeline_limit
    return Benchmark(
        name="training_step",
        claim="A training step of the full SampleCNN takes a fraction of the time of the released implementation.",
        unit="pairs/s",
        ours=max(rate for name, rate in pairs_per_s.items() if name not in _PEERS),
        peers={name: pairs_per_s[name] for name in _PEERS},
        goal=Goal(0.85, ">= 85 % of the limit; 50 % as in params.yaml", of="limit"),
        limit=training_limit(size.encoder, limits),
        limit_text="convolutions at the speed of matrix products, and every map moved five times",
        notes=(
            f"Width {size.encoder.width}, {size.encoder.clip_samples} samples, {size.n_pairs} pairs per step, "
            "non-linear projector, NT-Xent, Adam; ours in the faster precision.",
            "The peer passes the two views one after the other, as the released code does. Beside ours it keeps the "
            "memory it frees, as ours does; by itself it returns it to the system.",
            f"As params.yaml pre-trains (width {pipeline.encoder.width}, {pipeline.encoder.clip_samples} samples, "
            f"{pipeline.n_pairs} pairs): {in_words(pipeline_pairs_per_s, _PEERS)}.",
            f"There the limit is {pipeline_limit:.0f} pairs/s, of which ours reaches {100 * pipeline_share:.0f} %.",
            limits.in_words(),
            *checks,
        ),
        repeats_s=with_pipeline_scale(repeats_s, pipeline_s),
        details={
            "pairs_per_s": pairs_per_s,
            "pairs_per_s_pipeline_scale": pipeline_pairs_per_s,
            "limit_pipeline_scale": pipeline_limit,
            "share_of_limit_pipeline_scale": pipeline_share,
        },
    )
