"""Claim: pre-training the full SampleCNN at the released code's batch size fits an ordinary computer."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.benchmark import Benchmark, Goal
from benchmarks.plain import PlainTraining
from benchmarks.processes import in_fresh_process, peak_memory_gb, returning_freed_memory
from benchmarks.workloads import (
    StoreSize,
    build_synthetic_store,
    encoder_params,
    recipe,
    synthetic_audio,
    write_synthetic_corpus,
)
from clmr.compute.runtime import device as chosen_device
from clmr.corpora.store import open_store
from clmr.models.sample_cnn import SampleCNNParams
from clmr.training.pretrain import pretrain

_LIMIT_GB = 6.0
_LIMIT = "the limit"
_PLAIN = "Conv1d fp32, without data"
_N_STEPS = 2


def our_peak_gb(store_dir: Path, encoder: SampleCNNParams, n_pairs: int, precision: str) -> float:
    """Peak memory in GB of this process, or of the GPU, after an epoch of pre-training from a store."""
    device = chosen_device()
    with TemporaryDirectory() as folder:
        pretrain(recipe(encoder, n_pairs, precision), 0, open_store(store_dir), Path(folder), device)
    return _peak_gb(device)


def plain_peak_gb(encoder: SampleCNNParams, n_pairs: int) -> float:
    """The same for as many steps of the plain implementation, on audio in memory."""
    device = chosen_device()
    training = PlainTraining(encoder, device)
    views = synthetic_audio(2 * n_pairs, encoder.clip_samples, encoder.sample_rate_hz).to(device)
    for _ in range(_N_STEPS):
        training.step(*views.chunk(2))
    return _peak_gb(device)


def measure(quick: bool) -> Benchmark:
    """Peak memory of a process that pre-trains, each in a fresh process."""
    encoder, n_pairs = encoder_params(quick), 4 if quick else 48
    size = StoreSize(n_pairs * _N_STEPS, 6.0 if quick else 10.0, encoder.sample_rate_hz)
    with TemporaryDirectory() as folder:
        write_synthetic_corpus(Path(folder) / "corpus", size, splits=("train",))
        store_dir = build_synthetic_store(Path(folder) / "corpus", size, Path(folder)).folder
        ours = in_fresh_process(our_peak_gb, store_dir, encoder, n_pairs, "bf16")
        fp32 = in_fresh_process(our_peak_gb, store_dir, encoder, n_pairs, "fp32")
        with returning_freed_memory():
            returned = in_fresh_process(our_peak_gb, store_dir, encoder, n_pairs, "bf16")
    plain = in_fresh_process(plain_peak_gb, encoder, n_pairs)
    return Benchmark(
        name="memory",
        claim="Pre-training the full SampleCNN at batch 48 fits an ordinary computer.",
        unit="GB",
        ours=ours,
        peers={_LIMIT: _LIMIT_GB, _PLAIN: plain},
        goal=Goal(1, f"<= {_LIMIT_GB:g} GB"),
        better="lower",
        compared=(_LIMIT,),
        notes=(
            f"Width {encoder.width}, {encoder.clip_samples} samples, {n_pairs} pairs, {_N_STEPS} steps in bf16; "
            "peak of the whole process, libraries and audio included; on a GPU that of its memory.",
            f"In fp32: {fp32:.1f} GB. In bf16 with glibc's own settings, by which all freed memory returns "
            f"to the system: {returned:.1f} GB.",
        ),
        details={"fp32": fp32, "bf16, freed memory returned": returned},
    )


def _peak_gb(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    return peak_memory_gb()
