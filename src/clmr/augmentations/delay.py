"""The delay step: one echo.

What belongs here: the echo. What does not: the dense echoes of a room (``reverb``).
"""

from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Self

import pydantic
import torch
from torch import Tensor
from torch.nn.functional import pad

from clmr.augmentations.drawing import draw_chosen, draw_integers
from clmr.augmentations.slicing import runs
from clmr.augmentations.step import CompiledDraw
from clmr.compute.compiled import flat, share
from clmr.storage.strict import Positive, Probability, require_range, strict


@strict
class DelayParams:
    """Probability of an echo, its delays (both ends included, in steps) and its amplitude factor.

    Source: thesis §3.1, step 6.
    Differs: the released code leaves out the longest delay (500 ms); here both ends are drawn.
    """

    p: Probability
    delay_ms: tuple[float, float]
    step_ms: Positive
    factor: Annotated[float, pydantic.Field(ge=0, le=1)]

    def __post_init__(self) -> None:
        require_range("delay_ms", self.delay_ms, 0.0, 10_000.0)

    def draw(self, n_examples: int, sample_rate_hz: int, generator: torch.Generator) -> "DelayDraw":
        """Which of the B examples receive an echo, and after how long.

        Args:
            n_examples: B.
            sample_rate_hz: Ignored: delays are drawn in ms.
            generator: Generator on the CPU, this step's own.
        """
        low_ms, high_ms = self.delay_ms
        # The small constant keeps the last step when the division comes out a rounding error short.
        n_values = int((high_ms - low_ms) / self.step_ms + 1e-6) + 1
        chosen = draw_chosen(n_examples, self.p, generator)
        delay_ms = low_ms + self.step_ms * draw_integers(n_examples, n_values, generator).double()
        return DelayDraw(chosen, delay_ms, self.factor)


@dataclass(frozen=True)
class DelayDraw(CompiledDraw):
    """Drawn echoes: their delays in ms, and the amplitude factor they all share."""

    delay_ms: Tensor
    factor: float

    def apply(self, batch: Tensor, sample_rate_hz: int) -> Tensor:
        """Each example with its echo: ``x[t] + factor * x[t - delay]``, shape (B, T).

        The delay is rounded to whole samples, and the echo is cut off at the end of the example.

        Differs: the released code returns half of this sum, and its first version has a factor of 0.2.
            We follow the thesis: factor 0.5, added to the original, not halved.

        >>> DelayDraw(torch.tensor([True]), torch.tensor([1.0]), 0.5).apply(torch.tensor([[1.0, 0.0, 0.0]]), 2000)
        tensor([[1.0000, 0.0000, 0.5000]])
        """
        n_samples = batch.shape[1]
        delay_samples = self._delay_samples(n_samples, sample_rate_hz)
        longest = int(delay_samples.max())
        # A copy shifted in time costs a fifth of a product of spectra long enough for the echo, and is exact.
        echo = runs(pad(batch, (longest, 0)), (longest - delay_samples).to(batch.device), n_samples)
        return echo.mul_(self.factor).add_(batch)

    @classmethod
    def find_loops(cls) -> ModuleType:
        """The echo in place."""
        from clmr.augmentations import delay_loops

        return delay_loops

    @classmethod
    def example(cls) -> Self:
        """One of ordinary values."""
        return cls(torch.tensor([True]), torch.tensor([1.0]).double(), 0.5)

    def loop(self, loops: ModuleType, batch: Tensor, rows: Tensor, sample_rate_hz: int) -> None:
        """Add the echoes in place: the same to the last digit."""
        n_samples = batch.shape[1]
        delays = self._delay_samples(n_samples, sample_rate_hz).numpy()
        arguments = (flat(batch), rows.numpy(), delays, self.factor, n_samples)
        share(loops.echo_rows, *arguments, n_examples=len(rows), n_values=len(rows) * n_samples)

    def _delay_samples(self, n_samples: int, sample_rate_hz: int) -> Tensor:
        return (self.delay_ms * sample_rate_hz / 1000).round().long().clamp(max=n_samples)
