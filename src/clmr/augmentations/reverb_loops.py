"""The compiled loop of the reverberation step: delay lines over time, in place on chosen rows.

What belongs here: the loop. What does not: which network, and the same by transforms (``reverb``). Lanes are sixteen
successive samples.

A batch is one flat array of rows of ``n_samples``; ``rows`` are the numbers of those to be treated, and per-row
arguments are in their order. Import this by way of :func:`clmr.compute.compiled.load`.
"""

import numpy as np
from numba import prange

from clmr.compute.compiled import LANES
from clmr.compute.lanes import (
    compiled,
    delayed_1,
    delayed_2,
    delayed_4,
    delayed_8,
    last,
    load,
    part,
    splat,
    store,
)


@compiled
def reverberate_rows(
    batch: np.ndarray,
    rows: np.ndarray,
    comb_samples: np.ndarray,
    poles: np.ndarray,
    strengths: np.ndarray,
    all_pass_samples: np.ndarray,
    all_pass_feedback: float,
    wet_gain: float,
    n_samples: int,
    n_rows: int,
) -> None:
    """Add the sum of combs, passed through all-passes in series, to each row.

    Args:
        batch: Audio, float32.
        rows: Which rows.
        comb_samples: Lengths of the combs, each at least 16, shape (rows, combs).
        poles: Poles of the low-passes in their loops, shape (rows,).
        strengths: What the low-passes multiply their input by, shape (rows,).
        all_pass_samples: Lengths of the all-passes, each at least 16.
        all_pass_feedback: Feedback of the all-passes.
        wet_gain: Factor of what is added.
        n_samples: T.
        n_rows: Number of rows.
    """
    for index in prange(n_rows):
        # Whole vectors.
        dry = np.zeros(-(-n_samples // LANES) * LANES, np.float32)
        begin = rows[index] * n_samples
        dry[:n_samples] = batch[begin : begin + n_samples]
        wet = _combs(dry, comb_samples[index], poles[index], strengths[index])
        for section in range(len(all_pass_samples)):
            _all_pass(wet, all_pass_samples[section], all_pass_feedback)
        gain = np.float32(wet_gain)
        for sample in range(n_samples):
            batch[begin + sample] += gain * wet[sample]


@part
def _combs(dry: np.ndarray, delays: np.ndarray, pole: float, strength: float) -> np.ndarray:
    """The sum of what comes out of delay lines that are fed by ``dry`` and their own low-passed outputs."""
    powers = np.empty(LANES, np.float32)
    power = 1.0
    for lane in range(LANES):
        power *= pole
        powers[lane] = power
    gain, decay, zero = splat(np.float32(strength)), load(powers, 0), splat(np.float32(0))
    once, twice, four, eight = splat(powers[0]), splat(powers[1]), splat(powers[3]), splat(powers[7])
    size = 2 * LANES
    while size < delays.max() + LANES:
        size *= 2
    # Rings, each written twice, so that any sixteen samples of one are neighbours.
    rings, held = np.zeros(len(delays) * 2 * size, np.float32), np.zeros(len(delays), np.float32)
    wet = np.empty_like(dry)
    for at in range(0, len(dry), LANES):
        total, value, here = zero, load(dry, at), at & (size - 1)
        # Comb after comb within a vector: none waits for another, as the vectors of one comb do.
        for comb in range(len(delays)):
            ring = 2 * size * comb
            out = load(rings, ring + ((at - delays[comb]) & (size - 1)))
            total = total + out
            # The low-pass, a recursion of order one, as four sums over ever longer stretches.
            passed = out * gain
            passed = passed + delayed_1(passed) * once
            passed = passed + delayed_2(passed) * twice
            passed = passed + delayed_4(passed) * four
            passed = passed + delayed_8(passed) * eight + splat(held[comb]) * decay
            held[comb] = last(passed)
            store(rings, ring + here, value + passed)
            store(rings, ring + here + size, value + passed)
        store(wet, at, total)
    return wet


@part
def _all_pass(wet: np.ndarray, delay: int, feedback: float) -> None:
    """Pass ``wet`` through a section, in place."""
    back = splat(np.float32(feedback))
    line = np.zeros(delay + len(wet), np.float32)
    for at in range(0, len(wet), LANES):
        out, value = load(line, at), load(wet, at)
        store(line, at + delay, value + out * back)
        store(wet, at, out - value)
