"""Random numbers per example, from which every step draws its values.

What belongs here: distributions. What does not: what a step draws (each step's module).
"""

import torch
from torch import Tensor


def draw_chosen(n_examples: int, p: float, generator: torch.Generator) -> Tensor:
    """Bool mask of shape (B,), each entry true with probability ``p``.

    Args:
        n_examples: B.
        p: Probability in [0, 1].
        generator: Generator on the CPU.

    >>> draw_chosen(3, 1.0, torch.Generator().manual_seed(0))
    tensor([True, True, True])
    """
    # rand() < 1 always and is never < 0, so p = 0 and p = 1 need no special case.
    return torch.rand(n_examples, generator=generator, dtype=torch.float64) < p


def draw_uniform(n_examples: int, bounds: tuple[float, float], generator: torch.Generator) -> Tensor:
    """Float64 tensor of shape (B,), uniform between the bounds.

    Args:
        n_examples: B.
        bounds: Lowest and highest value.
        generator: Generator on the CPU.

    >>> draw_uniform(2, (-6.0, -6.0), torch.Generator().manual_seed(0)).tolist()
    [-6.0, -6.0]
    """
    low, high = bounds
    return low + (high - low) * torch.rand(n_examples, generator=generator, dtype=torch.float64)


def draw_integers(n_examples: int, n_values: int, generator: torch.Generator) -> Tensor:
    """Int64 tensor of shape (B,), uniform over ``0 ... n_values - 1``.

    Args:
        n_examples: B.
        n_values: Number of values, >= 1.
        generator: Generator on the CPU.

    >>> draw_integers(2, 1, torch.Generator().manual_seed(0)).tolist()
    [0, 0]
    """
    return torch.randint(n_values, (n_examples,), generator=generator)
