"""The gain step: a change of level.

What belongs here: the factor and its range in decibels. What does not: inversion of the sign (``polarity``).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from clmr.augmentations.drawing import draw_chosen, draw_uniform
from clmr.augmentations.step import ScalingDraw
from clmr.storage.strict import Probability, require_range, strict


@strict
class GainParams:
    """Probability of changing the level, and the range of the change in dB.

    Source: thesis §3.1, step 4: -6 to 0 dB.
    Differs: the released code draws from [-20, -1] dB, and its first version whole numbers only.
    """

    p: Probability
    gain_db: tuple[float, float]

    def __post_init__(self) -> None:
        require_range("gain_db", self.gain_db, -120.0, 24.0)

    def draw(self, n_examples: int, sample_rate_hz: int, generator: torch.Generator) -> "GainDraw":
        """Which of the B examples change level, and by how much, uniform in dB.

        Args:
            n_examples: B.
            sample_rate_hz: Ignored: gains do not depend on it.
            generator: Generator on the CPU, this step's own.
        """
        return GainDraw(
            draw_chosen(n_examples, self.p, generator),
            draw_uniform(n_examples, self.gain_db, generator),
        )


@dataclass(frozen=True)
class GainDraw(ScalingDraw):
    """Drawn changes of level.

    >>> draw = GainDraw(torch.tensor([True]), torch.tensor([-20.0]))
    >>> draw.apply(torch.tensor([[0.5, -0.25]]), 8000)
    tensor([[ 0.0500, -0.0250]])
    """

    gain_db: Tensor

    def factors(self) -> Tensor:
        """``10 ** (gain_db / 20)``, shape (B,).

        >>> GainDraw(torch.tensor([True]), torch.tensor([-20.0])).factors()
        tensor([0.1000])
        """
        return 10 ** (self.gain_db / 20)
