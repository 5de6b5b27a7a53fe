"""Claim: the training step uses a good part of what the machine's matrix units can do."""

import torch

from benchmarks.benchmark import Benchmark, Goal
from benchmarks.checks import check_encoder
from benchmarks.plain import PROJECTION_DIM
from benchmarks.timing import repeated_s
from benchmarks.training_step import our_steps_s, step_size
from benchmarks.workloads import PRECISIONS
from clmr.compute.runtime import device as chosen_device
from clmr.models.sample_cnn import FORMATS, SampleCNNParams

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_N_PRODUCTS = 10


def convolution_flop(before: int, after: int, kernel: int, n_outputs: int) -> int:
    """Floating-point operations of a convolution: a multiplication and an addition per weight and output.

    >>> convolution_flop(before=2, after=3, kernel=5, n_outputs=7)
    420
    """
    return 2 * before * after * kernel * n_outputs


def forward_flop(params: SampleCNNParams, projection_dim: int) -> int:
    """Operations of encoder and non-linear projector on one clip, from the layers' shapes.

    Convolutions and products only: norms, activations and pooling are memory-bound and count as
    time lost, not as work.
    """
    width, strides = params.width, FORMATS[params.sample_rate_hz].strides
    channels = [width] * 3 + [2 * width] * 6 + [4 * width]
    n_samples = params.clip_samples // 3
    total = convolution_flop(1, width, 3, n_samples)
    for before, after, stride in zip(channels[:-1], channels[1:], strides, strict=True):
        n_outputs = n_samples + 2 - stride + 1  # kernel as wide as the pooling, one zero on either side
        total += convolution_flop(before, after, stride, n_outputs)
        n_samples = n_outputs // stride
    dim = params.embedding_dim
    total += convolution_flop(dim, dim, 3, n_samples)
    return total + 2 * dim * dim + 2 * dim * projection_dim


def training_flop(params: SampleCNNParams, projection_dim: int) -> int:
    """Operations of forward and backward on one clip; backward is twice forward (inputs and weights)."""
    return 3 * forward_flop(params, projection_dim)


def matrix_peak_s(precision: str, n_rows: int, n_repeats: int, device: torch.device) -> list[float]:
    """Duration in s of each repeat of ten products of square matrices."""
    left, right = (torch.randn(n_rows, n_rows, device=device, dtype=_DTYPES[precision]) for _ in range(2))
    return repeated_s(lambda: [left @ right for _ in range(_N_PRODUCTS)], n_repeats, device)


def measure(quick: bool) -> Benchmark:
    """FLOP/s of the training step beside the fastest matrix product measured."""
    device = chosen_device()
    size = step_size(quick, device)
    n_rows = (64, 128) if quick else (2048, 4096)
    checks = tuple(check_encoder(size.encoder, device, precision) for precision in PRECISIONS)
    peaks, achieved, repeats_s = {}, {}, {}
    for precision in PRECISIONS:
        products = {n: matrix_peak_s(precision, n, size.n_repeats, device) for n in n_rows}
        peaks[precision] = max(_N_PRODUCTS * 2 * n**3 / min(times) for n, times in products.items()) / 1e9
        repeats_s |= {f"{_N_PRODUCTS} products of {n}^2, {precision}": times for n, times in products.items()}
        times = our_steps_s(size, device, precision)
        repeats_s[f"ours, {precision}"] = times
        n_clips = 2 * size.n_pairs * size.n_steps
        achieved[precision] = n_clips * training_flop(size.encoder, PROJECTION_DIM) / min(times) / 1e9
    ours = max(achieved.values())
    return Benchmark(
        name="flops",
        claim="The training step of the full SampleCNN uses a good part of the machine's matrix peak.",
        unit="GFLOP/s",
        ours=ours,
        peers={f"{precision} matrix product": peak for precision, peak in peaks.items()},
        goal=Goal(0.15, ">= 0.15 of the bf16 matrix peak"),
        notes=(
            f"{training_flop(size.encoder, PROJECTION_DIM) / 1e9:.3g} GFLOP per clip (forward and twice that backward, "
            "convolutions and products only); ours in the faster precision, the peaks over "
            f"{' and '.join(f'{n} x {n}' for n in n_rows)}.",
            f"Ours is {ours / peaks['bf16']:.2f} of the bf16 peak and {ours / peaks['fp32']:.2f} of the fp32 peak.",
            *checks,
        ),
        repeats_s=repeats_s,
        details={
            "achieved_gflop_per_s": achieved,
            "fraction_of_bf16_peak": ours / peaks["bf16"],
            "fraction_of_fp32_peak": ours / peaks["fp32"],
        },
    )
