"""Steps that change levels: polarity, white noise, gain.

What belongs here: steps without memory, which treat each sample alone. What does not: filters.
"""

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from clmr.augmentations.drawing import Draw, draw_chosen, draw_integers, draw_uniform
from clmr.augmentations.parameters import GainParams, NoiseParams, PolarityParams


@dataclass(frozen=True)
class NoiseDraw(Draw):
    """Drawn noise: ratio of signal to noise power, and the seed of the example's noise."""

    snr_db: Tensor
    seed: Tensor


@dataclass(frozen=True)
class GainDraw(Draw):
    """Drawn gain."""

    gain_db: Tensor


def draw_polarity(params: PolarityParams, n_examples: int, generator: torch.Generator) -> Draw:
    """Which of the B examples are inverted."""
    return Draw(draw_chosen(n_examples, params.p, generator))


def draw_noise(params: NoiseParams, n_examples: int, generator: torch.Generator) -> NoiseDraw:
    """Which of the B examples receive noise, at which ratio, and the seeds of the noise."""
    return NoiseDraw(
        draw_chosen(n_examples, params.p, generator),
        draw_uniform(n_examples, params.snr_db, generator),
        draw_integers(n_examples, 2**31, generator),
    )


def draw_gain(params: GainParams, n_examples: int, generator: torch.Generator) -> GainDraw:
    """Which of the B examples change level, and by how much."""
    return GainDraw(draw_chosen(n_examples, params.p, generator), draw_uniform(n_examples, params.gain_db, generator))


def apply_levels(batch: Tensor, polarity: Draw, gain: GainDraw) -> Tensor:
    """A copy of the batch, those chosen for it inverted, those chosen for it scaled by ``10 ** (gain_db / 20)``.

    Polarity and gain are one multiplication. Noise may follow it, for its level is relative.
    """
    factor = torch.where(polarity.chosen, -1.0, 1.0) * torch.where(gain.chosen, 10 ** (gain.gain_db / 20), 1.0)
    return batch * factor.to(batch)[:, None]


def add_noise(batch: Tensor, draw: NoiseDraw) -> Tensor:
    """Each example with white Gaussian noise, shape (B, T).

    The noise of an example has the standard deviation ``rms(example) * 10 ** (-snr_db / 20)``;
    a silent example stays silent, and a gain comes to the same before as after the noise.

    Source: thesis §3.1 ("a high signal-to-noise ratio").
    """
    rms = batch.square().mean(dim=1, keepdim=True).sqrt()
    ratio = (10 ** (-draw.snr_db / 20)).to(batch)[:, None]
    return batch + rms * ratio * hashed_normals(draw.seed.to(batch.device), batch.shape[1])


def hashed_normals(seed: Tensor, n_samples: int) -> Tensor:
    """Standard normal numbers that depend on each example's seed alone, float32 of shape (B, T).

    A generator would have to be told how many examples come before; hashing (seed, sample index)
    gives every example its own stream in one vectorised pass, alike on every device. Two hashes
    become one normal by the Box-Muller transform.

    Args:
        seed: Seeds, shape (B,), int64 in [0, 2**31).
        n_samples: T.

    >>> hashed_normals(torch.tensor([1, 2]), 5).shape
    torch.Size([2, 5])
    """
    bits = _hash_32(_hashed_counter(2 * n_samples, seed.device) ^ _hash_32(seed)[:, None])
    uniform = (bits.to(torch.float32) + 0.5) / 2**32
    radius, angle = uniform[:, :n_samples], uniform[:, n_samples:]
    # Float32 rounds the largest hashes up to exactly 1, whose logarithm is 0: radius 0, no NaN.
    return (-2 * radius.log()).sqrt() * (2 * torch.pi * angle).cos()


@functools.lru_cache(maxsize=2)
def _hashed_counter(n: int, device: torch.device) -> Tensor:
    return _hash_32(torch.arange(n, device=device))


def _hash_32(value: Tensor) -> Tensor:
    # Multiply and xor-shift: the factors stay below 2**31, so that no product leaves int64.
    mask = 2**32 - 1
    for factor, shift in ((0x7FEB352D, 16), (0x45D9F3B, 15), (0x2C1B3C6D, 16)):
        value = ((value ^ (value >> shift)) * factor) & mask
    return value ^ (value >> 16)
