"""A step of the chain: settings that draw values for examples, and draws that treat examples.

What belongs here: the contract that the chain relies on, and the bookkeeping of which examples are treated. What does
not: random numbers (``drawing``), and any signal processing (each step's module).
"""

import functools
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from types import ModuleType
from typing import Protocol, Self

import torch
from torch import Tensor

from clmr.compute.compiled import load

# Bounds the memory of intermediate results: 71 clips of 59,049 samples.
_SAMPLES_AT_ONCE = 2**22


@dataclass(frozen=True)
class Draw(ABC):
    """Values drawn for one step and B examples: CPU tensors of shape (B,), and what all examples share.

    They stay on the CPU whatever the device of the audio, so that a seed means the same augmentations everywhere,
    and the host knows which examples are chosen without asking the device.

    Attributes:
        chosen: Whether the chain applies the step to the example, bool.
    """

    chosen: Tensor

    @abstractmethod
    def apply(self, batch: Tensor, sample_rate_hz: int) -> Tensor:
        """The step applied to all B examples, chosen or not: a new tensor of shape (B, T).

        Args:
            batch: Audio, shape (B, T); not changed.
            sample_rate_hz: Sample rate in Hz.
        """

    def examples(self, which: slice | Tensor) -> Self:
        """The values drawn for some of the examples."""
        drawn = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: value[which] for name, value in drawn.items() if isinstance(value, Tensor)})

    def treat_chosen(self, batch: Tensor, sample_rate_hz: int) -> None:
        """Replace the chosen examples of the batch, in place, by the result of :meth:`apply`.

        Args:
            batch: Audio, shape (B, T).
            sample_rate_hz: Sample rate in Hz.
        """
        for part in self.chosen.nonzero()[:, 0].split(max(1, _SAMPLES_AT_ONCE // batch.shape[1])):
            # Where none is chosen, there is one part, and it is empty.
            if len(part):
                rows = part.to(batch.device)
                batch.index_copy_(0, rows, self.examples(part).apply(batch.index_select(0, rows), sample_rate_hz))


@dataclass(frozen=True)
class ScalingDraw(Draw):
    """A step that multiplies each example by a number."""

    @abstractmethod
    def factors(self) -> Tensor:
        """Factor of each of the B examples, shape (B,)."""

    def apply(self, batch: Tensor, sample_rate_hz: int) -> Tensor:
        """Each example times its factor, shape (B, T)."""
        return batch * self.factors().to(batch)[:, None]

    def treat_chosen(self, batch: Tensor, sample_rate_hz: int) -> None:
        """Multiply the chosen examples of the batch, in place, by their factors."""
        # One pass over the batch; taking the chosen rows out and putting them back would be three.
        if self.chosen.any():
            batch.mul_(torch.where(self.chosen, self.factors(), 1.0).to(batch)[:, None])


@dataclass(frozen=True)
class CompiledDraw(Draw):
    """A step whose definition, :meth:`apply`, compiled loops compute faster on CPUs, in place and to rounding."""

    @classmethod
    @abstractmethod
    def find_loops(cls) -> ModuleType:
        """Import the loops, which fails without a compiler."""

    @classmethod
    @abstractmethod
    def example(cls) -> Self:
        """One example's values, to try the loops on."""

    def suits_loops(self, sample_rate_hz: int) -> bool:
        """Whether the loops can apply what was drawn."""
        return True

    @abstractmethod
    def loop(self, loops: ModuleType, batch: Tensor, rows: Tensor, sample_rate_hz: int) -> None:
        """Replace rows of a batch by the result of :meth:`apply`; there are as many values as rows.

        Args:
            loops: The compiled loops.
            batch: Audio on the CPU, float32 of shape (B, T), contiguous.
            rows: Numbers of the rows, int64.
            sample_rate_hz: Sample rate in Hz.
        """

    def treat_chosen(self, batch: Tensor, sample_rate_hz: int) -> None:
        """Replace the chosen examples of the batch, in place; arguments as for :meth:`Draw.treat_chosen`."""
        rows = self.chosen.nonzero()[:, 0]
        treated = self.examples(rows)
        fits = len(rows) > 0 and batch.device.type == "cpu" and batch.is_contiguous()
        loops = loops_of(type(self)) if fits and treated.suits_loops(sample_rate_hz) else None
        if loops is None:
            super().treat_chosen(batch, sample_rate_hz)
        else:
            treated.loop(loops, batch, rows, sample_rate_hz)


@functools.cache
def loops_of(step: type[CompiledDraw]) -> ModuleType | None:
    """The compiled loops of a step; None where they do not work."""
    tried = functools.partial(step.example().loop, batch=torch.zeros(1, 2_000), rows=torch.tensor([0]))
    return load(step.find_loops, functools.partial(tried, sample_rate_hz=44_100))


class StepParams(Protocol):
    """Settings of a step: a strict class in the step's module."""

    @property
    def p(self) -> float:
        """Probability that the step is applied to an example."""

    def draw(self, n_examples: int, sample_rate_hz: int, generator: torch.Generator) -> Draw:
        """Values for B examples.

        The generator advances by as much whatever the probability, so that runs that differ in it alone are
        compared on the same values.

        Args:
            n_examples: B.
            sample_rate_hz: Sample rate of the audio in Hz.
            generator: Generator on the CPU, this step's own.
        """
