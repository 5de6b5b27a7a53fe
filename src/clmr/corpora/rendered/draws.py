"""Random draws that depend on names alone: the same on every machine, in every process, in any order."""

import hashlib

import numpy as np


def generator(*names: str | float) -> np.random.Generator:
    """A random generator that is a pure function of ``names``.

    >>> bool(generator(1, "clip").random() == generator(1, "clip").random())
    True
    """
    return np.random.default_rng(int.from_bytes(_digest(names)[:16], "big"))


def position(*names: str | int) -> float:
    """A number in [0, 1) that is a pure function of ``names``, as if drawn uniformly.

    >>> 0 <= position("any", "name") < 1
    True
    """
    return int.from_bytes(_digest(names)[:6], "big") / 2**48


def deal(options: tuple, weights: tuple[float, ...], n_cards: int, rng: np.random.Generator) -> list:
    """``n_cards`` options in random order, each as often as its weight demands, to within one card.

    Independent draws could leave a small split without the rare options; a dealt deck cannot.

    Args:
        options: The options to deal.
        weights: Frequency of each, relative to the others.
        n_cards: Number of options dealt.
        rng: Source of the order, and of the decisions that rounding leaves open.

    >>> sorted(deal(("a", "b"), (1.0, 3.0), 4, generator(0)))
    ['a', 'b', 'b', 'b']
    """
    # Systematic sampling: equally spaced points with one random shift through the cumulated weights.
    edges = np.cumsum(weights) / np.sum(weights)
    points = (np.arange(n_cards) + rng.random()) / max(n_cards, 1)
    cards = [options[min(index, len(options) - 1)] for index in np.searchsorted(edges, points, side="right")]
    return [cards[index] for index in rng.permutation(n_cards)]


def _digest(names: tuple[str | float, ...]) -> bytes:
    # Joined by a separator that no name has: otherwise ("ab", "c") and ("a", "bc") would draw alike.
    return hashlib.sha256("\x1f".join(str(name) for name in names).encode()).digest()
