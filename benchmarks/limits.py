"""What the machine allows at best: products at the speed of its matrix units, maps at the speed of its memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from benchmarks.plain import PROJECTION_DIM
from benchmarks.timing import repeated_s
from benchmarks.workloads import PRECISIONS
from clmr.models.sample_cnn import FORMATS, SampleCNNParams

PRODUCTS_AT_ONCE = 10
"""Products in one timed run."""
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_N_REPEATS = 3
_BYTES = {"fp32": 4, "bf16": 2}
# A map between two layers is written and read, its gradient too, and one of both once more for weights or statistics.
_PASSES = 5


@dataclass(frozen=True)
class Machine:
    """Limits that were measured on the machine.

    Attributes:
        gflop_per_s: Speed of square matrix products, by precision.
        gb_per_s: Speed of copying memory, reading and writing counted.
    """

    gflop_per_s: Mapping[str, float]
    gb_per_s: float

    def in_words(self) -> str:
        """The limits in one sentence."""
        peaks = ", ".join(f"{precision} {peak:.0f} GFLOP/s" for precision, peak in self.gflop_per_s.items())
        return f"Limits of the machine, measured: matrix products {peaks}; memory {self.gb_per_s:.0f} GB/s."


def machine(quick: bool, device: torch.device) -> Machine:
    """The limits of this machine, from products of 2,048 x 2,048 and copies of half a gigabyte."""
    n_rows = 64 if quick else 2_048
    peaks = {
        precision: PRODUCTS_AT_ONCE * 2 * n_rows**3 / min(matrix_peak_s(precision, n_rows, _N_REPEATS, device)) / 1e9
        for precision in PRECISIONS
    }
    source = torch.zeros(2**18 if quick else 2**27, device=device)
    target = torch.empty_like(source)
    copied_s = min(repeated_s(lambda: target.copy_(source), _N_REPEATS, device))
    return Machine(peaks, 2 * source.numel() * source.element_size() / copied_s / 1e9)


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
    total = convolution_flop(1, params.width, 3, params.clip_samples // 3)
    for before, after, kernel, n_outputs in _pooled_layers(params):
        total += convolution_flop(before, after, kernel, n_outputs)
    dim = params.embedding_dim
    # The last layer reads a single moment.
    total += convolution_flop(dim, dim, 3, 1)
    return total + 2 * dim * dim + 2 * dim * projection_dim


def _pooled_layers(params: SampleCNNParams) -> Iterator[tuple[int, int, int, int]]:
    """Channels before and after, kernel, and outputs of each convolution between the stem and the last layer."""
    channels = [params.width] * 3 + [2 * params.width] * 6 + [4 * params.width]
    n_moments = params.clip_samples // 3
    for before, after, stride in zip(channels[:-1], channels[1:], FORMATS[params.sample_rate_hz].strides, strict=True):
        n_outputs = n_moments + 2 - stride + 1  # kernel as wide as the pooling, one zero on either side
        yield before, after, stride, n_outputs
        n_moments = n_outputs // stride


def training_flop(params: SampleCNNParams, projection_dim: int) -> int:
    """Operations of forward and backward on one clip; backward is twice forward (inputs and weights)."""
    return 3 * forward_flop(params, projection_dim)


def matrix_peak_s(precision: str, n_rows: int, n_repeats: int, device: torch.device) -> list[float]:
    """Duration in s of each repeat of ten products of square matrices."""
    left, right = (torch.randn(n_rows, n_rows, device=device, dtype=_DTYPES[precision]) for _ in range(2))
    return repeated_s(lambda: [left @ right for _ in range(PRODUCTS_AT_ONCE)], n_repeats, device)


def map_values(params: SampleCNNParams) -> int:
    """Values of all maps of one clip, after each convolution and after each pooling.

    >>> map_values(SampleCNNParams("sample_cnn", 8_000, width=1))
    22622
    """
    total = params.clip_samples // 3 * params.width
    for _, after, size, n_outputs in _pooled_layers(params):
        total += (n_outputs + n_outputs // size) * after
    return total


def training_limit(params: SampleCNNParams, limits: Machine) -> float:
    """Pairs per second that a training step could reach at most, in the precision for which that is more."""

    def pair_s(precision: str) -> float:
        computed_s = training_flop(params, PROJECTION_DIM) / limits.gflop_per_s[precision]
        moved_s = _PASSES * _BYTES[precision] * map_values(params) / limits.gb_per_s
        return 2 * (computed_s + moved_s) / 1e9

    return 1 / min(pair_s(precision) for precision in PRECISIONS)
