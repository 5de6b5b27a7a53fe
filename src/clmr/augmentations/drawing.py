"""What the steps of the chain share: drawing per-example parameters and treating the chosen examples.

What belongs here: random numbers and the bookkeeping of masks. What does not: any signal processing.
Parameters are drawn on the CPU whatever the device of the audio, so that a seed means the same
augmentations everywhere, and the host knows which examples are chosen without asking the device.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Self, TypeVar

import torch
from torch import Tensor


@dataclass(frozen=True)
class Draw:
    """Parameters drawn for one step and B examples: CPU tensors of shape (B,).

    Attributes:
        chosen: Whether the chain applies the step to the example, bool.
    """

    chosen: Tensor

    def __getitem__(self, examples: slice | Tensor) -> Self:
        """The parameters of some of the examples."""
        drawn = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{k: v[examples] for k, v in drawn.items() if isinstance(v, Tensor)})


# Bounds the memory of intermediate results: 71 clips of 59,049 samples.
_SAMPLES_AT_ONCE = 2**22

D = TypeVar("D", bound=Draw)


def draw_chosen(n_examples: int, p: float, generator: torch.Generator) -> Tensor:
    """Bool mask of shape (B,), each entry true with probability ``p``."""
    # rand() < 1 always and is never < 0, so p = 0 and p = 1 need no special case.
    return torch.rand(n_examples, generator=generator, dtype=torch.float64) < p


def draw_uniform(n_examples: int, bounds: tuple[float, float], generator: torch.Generator) -> Tensor:
    """Float64 tensor of shape (B,), uniform between the bounds."""
    low, high = bounds
    return low + (high - low) * torch.rand(n_examples, generator=generator, dtype=torch.float64)


def draw_integers(n_examples: int, n_values: int, generator: torch.Generator) -> Tensor:
    """Int64 tensor of shape (B,), uniform over ``0 ... n_values - 1``."""
    return torch.randint(n_values, (n_examples,), generator=generator)


def treat_chosen(batch: Tensor, draw: D, treat: Callable[[Tensor, D], Tensor]) -> None:
    """Replaces the chosen rows of the batch, in place, by ``treat(rows, their parameters)``.

    Args:
        batch: Audio, shape (B, T).
        draw: Parameters of the B examples.
        treat: Maps (N, T) audio and the parameters of the same N >= 1 examples to (N, T) audio.
    """
    for part in draw.chosen.nonzero()[:, 0].split(max(1, _SAMPLES_AT_ONCE // batch.shape[1])):
        if len(part):
            rows = part.to(batch.device)
            batch.index_copy_(0, rows, treat(batch.index_select(0, rows), draw[part]))
