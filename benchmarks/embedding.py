"""Claim: a corpus is embedded several times faster than with the released implementation of the encoder."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.benchmark import Benchmark, Goal
from benchmarks.checks import check_encoder
from benchmarks.limits import forward_flop, machine
from benchmarks.plain import PlainSampleCNN
from benchmarks.timing import rates, repeated_s
from benchmarks.workloads import (
    PRECISIONS,
    StoreSize,
    build_synthetic_store,
    encoder_params,
    synthetic_audio,
    write_synthetic_corpus,
)
from clmr.batches.segments import segment_starts
from clmr.compute.runtime import device as chosen_device
from clmr.evaluation.embed import embed
from clmr.models.sample_cnn import SampleCNN, SampleCNNParams


def plain_segments_s(
    params: SampleCNNParams, batch_size: int, n_batches: int, n_repeats: int, device: torch.device
) -> list[float]:
    """Duration in s of each repeat of passing batches in memory through the plain encoder, results to the host."""
    encoder = PlainSampleCNN(params).to(device).eval()
    audio = synthetic_audio(batch_size, params.clip_samples, params.sample_rate_hz)

    @torch.inference_mode()
    def work() -> None:
        for _ in range(n_batches):
            encoder(audio.to(device)).cpu()

    return repeated_s(work, n_repeats, device)


def measure(quick: bool) -> Benchmark:
    """Seconds of audio embedded per second, from a store on disk to embeddings in memory."""
    device, params = chosen_device(), encoder_params(quick)
    on_gpu = device.type == "cuda"
    batch_size, n_repeats = (4, 2) if quick else (256, 5) if on_gpu else (64, 3)
    size = StoreSize(2 if quick else 200 if on_gpu else 26, 6.0 if quick else 29.0, params.sample_rate_hz)
    limits = machine(quick, device)
    checks = tuple(check_encoder(params, device, precision) for precision in PRECISIONS)
    encoder = SampleCNN(params).to(device).eval()
    with TemporaryDirectory() as folder:
        write_synthetic_corpus(Path(folder) / "corpus", size, splits=("train",))
        store = build_synthetic_store(Path(folder) / "corpus", size, Path(folder))
        n_segments = len(segment_starts(store, params.clip_samples)[0])
        repeats_s = {
            f"ours, {precision}": repeated_s(
                lambda p=precision: embed(encoder, store, batch_size, device, p), n_repeats, device
            )
            for precision in PRECISIONS
        }
    segment_s = params.clip_samples / params.sample_rate_hz
    audio_s_per_s = rates(n_segments * segment_s, repeats_s)
    n_batches = max(1, n_segments // batch_size // 2)
    repeats_s["Conv1d fp32"] = plain_segments_s(params, batch_size, n_batches, n_repeats, device)
    plain = n_batches * batch_size * segment_s / min(repeats_s["Conv1d fp32"])
    return Benchmark(
        name="embedding",
        claim="A corpus is embedded several times faster than with the released implementation of the encoder.",
        unit="s of audio/s",
        ours=max(audio_s_per_s.values()),
        peers={"Conv1d fp32": plain},
        goal=Goal(0.6, ">= 60 % of the limit", of="limit"),
        limit=segment_s / min(forward_flop(params, 0) / peak / 1e9 for peak in limits.gflop_per_s.values()),
        limit_text="convolutions at the speed of matrix products, in the faster precision",
        notes=(
            f"Width {params.width}, {params.clip_samples} samples, {n_segments} segments in batches of {batch_size}; "
            "ours reads them from a store, in the faster precision.",
            limits.in_words(),
            "The peer's audio lies in memory, so it reads nothing.",
            *checks,
        ),
        repeats_s=repeats_s,
        details={"s_of_audio_per_s": audio_s_per_s},
    )
