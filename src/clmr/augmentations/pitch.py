"""The pitch step: transposition that keeps the duration.

What belongs here: choosing grains of the signal and joining them. What does not: the interpolation
between samples that reads a grain faster or slower (``resampling``).
"""

from dataclasses import dataclass
from types import ModuleType
from typing import NamedTuple, Self

import torch
from torch import Tensor
from torch.nn.functional import pad

from clmr.augmentations.drawing import draw_chosen, draw_uniform
from clmr.augmentations.fourier import fast_length
from clmr.augmentations.resampling import ROLLOFF, SPEED_STEPS, ZERO_CROSSINGS, read_grains
from clmr.augmentations.slicing import runs, tiles
from clmr.augmentations.step import CompiledDraw
from clmr.compute.compiled import flat, share
from clmr.storage.strict import Probability, require_range, strict

_HOP_MS = 70.0
_FADE_MS = 12.0
# Half the search range. SoX's, 7.3 ms, is less than a period of the lowest bass notes.
_SEARCH_MS = 12.0
# The widest cross-fade, in the input, that the comparison of grains has to cover: that of a fifth up.
_WIDEST_RATIO = 1.5


class Grains(NamedTuple):
    """Number of grains, and sizes in samples; one starts every ``hop`` and fades in over ``fade``."""

    n_grains: int
    hop: int
    fade: int
    search: int


@strict
class PitchParams:
    """Probability of transposing, and the range of the interval in semitones.

    Source: thesis §3.1, step 7: a fifth down to a fifth up.
    Differs: the thesis does not say whether intervals between semitones are drawn; as in the released code, they are.
    """

    p: Probability
    semitones: tuple[float, float]

    def __post_init__(self) -> None:
        require_range("semitones", self.semitones, -12.0, 12.0)

    def draw(self, n_examples: int, sample_rate_hz: int, generator: torch.Generator) -> "PitchDraw":
        """Which of the B examples are transposed, and by how many semitones.

        Args:
            n_examples: B.
            sample_rate_hz: Ignored: intervals do not depend on it.
            generator: Generator on the CPU, this step's own.
        """
        return PitchDraw(
            draw_chosen(n_examples, self.p, generator),
            draw_uniform(n_examples, self.semitones, generator),
        )


@dataclass(frozen=True)
class PitchDraw(CompiledDraw):
    """Drawn transpositions, in semitones."""

    semitones: Tensor

    def apply(self, batch: Tensor, sample_rate_hz: int) -> Tensor:
        """Each example transposed, duration kept, shape (B, T).

        Synchronised overlap-add, as in the SoX effect of the released code: the output is a chain of
        82 ms grains of the input, each read at ``2 ** (semitones / 12)`` times the speed. A grain
        starts within 12 ms of its nominal place, where the input best resembles what would have followed
        the grain before; the two are cross-faded over 12 ms.

        The speed is rounded to a multiple of 1/512, by at most 2.6 cents within a fifth. Shifting up
        removes what would pass the Nyquist frequency. As the duration is kept, a shift up reads some of
        the input twice, and a shift down skips up to a third of it between grains. Clips of a single
        grain (below 105 ms) end in silence when shifted up.

        Source: Verhelst and Roelands 1993 (waveform similarity overlap-add).
        Differs: resemblance is judged over all places where the cross-fade of a grain can fall, not only
            where it does fall, so that all comparisons are made at once, as products of spectra.

        >>> draw = PitchDraw(torch.tensor([True, True]), torch.tensor([-7.0, 7.0]))
        >>> draw.apply(torch.zeros(2, 4000), 8000).shape
        torch.Size([2, 4000])
        """
        n_samples = batch.shape[1]
        grains = _grain_sizes(n_samples, sample_rate_hz)
        speed = self._speed()
        span = (grains.hop * speed).round().long()
        nominal = _nominal_starts(n_samples, span, grains)
        # Room for every read before the first and after the last sample: searches and interpolation.
        margin = 3 * grains.search + 64
        padded = pad(batch, (margin, margin + 3 * (grains.hop + grains.fade + grains.search)))
        nominal, span = (nominal + margin).to(batch.device), span.to(batch.device)
        starts = nominal + _offsets(padded, nominal, span, grains)
        n_read = grains.hop + grains.fade
        transposed = [
            _join(read_grains(padded[rows], starts[rows], speed[rows], n_read), grains)[:, :n_samples]
            for rows in tiles(batch)
        ]
        return torch.cat(transposed)

    @classmethod
    def find_loops(cls) -> ModuleType:
        """Choosing, reading and joining grains, one after the other."""
        from clmr.augmentations import grain_loops

        return grain_loops

    @classmethod
    def example(cls) -> Self:
        """One of ordinary values."""
        return cls(torch.tensor([True]), torch.tensor([1.0]))

    def loop(self, loops: ModuleType, batch: Tensor, rows: Tensor, sample_rate_hz: int) -> None:
        """Transpose by the same grains, unless two places resemble the input equally to rounding."""
        n_samples = batch.shape[1]
        grains = _grain_sizes(n_samples, sample_rate_hz)
        speed = self._speed()
        nominal = _nominal_starts(n_samples, (grains.hop * speed).round().long(), grains)
        arguments = (
            flat(batch),
            rows.numpy(),
            nominal.numpy(),
            speed.numpy(),
            (grains.hop, grains.fade, grains.search),
            _n_compared(grains),
            (ZERO_CROSSINGS, ROLLOFF),
        )
        n_values = len(rows) * n_samples
        share(loops.transpose_rows, *arguments, n_samples, n_examples=len(rows), n_values=n_values)

    def _speed(self) -> Tensor:
        """Speeds of reading, float64 of shape (B,)."""
        return (SPEED_STEPS * 2 ** (self.semitones.double() / 12)).round() / SPEED_STEPS


def _grain_sizes(n_samples: int, sample_rate_hz: int) -> Grains:
    hop, fade, search = (max(1, round(ms * sample_rate_hz / 1000)) for ms in (_HOP_MS, _FADE_MS, _SEARCH_MS))
    # The hop is stretched or shrunk a little so that a whole number of grains fills the clip.
    count = max(1, round(n_samples / hop))
    hop = -(-n_samples // count)
    return Grains(count, hop, min(fade, hop), search)


def _nominal_starts(n_samples: int, span: Tensor, grains: Grains) -> Tensor:
    """Where grains start in the input before the search: evenly, the last one ending with the clip."""
    last_start = (n_samples - span - grains.search).clamp(min=0)
    position = torch.arange(grains.n_grains, dtype=torch.float64) / max(1, grains.n_grains - 1)
    return (last_start[:, None] * position).round().long()


def _offsets(padded: Tensor, nominal: Tensor, span: Tensor, grains: Grains) -> Tensor:
    """Offsets of the grains from their nominal starts, in [-search, search], int64 (B, grains).

    The first grain has none. Each of the others takes the offset at which it matches the grain
    before best, given that one's offset; only this choice is sequential.
    """
    if grains.n_grains == 1:
        return torch.zeros_like(nominal)
    mismatch = torch.cat([_mismatch(padded[rows], nominal[rows], span[rows], grains) for rows in tiles(padded)])
    # Counted from -search, so that an offset is the position of the minimum among those allowed.
    chosen = [torch.full((len(padded), 1), grains.search, device=padded.device)]
    same = torch.arange(2 * grains.search, 4 * grains.search + 1, device=padded.device)
    for candidates in mismatch.unbind(1):
        chosen.append(candidates.gather(1, same - chosen[-1]).argmin(1, keepdim=True))
    return torch.cat(chosen, dim=1) - grains.search


def _mismatch(padded: Tensor, nominal: Tensor, span: Tensor, grains: Grains) -> Tensor:
    """Squared difference between grains and the continuations of their predecessors, up to a constant.

    With the continuation a and the candidate b, ``sum((a - b)**2) = sum(a**2) - 2 a.b + sum(b**2)``;
    the first sum does not depend on the candidate, and of the last only its changes matter.

    Returns:
        Shape (B, grains - 1, 4 * search + 1): entry d belongs to offsets of a grain and its
        predecessor that differ by ``d - 2 * search``.
    """
    n_lags = 4 * grains.search + 1
    n_compared = _n_compared(grains)
    n_fft = fast_length(n_compared + n_lags - 1)
    continued = runs(padded, nominal[:, :-1] + span[:, None] - grains.search, n_compared)
    candidates = runs(padded, nominal[:, 1:] - 3 * grains.search, n_compared + n_lags - 1)
    product = torch.fft.rfft(candidates, n=n_fft).mul_(torch.fft.rfft(continued, n=n_fft).conj())
    correlation = torch.fft.irfft(product, n=n_fft)[..., :n_lags]
    squares = candidates.square_()
    change = squares[..., n_compared:] - squares[..., : n_lags - 1]
    return pad(change.cumsum(-1), (1, 0)).sub_(correlation, alpha=2)


def _n_compared(grains: Grains) -> int:
    """Samples over which two grains are compared."""
    return 2 * grains.search + round(_WIDEST_RATIO * grains.fade)


def _join(read: Tensor, grains: Grains) -> Tensor:
    """Grains (B, grains, hop + fade) cross-faded into one signal (B, grains * hop)."""
    ramp = (torch.arange(grains.fade, device=read.device) + 0.5) / grains.fade
    joined = read[..., : grains.hop].contiguous()
    joined[:, 1:, : grains.fade] = torch.lerp(read[:, :-1, grains.hop :], read[:, 1:, : grains.fade], ramp)
    return joined.flatten(1)
