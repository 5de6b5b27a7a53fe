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
SPEED_STEPS = 512
"""Speeds are multiples of 1/512: steps of 7 cents at half speed, of 2 at double speed."""


def read_grains(signal: Tensor, starts: Tensor, speed: Tensor, n_outputs: int) -> Tensor:
    """Grains read at ``speed`` times their own: ``out[b, k, j] = signal[b](starts[b, k] + speed[b] * j)``.

    Windowed-sinc interpolation (8 zero crossings, biweight window), band-limited to 0.95 of the
    lower of the two Nyquist frequencies. Grains start at whole samples, so all grains of an example
    fall between the samples alike and share their weights: 32 outputs of every grain of an
    example are one small matrix product. As speeds are multiples of 1/512, weights repeat
    after 512 outputs.

    Args:
        signal: Audio, shape (B, T), with 64 samples to spare around all that is read.
        starts: First positions, int64 of shape (B, K).
        speed: Speeds in [0.5, 2], multiples of 1/512, float64 of shape (B,), on the CPU.
        n_outputs: Samples read per grain, N.

    Returns:
        Shape (B, K, N).

    >>> read_grains(torch.ones(1, 300), torch.tensor([[70, 80]]), torch.tensor([1.5]).double(), 60).shape
    torch.Size([1, 2, 60])
    """
    n_blocks = -(-n_outputs // _BLOCK)
    half = math.ceil(_ZERO_CROSSINGS / _ROLLOFF * max(1.0, speed.max().item()))
    block_starts = (speed[:, None] * _BLOCK * torch.arange(n_blocks)).floor().long() - half
    n_inputs = math.ceil((_BLOCK - 1) * speed.max().item()) + 2 * half + 2
    speed, block_starts = speed.to(signal.device), block_starts.to(signal.device)
    n_period = SPEED_STEPS // _BLOCK
    weights = _weights(speed, block_starts[:, :n_period], half, n_inputs)
    outputs = []
    for offsets in block_starts.split(n_period, dim=1):
        inputs = runs(signal, starts[:, None, :] + offsets[:, :, None], n_inputs)
        outputs.append((inputs @ weights[:, : offsets.shape[1]]).transpose(1, 2))
    return torch.cat(outputs, dim=2).flatten(2)[..., :n_outputs]


def _weights(speed: Tensor, block_starts: Tensor, half: int, n_inputs: int) -> Tensor:
    """Interpolation weights of shape (B, blocks, inputs of the block, 32 outputs)."""
    n_blocks = block_starts.shape[1]
    position = speed[:, None] * torch.arange(n_blocks * _BLOCK, device=speed.device)
    whole = position.floor()
    taps = torch.arange(-half, half + 2, device=speed.device)[:, None]
    # Kept off 0, so that no distance is 0 and sin(x) / x needs no special case.
    fraction = (position - whole).clamp(min=1e-6).float()
    kernel = _windowed_sinc(taps - fraction[:, None], (_ROLLOFF / speed.clamp(min=1)).float()[:, None, None])
    first = whole.long().unflatten(1, (n_blocks, 1, _BLOCK)) - half - block_starts[..., None, None]
    weights = kernel.new_zeros(len(speed), n_blocks, n_inputs, _BLOCK)
    return weights.scatter_(2, first + (taps + half), kernel.unflatten(2, (n_blocks, _BLOCK)).transpose(1, 2))


def _windowed_sinc(distance: Tensor, bandwidth: Tensor) -> Tensor:
    window = (distance * (bandwidth / _ZERO_CROSSINGS)).square_().neg_().add_(1).clamp_(min=0).square_()
    # Not torch.sinc: on the CPU it takes ten times as long, not being vectorised.
    return (distance * (bandwidth * math.pi)).sin_().div_(distance.mul_(math.pi)).mul_(window)
