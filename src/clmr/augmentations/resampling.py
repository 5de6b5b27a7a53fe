"""Reading many grains of a signal at one speed per example, by band-limited interpolation.

What belongs here: the interpolation. What does not: where the grains start (``pitch``).
"""

import math

import torch
from torch import Tensor

from clmr.augmentations.frames import runs

_ZERO_CROSSINGS = 8
_ROLLOFF = 0.95
_BLOCK = 32


def read_grains(signal: Tensor, starts: Tensor, ratio: Tensor, n_outputs: int) -> Tensor:
    """Grains read at ``ratio`` times their speed: ``out[b, k, j] = signal[b](starts[b, k] + ratio[b] * j)``.

    Windowed-sinc interpolation (8 zero crossings, Hann window), band-limited to 0.95 of the lower
    of the two Nyquist frequencies. Grains start at whole samples, so all grains of an example
    fall between the samples alike and share their weights: 32 outputs of every grain of an
    example are one small matrix product.

    Args:
        signal: Audio, shape (B, T), with 64 samples to spare around all that is read.
        starts: First positions, int64 of shape (B, K).
        ratio: Speeds in [0.5, 2], float64 of shape (B,), on the CPU.
        n_outputs: Samples read per grain, N.

    Returns:
        Shape (B, K, N).

    >>> read_grains(torch.ones(1, 300), torch.tensor([[70, 80]]), torch.tensor([1.5]).double(), 60).shape
    torch.Size([1, 2, 60])
    """
    n_blocks = -(-n_outputs // _BLOCK)
    bandwidth = _ROLLOFF / ratio.clamp(min=1)
    half = math.ceil(_ZERO_CROSSINGS / bandwidth.min().item())
    block_starts = (ratio[:, None] * _BLOCK * torch.arange(n_blocks)).floor().long() - half + 1
    n_inputs = math.ceil((_BLOCK - 1) * ratio.max().item()) + 2 * half
    ratio, bandwidth, block_starts = (x.to(signal.device) for x in (ratio, bandwidth, block_starts))
    inputs = runs(signal, starts[:, None, :] + block_starts[:, :, None], n_inputs)
    weights = _weights(ratio, bandwidth, block_starts, half, n_inputs)
    outputs = inputs.flatten(0, 1) @ weights.flatten(0, 1).mT
    grains = outputs.view(len(signal), n_blocks, -1, _BLOCK).transpose(1, 2).flatten(2)
    return grains[..., :n_outputs]


def _weights(ratio: Tensor, bandwidth: Tensor, block_starts: Tensor, half: int, n_inputs: int) -> Tensor:
    """Interpolation weights of shape (B, blocks, 32 outputs, inputs of the block)."""
    n_blocks = block_starts.shape[1]
    position = ratio[:, None] * torch.arange(n_blocks * _BLOCK, device=ratio.device)
    whole = position.floor()
    taps = torch.arange(2 * half, device=ratio.device)
    # Float64 up to here: positions of many samples would leave float32 few bits for the fraction.
    # Kept off 0 and 1, so that no distance is 0 and sin(x) / x needs no special case.
    fraction = (position - whole).clamp(1e-6, 1 - 1e-6).float()
    distance = taps - (half - 1) - fraction[..., None]
    kernel = _windowed_sinc(distance, bandwidth.float()[:, None, None])
    first = whole.long().view(len(ratio), n_blocks, _BLOCK) - half + 1 - block_starts[..., None]
    weights = kernel.new_zeros(*first.shape, n_inputs)
    return weights.scatter_(-1, first[..., None] + taps, kernel.view(*first.shape, -1))


def _windowed_sinc(distance: Tensor, bandwidth: Tensor) -> Tensor:
    angle = distance * (bandwidth * math.pi)
    window = (angle / (2 * _ZERO_CROSSINGS)).clamp_(-math.pi / 2, math.pi / 2).cos_().square_()
    # Not torch.sinc: on the CPU it takes ten times as long, not being vectorised.
    return (angle.sin() / angle).mul_(window).mul_(bandwidth)
