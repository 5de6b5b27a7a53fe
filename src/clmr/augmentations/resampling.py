"""Reading many grains of a signal at one speed per example, by band-limited interpolation.

What belongs here: the interpolation. What does not: where the grains start (``pitch``).
"""

import math

import torch
from torch import Tensor

from clmr.augmentations.slicing import runs

ZERO_CROSSINGS = 8.0
"""Zero crossings of the interpolating kernel on either side."""
ROLLOFF = 0.95
"""Its bandwidth relative to the lower of the two Nyquist frequencies."""
# Outputs of one matrix product.
_BLOCK = 32
SPEED_STEPS = 512
"""Speeds are multiples of 1/512: steps of 7 cents at half speed, of 2 at double speed."""


def read_grains(signal: Tensor, starts: Tensor, speed: Tensor, n_outputs: int) -> Tensor:
    """Grains read at ``speed`` times their own: ``out[b, g, j] = signal[b](starts[b, g] + speed[b] * j)``.

    Windowed-sinc interpolation (8 zero crossings, biweight window), band-limited to 0.95 of the
    lower of the two Nyquist frequencies. Grains start at whole samples, so the outputs of all grains
    of an example fall between the samples in the same way and share their weights: 32 outputs of every
    grain of an example are one small matrix product. As speeds are multiples of 1/512, the weights
    repeat after 512 outputs.

    Args:
        signal: Audio, shape (B, T), with 64 samples to spare around all that is read.
        starts: First positions, int64 of shape (B, grains).
        speed: Speeds in [0.5, 2], multiples of 1/512, float64 of shape (B,), on the CPU.
        n_outputs: Samples read per grain.

    Returns:
        Shape (B, grains, n_outputs).

    >>> read_grains(torch.ones(1, 300), torch.tensor([[70, 80]]), torch.tensor([1.5]).double(), 60).shape
    torch.Size([1, 2, 60])
    """
    n_blocks = -(-n_outputs // _BLOCK)
    half = math.ceil(ZERO_CROSSINGS / ROLLOFF * max(1.0, speed.max().item()))
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
    """Interpolation weights of shape (B, blocks, inputs of the block, 32 outputs).

    All tensors have these four axes, the third being the taps of the kernel until the kernels are put in place.
    """
    n_blocks, device = block_starts.shape[1], speed.device
    speed, block_starts = speed[:, None, None, None], block_starts[:, :, None, None]
    position = speed * torch.arange(n_blocks * _BLOCK, device=device).view(n_blocks, 1, _BLOCK)
    whole = position.floor()
    taps = torch.arange(-half, half + 2, device=device)[:, None]
    # Kept off 0, so that no distance is 0 and sin(x) / x needs no special case.
    fraction = (position - whole).clamp(min=1e-6).float()
    kernel = _windowed_sinc(taps - fraction, (ROLLOFF / speed.clamp(min=1)).float())
    # Which input of its block each tap of each output falls on.
    inputs = whole.long() - block_starts + taps
    return kernel.new_zeros(len(speed), n_blocks, n_inputs, _BLOCK).scatter_(2, inputs, kernel)


def _windowed_sinc(distance: Tensor, bandwidth: Tensor) -> Tensor:
    """``sin(pi * bandwidth * distance) / (pi * distance)`` times the window; overwrites ``distance``."""
    window = (distance * (bandwidth / ZERO_CROSSINGS)).square_().neg_().add_(1).clamp_(min=0).square_()
    # Not torch.sinc: on the CPU it takes ten times as long, not being vectorised.
    return (distance * (bandwidth * math.pi)).sin_().div_(distance.mul_(math.pi)).mul_(window)
