"""The noise step: white Gaussian noise at a random level below the signal.

What belongs here: the noise and its level. What does not: other changes of level (``gain``).
"""

import functools
from dataclasses import dataclass
from types import ModuleType
from typing import Self

import numpy as np
import torch
from torch import Tensor

from clmr.augmentations.drawing import draw_chosen, draw_integers, draw_uniform
from clmr.augmentations.step import CompiledDraw
from clmr.compute.compiled import flat, share
from clmr.storage.strict import Probability, require_range, strict

_N_QUANTILES = 2**16


@strict
class NoiseParams:
    """Probability of adding white Gaussian noise, and the range of the signal-to-noise ratio in dB.

    Source: thesis §3.1, step 3 ("a high signal-to-noise ratio", no figure).
    Differs: the thesis gives neither probability nor ratio. The last version of the released code scales the noise
        to between 0.0001 and 0.01 of the signal's standard deviation, which ``params/full_size.yaml`` states as 40 to
        80 dB; ``params.yaml`` has more and louder noise, which masks what tells rendered clips apart.
        We draw uniformly in dB, where it draws uniformly in the ratio of amplitudes.
    """

    p: Probability
    snr_db: tuple[float, float]

    def __post_init__(self) -> None:
        require_range("snr_db", self.snr_db, -120.0, 120.0)

    def draw(self, n_examples: int, sample_rate_hz: int, generator: torch.Generator) -> "NoiseDraw":
        """Which of the B examples receive noise, its ratio, and its seed.

        Args:
            n_examples: B.
            sample_rate_hz: Ignored: ratios do not depend on it.
            generator: Generator on the CPU, this step's own.
        """
        return NoiseDraw(
            draw_chosen(n_examples, self.p, generator),
            draw_uniform(n_examples, self.snr_db, generator),
            # Seeds instead of noise, which would be as large as the audio, and drawn for examples that get none.
            draw_integers(n_examples, 2**31, generator),
        )


@dataclass(frozen=True)
class NoiseDraw(CompiledDraw):
    """Drawn noise.

    Attributes:
        snr_db: Ratio of signal power to noise power in dB.
        seed: Seed of the example's noise, int64 in [0, 2**31).
    """

    snr_db: Tensor
    seed: Tensor

    def apply(self, batch: Tensor, sample_rate_hz: int) -> Tensor:
        """Each example with white Gaussian noise, shape (B, T).

        The noise of an example has the standard deviation ``rms(example) * 10 ** (-snr_db / 20)``; a silent
        example stays silent, and the order of gain and noise does not matter.

        >>> draw = NoiseDraw(torch.tensor([True]), torch.tensor([40.0]), torch.tensor([0]))
        >>> draw.apply(torch.ones(1, 8000), 8000).std().round(decimals=4)
        tensor(0.0100)
        """
        deviation = self._deviation(batch)[:, None]
        return batch + deviation * hashed_normals(self.seed.to(batch.device), batch.shape[1])

    @classmethod
    def find_loops(cls) -> ModuleType:
        """Hashes of 32 bits, and the noise in place."""
        from clmr.augmentations import noise_loops

        return noise_loops

    @classmethod
    def example(cls) -> Self:
        """One of ordinary values."""
        return cls(torch.tensor([True]), torch.tensor([20.0]).double(), torch.tensor([1]))

    def loop(self, loops: ModuleType, batch: Tensor, rows: Tensor, sample_rate_hz: int) -> None:
        """Add the noise in place."""
        n_samples = batch.shape[1]
        counter = _hashed_counter(-(-n_samples // 2), batch.device)
        hashes = [value.numpy().astype(np.uint32) for value in (_hash_32(self.seed), counter)]
        deviation = self._deviation(batch[rows]).numpy()
        quantiles = _normal_quantiles(batch.device).numpy()
        arguments = (flat(batch), rows.numpy(), deviation, *hashes, quantiles, n_samples)
        share(loops.add_noise_to_rows, *arguments, n_examples=len(rows), n_values=len(rows) * n_samples)

    def _deviation(self, batch: Tensor) -> Tensor:
        """Standard deviation of each example's noise."""
        rms = batch.square().mean(dim=1).sqrt()
        return rms * (10 ** (-self.snr_db / 20)).to(batch)


def hashed_normals(seed: Tensor, n_samples: int) -> Tensor:
    """Standard normal numbers that depend on each example's seed alone, float32 of shape (B, T).

    A generator would have to be told how many examples come before; hashing (seed, sample index) gives every example
    its own stream in one vectorised pass, alike on every device. Each half of a hash picks one of 65,536 quantiles, the
    largest of which is 4.3: a logarithm and a cosine for each sample would take longer than all other steps together.

    Args:
        seed: Seeds, shape (B,), int64 in [0, 2**31).
        n_samples: T.

    >>> hashed_normals(torch.tensor([1, 2]), 5).shape
    torch.Size([2, 5])
    """
    # The lower halves are for the first half of the samples, so that all are read and written in order.
    bits = _hash_32(_hashed_counter(-(-n_samples // 2), seed.device) ^ _hash_32(seed)[:, None])
    index = torch.cat([bits & (_N_QUANTILES - 1), bits >> 16], dim=1)[:, :n_samples]
    return _normal_quantiles(seed.device)[index]


@functools.lru_cache(maxsize=2)
def _normal_quantiles(device: torch.device) -> Tensor:
    middle = (torch.arange(_N_QUANTILES, dtype=torch.float64) + 0.5) / _N_QUANTILES
    return torch.special.ndtri(middle).float().to(device)


@functools.lru_cache(maxsize=2)
def _hashed_counter(n: int, device: torch.device) -> Tensor:
    return _hash_32(torch.arange(n, device=device))


def _hash_32(value: Tensor) -> Tensor:
    # Multiply and xor-shift: the factors stay below 2**31, so that no product leaves int64.
    mask = 2**32 - 1
    for factor, shift in ((0x7FEB352D, 16), (0x45D9F3B, 15), (0x2C1B3C6D, 16)):
        value = ((value ^ (value >> shift)) * factor) & mask
    return value ^ (value >> 16)
