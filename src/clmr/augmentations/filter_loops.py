"""The compiled loop of the filter step: a recursion over time, in place on chosen rows.

What belongs here: the loop. What does not: which filter, and the same by transforms (``filter``). Lanes are sixteen
successive samples.

A batch is one flat array of rows of ``n_samples``; ``rows`` are the numbers of those to be treated, and per-row
arguments are in their order. Import this by way of :func:`clmr.compute.compiled.load`.
"""

from typing import Any

import numpy as np
from numba import prange

from clmr.compute.compiled import LANES
from clmr.compute.lanes import compiled, delayed_1, delayed_2, delayed_4, delayed_8, last, load, part, splat, store


@compiled
def filter_rows(
    batch: np.ndarray, rows: np.ndarray, numerators: np.ndarray, denominators: np.ndarray, n_samples: int, n_rows: int
) -> None:
    """Apply a recursive filter of order two, at rest before the first sample.

    Sixteen outputs at a time are a triangular matrix times their inputs plus what the two states bring about, so that
    only every sixteenth sample waits for the one before it.

    Args:
        batch: Audio, float32.
        rows: Which rows.
        numerators: Coefficients of powers 0, -1 and -2 of z, float64 of shape (rows, 3).
        denominators: Likewise; the first is 1.
        n_samples: T.
        n_rows: Number of rows.
    """
    for index in prange(n_rows):
        b, a = numerators[index], denominators[index]
        # After so many zeros that a vector may begin at any of the places before: the outputs that follow an impulse,
        # and those that follow a first state of 1; the second state is the first, one sample later.
        forced, free = np.zeros(2 * LANES, np.float32), np.zeros(2 * LANES, np.float32)
        # What an impulse at each place of a vector, and each state before it, leaves in both states after it.
        left = np.zeros((2, LANES), np.float32)
        kept = np.empty((2, 2))
        first, second = 0.0, 0.0
        for lane in range(LANES):
            forced[LANES - 1 + lane] = b[0] + first if lane == 0 else first
            first, second = _after(b, a, 1.0 if lane == 0 else 0.0, first, second)
            left[0, LANES - 1 - lane], left[1, LANES - 1 - lane] = first, second
        for state in range(2):
            first, second = (1.0, 0.0) if state == 0 else (0.0, 1.0)
            for lane in range(LANES):
                if state == 0:
                    free[LANES - 1 + lane] = first
                first, second = _after(b, a, 0.0, first, second)
            kept[0, state], kept[1, state] = first, second
        from_first, from_second = load(free, LANES - 1), load(free, LANES - 2)
        flat = left.reshape(-1)
        to_first, to_second = load(flat, 0), load(flat, LANES)
        first, second = 0.0, 0.0
        begin = rows[index] * n_samples
        whole = n_samples // LANES * LANES
        for at in range(begin, begin + whole, LANES):
            even = splat(np.float32(first)) * from_first
            odd = splat(np.float32(second)) * from_second
            # Two sums, so that neither waits long for its last product.
            for lane in range(0, LANES, 2):
                even = even + splat(batch[at + lane]) * load(forced, LANES - 1 - lane)
                odd = odd + splat(batch[at + lane + 1]) * load(forced, LANES - 2 - lane)
            values = load(batch, at)
            # In float64, and from the inputs: outputs are rounded, and a filter of a low cut-off would add that up.
            new_first, new_second = _total(values * to_first), _total(values * to_second)
            first, second = (
                kept[0, 0] * first + kept[0, 1] * second + new_first,
                kept[1, 0] * first + kept[1, 1] * second + new_second,
            )
            store(batch, at, even + odd)
        for at in range(begin + whole, begin + n_samples):
            value = batch[at]
            batch[at] = b[0] * value + first
            first, second = _after(b, a, value, first, second)


@part
def _after(b: np.ndarray, a: np.ndarray, value: float, first: float, second: float) -> tuple[float, float]:
    """Both states after an input."""
    out = b[0] * value + first
    return b[1] * value - a[1] * out + second, b[2] * value - a[2] * out


@part
def _total(lanes: Any) -> float:
    """The sum of lanes."""
    lanes = lanes + delayed_8(lanes)
    lanes = lanes + delayed_4(lanes)
    lanes = lanes + delayed_2(lanes)
    return last(lanes + delayed_1(lanes))
