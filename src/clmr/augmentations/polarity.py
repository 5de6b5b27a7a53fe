"""The polarity step: inversion of the sign.

What belongs here: a factor of -1. What does not: changes of level (``gain``).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from clmr.augmentations.drawing import draw_chosen
from clmr.augmentations.step import ScalingDraw
from clmr.storage.strict import Probability, strict


@strict
class PolarityParams:
    """Probability of inverting the sign of an example.

    Source: thesis §3.1, step 2.
    """

    p: Probability

    def draw(self, n_examples: int, sample_rate_hz: int, generator: torch.Generator) -> "PolarityDraw":
        """Which of the B examples are inverted.

        Args:
            n_examples: B.
            sample_rate_hz: Ignored: a sign does not depend on it.
            generator: Generator on the CPU, this step's own.
        """
        return PolarityDraw(draw_chosen(n_examples, self.p, generator))


@dataclass(frozen=True)
class PolarityDraw(ScalingDraw):
    """Drawn inversions: nothing but which examples are chosen.

    >>> PolarityDraw(torch.tensor([True])).apply(torch.tensor([[0.25, -0.5]]), 8000).tolist()
    [[-0.25, 0.5]]
    """

    def factors(self) -> Tensor:
        """-1 for every example, shape (B,).

        >>> PolarityDraw(torch.tensor([True, False])).factors()
        tensor([-1., -1.])
        """
        return torch.full(self.chosen.shape, -1.0)
