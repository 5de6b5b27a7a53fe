"""The reverberation step: Schroeder and Moorer's network as Freeverb and SoX set it.

What belongs here: the network's transfer function and its application. What does not: single echoes.
"""

import functools
import math
from dataclasses import dataclass
from types import ModuleType
from typing import Self

import numpy as np
import torch
from torch import Tensor

from clmr.augmentations.drawing import draw_chosen, draw_uniform
from clmr.augmentations.fourier import fast_length
from clmr.augmentations.step import CompiledDraw
from clmr.compute.compiled import LANES, flat, share
from clmr.storage.strict import Probability, require_range, strict

_DESIGN_RATE_HZ = 44_100
_COMB_SAMPLES = (1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617)
_ALL_PASS_SAMPLES = (225, 341, 441, 556)
_ALL_PASS_FEEDBACK = 0.5
_WET_GAIN = 0.015
# Decay of the window that keeps the circular convolution's wrap-around down; float32 noise is
# raised by the same factor towards the end of the clip, so much more would do harm.
_WINDOW_DB = 60.0
# Bins in a row of the tables that powers of z are made of.
_COLUMNS = 256


@strict
class ReverbParams:
    """Probability of reverberation, and the ranges of its three settings in percent.

    Source: thesis §3.1, step 8: each uniform between 0 and 100.
    Differs: the released code draws whole percentages, and leaves out one end; here they are continuous.
    """

    p: Probability
    room_size: tuple[float, float]
    reverberance: tuple[float, float]
    damping: tuple[float, float]

    def __post_init__(self) -> None:
        for name in ("room_size", "reverberance", "damping"):
            require_range(name, getattr(self, name), 0.0, 100.0)

    def draw(self, n_examples: int, sample_rate_hz: int, generator: torch.Generator) -> "ReverbDraw":
        """Which of the B examples are placed in a room, and in which.

        Args:
            n_examples: B.
            sample_rate_hz: Ignored: rooms are drawn in percent.
            generator: Generator on the CPU, this step's own.
        """
        return ReverbDraw(
            draw_chosen(n_examples, self.p, generator),
            draw_uniform(n_examples, self.room_size, generator),
            draw_uniform(n_examples, self.reverberance, generator),
            draw_uniform(n_examples, self.damping, generator),
        )


@dataclass(frozen=True)
class ReverbDraw(CompiledDraw):
    """Drawn rooms: the three settings of SoX's effect, in percent."""

    room_size: Tensor
    reverberance: Tensor
    damping: Tensor

    def apply(self, batch: Tensor, sample_rate_hz: int) -> Tensor:
        """Each example plus its reverberation, shape (B, T).

        Eight parallel combs with a low-pass in the loop, then four all-passes in series, added to the
        dry signal at SoX's default levels; at rest before the first sample, cut off after the last.

        The network is evaluated on a circle outside the unit circle, which multiplies the signals by a
        decaying exponential: transforms as short as the clip then wrap the tail around 60 dB below its
        level. Apart from that the reverberation is exact (tested: 2e-3 of its level, also at the end of a clip).

        Source: SoX 14.4.2 ``reverb``, which is Jezar's Freeverb with other ranges.
        Differs: the released code let SoX make two channels of a mono clip (the second with combs 12
            samples longer or shorter) and averaged them; here is one channel: same decay and colour.

        >>> settings = (torch.tensor([value, value]) for value in (50.0, 50.0, 50.0))
        >>> ReverbDraw(torch.tensor([True, True]), *settings).apply(torch.zeros(2, 4000), 8000).shape
        torch.Size([2, 4000])
        """
        n_samples = batch.shape[1]
        # The longest comb must fit, or the powers of z overflow in very short clips.
        n_fft = fast_length(max(n_samples, _COMB_SAMPLES[-1] * sample_rate_hz // _DESIGN_RATE_HZ + 1))
        decay, growth = _windows(n_samples, n_fft, batch.device)
        faded = batch.new_empty(len(batch), n_fft)
        torch.mul(batch, decay, out=faded[:, :n_samples])
        faded[:, n_samples:] = 0.0
        spectrum = torch.fft.rfft(faded)
        spectrum *= self._response(n_fft, sample_rate_hz, batch.device)
        wet = torch.fft.irfft(spectrum, n=n_fft)[:, :n_samples]
        return torch.addcmul(batch, wet, growth)

    @classmethod
    def find_loops(cls) -> ModuleType:
        """The delay lines over time."""
        from clmr.augmentations import reverb_loops

        return reverb_loops

    @classmethod
    def example(cls) -> Self:
        """One of ordinary values."""
        half = torch.tensor([50.0]).double()
        return cls(torch.tensor([True]), half, half, half)

    def suits_loops(self, sample_rate_hz: int) -> bool:
        """Whether no delay is shorter than what is computed at once, as some are in small rooms at low rates."""
        shortest = min(int(comb_samples(self.room_size, sample_rate_hz).min()), *all_pass_samples(sample_rate_hz))
        return shortest >= LANES

    def loop(self, loops: ModuleType, batch: Tensor, rows: Tensor, sample_rate_hz: int) -> None:
        """Run the network over time: exact, tail and end of clip included."""
        pole = loop_damping(self.damping)
        network = (
            comb_samples(self.room_size, sample_rate_hz).numpy(),
            pole.numpy(),
            (feedback(self.reverberance) * (1 - pole)).numpy(),
            np.array(all_pass_samples(sample_rate_hz)),
            _ALL_PASS_FEEDBACK,
            _WET_GAIN,
        )
        sizes = {"n_examples": len(rows), "n_values": len(rows) * batch.shape[1]}
        share(loops.reverberate_rows, flat(batch), rows.numpy(), *network, batch.shape[1], **sizes)

    def _response(self, n_fft: int, sample_rate_hz: int, device: torch.device) -> Tensor:
        """The network's transfer function, complex64 (B, n_fft // 2 + 1)."""
        pole = loop_damping(self.damping)
        strength = feedback(self.reverberance) * (1 - pole)
        pole, strength = (x.to(device, torch.float32)[:, None] for x in (pole, strength))
        # Not strength / (...): dividing complex numbers takes four times as long as one reciprocal.
        loop = (1 - pole * _inverse_z(n_fft, device)).reciprocal_().mul_(strength)
        combs = _sum_of_combs(loop, comb_samples(self.room_size, sample_rate_hz), n_fft)
        return combs.mul_(_all_pass_response(n_fft, sample_rate_hz, device))


def feedback(reverberance: Tensor) -> Tensor:
    """Gain of the comb loops: 1 - feedback falls geometrically from 0.7 to 0.02.

    >>> [round(x, 2) for x in feedback(torch.tensor([0.0, 50.0, 100.0])).tolist()]
    [0.3, 0.88, 0.98]
    """
    return 1 - 0.7 * (0.02 / 0.7) ** (reverberance / 100)


def loop_damping(damping: Tensor) -> Tensor:
    """Pole of the low-pass in the comb loops, 0.2 to 0.5.

    >>> [round(x, 2) for x in loop_damping(torch.tensor([0.0, 50.0, 100.0])).tolist()]
    [0.2, 0.35, 0.5]
    """
    return 0.2 + 0.3 * damping / 100


def comb_samples(room_size: Tensor, sample_rate_hz: int) -> Tensor:
    """Lengths of the eight combs in samples, int64 of shape (B, 8): from a tenth of Freeverb's to all of it.

    >>> comb_samples(torch.tensor([0.0, 100.0]), 44_100)[:, 0].tolist()
    [112, 1116]
    """
    scale = (0.1 + 0.9 * room_size.double() / 100) * sample_rate_hz / _DESIGN_RATE_HZ
    lengths = scale[:, None] * torch.tensor(_COMB_SAMPLES, dtype=torch.float64, device=room_size.device)
    return (lengths + 0.5).long().clamp(min=1)


def all_pass_samples(sample_rate_hz: int) -> list[int]:
    """Lengths of the four all-passes in samples; they do not depend on the room.

    >>> all_pass_samples(22_050)
    [113, 171, 221, 278]
    """
    return [max(1, int(length * sample_rate_hz / _DESIGN_RATE_HZ + 0.5)) for length in _ALL_PASS_SAMPLES]


def _sum_of_combs(loop: Tensor, lengths: Tensor, n_fft: int) -> Tensor:
    """Sum of ``1 / (z ** length - loop(z))`` over the combs, complex64 (B, n_fft // 2 + 1)."""
    rows, columns = _power_factors(lengths, n_fft, loop.device)
    minus_loop = loop.neg().unflatten(1, (-1, _COLUMNS))
    total = torch.zeros_like(minus_loop)
    denominator = torch.empty_like(minus_loop)
    # One comb at a time: eight at once leave the cache.
    for row, column in zip(rows.unbind(1), columns.unbind(1), strict=True):
        torch.addcmul(minus_loop, row[:, :, None], column[:, None, :], out=denominator)
        total += denominator.reciprocal_()
    return total.flatten(1)[:, : n_fft // 2 + 1]


@functools.lru_cache(maxsize=8)
def _inverse_z(n_fft: int, device: torch.device) -> Tensor:
    return _powers_of_z(torch.tensor([[-1]]), n_fft, device)[0, 0]


@functools.lru_cache(maxsize=8)
def _all_pass_response(n_fft: int, sample_rate_hz: int, device: torch.device) -> Tensor:
    """Product of the all-passes' transfer functions and the wet gain, complex64 (n_fft // 2 + 1,)."""
    lengths = torch.tensor([all_pass_samples(sample_rate_hz)])
    power = _powers_of_z(lengths, n_fft, device)[0].to(torch.complex128)
    sections = (1 + _ALL_PASS_FEEDBACK - power) / (power - _ALL_PASS_FEEDBACK)
    return (_WET_GAIN * sections.prod(dim=0)).to(torch.complex64)[: n_fft // 2 + 1]


@functools.lru_cache(maxsize=8)
def _windows(n_samples: int, n_fft: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The exponential window that falls by 60 dB over a transform, and its inverse, each of shape (T,)."""
    exponent = _log_radius(n_fft) * torch.arange(n_samples, dtype=torch.float64)
    return (-exponent).exp().to(device, torch.float32), exponent.exp().to(device, torch.float32)


def _powers_of_z(exponents: Tensor, n_fft: int, device: torch.device) -> Tensor:
    """``z ** exponent`` on the circle, complex64: the axes of ``exponents``, then one of >= n_fft // 2 + 1 bins."""
    rows, columns = _power_factors(exponents, n_fft, device)
    return (rows[..., :, None] * columns[..., None, :]).flatten(2)


def _power_factors(exponents: Tensor, n_fft: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Factors of the powers of z: in bin ``256 * i + j``, a power is row factor i times column factor j.

    A power of z is a geometric sequence over the bins, so two short tables replace a sine and a
    cosine per bin; whole turns are removed in float64, where the phase keeps its digits.
    """
    n_rows = (n_fft // 2) // _COLUMNS + 1
    exponents = exponents.to(device, torch.float64)[..., None]
    magnitude = (exponents * _log_radius(n_fft)).exp().float()
    rows = _unit_circle(exponents * (_COLUMNS / n_fft * torch.arange(n_rows, device=device)))
    columns = _unit_circle(exponents * (torch.arange(_COLUMNS, device=device) / n_fft))
    return rows * magnitude, columns


def _unit_circle(turns: Tensor) -> Tensor:
    angle = (2 * math.pi * (turns - turns.round())).float()
    return torch.complex(angle.cos(), angle.sin())


def _log_radius(n_fft: int) -> float:
    return _WINDOW_DB / 20 * math.log(10) / n_fft
