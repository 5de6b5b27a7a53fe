"""Compiled loops of the pitch step: choosing the grains of a signal, reading them at another speed, and joining them.

What belongs here: the loops. What does not: which grains, and the same by transforms and matrix products (``pitch``,
``resampling``). Lanes are sixteen successive samples. Import this by way of :func:`clmr.compute.compiled.load`.
"""

from typing import Any

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
    where_equal,
    where_greater,
)

# Lags whose sums are held in registers at once.
_LAGS = 4 * LANES
_PERIOD = 512
# Adding and subtracting this rounds a float32 to a whole number.
_ROUNDER = np.float32(1.5 * 2**23)


@compiled
def transpose_rows(
    batch: np.ndarray,
    rows: np.ndarray,
    nominal: np.ndarray,
    speeds: np.ndarray,
    grains: tuple[int, int, int],
    n_compared: int,
    kernel: tuple[float, float],
    n_samples: int,
    n_rows: int,
) -> None:
    """Transpose rows of a batch, in place.

    Args:
        batch: Audio, float32, flat.
        rows: Which rows.
        nominal: Where grains start before the search, int64 of shape (rows, grains).
        speeds: Multiples of 1/512, float64 of shape (rows,).
        grains: Hop, fade, and half the search range, in samples.
        n_compared: Samples over which two grains are compared.
        kernel: Zero crossings on either side, and bandwidth relative to the lower Nyquist frequency.
        n_samples: T.
        n_rows: Number of rows.
    """
    hop, fade, search = grains
    # As much as is read before the first and after the last sample.
    before = 3 * search + 64
    after = 3 * (hop + fade + search) + 64 + _LAGS
    for index in prange(n_rows):
        begin = rows[index] * n_samples
        padded = np.zeros(before + n_samples + after, np.float32)
        padded[before : before + n_samples] = batch[begin : begin + n_samples]
        span = int(np.round(hop * speeds[index]))
        starts = _starts(padded, nominal[index] + before, span, search, n_compared)
        read = _read(padded, starts, speeds[index], hop + fade, kernel)
        for grain in range(len(starts)):
            for sample in range(min(hop, n_samples - grain * hop)):
                value = read[grain, sample]
                if grain > 0 and sample < fade:
                    ramp = np.float32((sample + 0.5) / fade)
                    value = value * ramp + read[grain - 1, hop + sample] * (np.float32(1) - ramp)
                batch[begin + grain * hop + sample] = value


@part
def _starts(padded: np.ndarray, nominal: np.ndarray, span: int, search: int, n_compared: int) -> np.ndarray:
    """Where grains start: each where it best continues the one before."""
    n_lags = 2 * search + 1
    starts, mismatch = nominal.copy(), np.empty(n_lags + _LAGS, np.float32)
    wanted = np.zeros(n_compared + 2 * _LAGS, np.float32)
    offset = 0
    for grain in range(1, len(nominal)):
        continued = nominal[grain - 1] + span - search
        for sample in range(n_compared):
            wanted[_LAGS + sample] = padded[continued + sample]
        # Compared around either place, as if both grains were moved: this one by the lag, that one as it was.
        candidates = nominal[grain] - search - (search + offset)
        _correlate(padded, wanted, candidates, n_compared, n_lags, mismatch)
        _subtract_from_energy(padded, candidates, n_compared, n_lags, mismatch)
        best = 0
        for lag in range(1, n_lags):
            if mismatch[lag] < mismatch[best]:
                best = lag
        offset = best - search
        starts[grain] = nominal[grain] + offset
    return starts


@part
def _correlate(
    padded: np.ndarray, wanted: np.ndarray, candidates: int, n_compared: int, n_lags: int, products: np.ndarray
) -> None:
    """Write the sum of products of ``wanted`` and the candidates at every lag.

    ``wanted`` stands between as many zeros as there are lags in registers, so that what is loaded of the candidates
    once serves four sums: loading it for each would take twice as long.
    """
    for lag in range(0, n_lags, _LAGS):
        first, second = splat(np.float32(0)), splat(np.float32(0))
        third, fourth = splat(np.float32(0)), splat(np.float32(0))
        for sample in range(n_compared + _LAGS - LANES):
            value, at = load(padded, candidates + lag + sample), _LAGS + sample
            first = first + value * splat(wanted[at])
            second = second + value * splat(wanted[at - LANES])
            third = third + value * splat(wanted[at - 2 * LANES])
            fourth = fourth + value * splat(wanted[at - 3 * LANES])
        store(products, lag, first)
        store(products, lag + LANES, second)
        store(products, lag + 2 * LANES, third)
        store(products, lag + 3 * LANES, fourth)


@part
def _subtract_from_energy(
    padded: np.ndarray, candidates: int, n_compared: int, n_lags: int, products: np.ndarray
) -> None:
    """Replace products by the energy of the candidates, up to a constant, minus twice the products."""
    one, two, so_far = splat(np.float32(1)), splat(np.float32(2)), np.float32(0)
    for lag in range(0, n_lags, LANES):
        left, entered = load(padded, candidates + lag), load(padded, candidates + lag + n_compared)
        change = entered * entered - left * left
        change = change + delayed_1(change) * one
        change = change + delayed_2(change) * one
        change = change + delayed_4(change) * one
        change = change + delayed_8(change) * one
        energy = delayed_1(change) + splat(so_far)
        so_far = so_far + last(change)
        store(products, lag, energy - two * load(products, lag))


@part
def _read(
    padded: np.ndarray, starts: np.ndarray, speed: float, n_outputs: int, kernel: tuple[float, float]
) -> np.ndarray:
    """Every grain read at a speed, shape (grains, >= ``n_outputs``)."""
    zero_crossings, bandwidth = kernel
    half = int(np.ceil(zero_crossings / bandwidth * max(1.0, speed)))
    n_inputs = int(np.ceil((LANES - 1) * speed)) + 2 * half + 2
    n_blocks = -(-n_outputs // LANES)
    # After a period of outputs, a whole number of samples later, the weights repeat.
    n_tables = min(n_blocks, _PERIOD // LANES)
    weights = np.empty(n_tables * n_inputs * LANES, np.float32)
    for table in range(n_tables):
        _weigh(weights, table, speed, half, n_inputs, kernel)
    out = np.empty((len(starts), n_blocks * LANES), np.float32)
    flat, zero = out.reshape(-1), splat(np.float32(0))
    for block in range(n_blocks):
        ahead = int(np.floor(speed * block * LANES)) - half
        table = block % n_tables * n_inputs * LANES
        # Four grains at a time, the last one several times if need be: what is loaded of the weights serves all.
        final = len(starts) - 1
        for grain in range(0, len(starts), 4):
            second, third, fourth = min(grain + 1, final), min(grain + 2, final), min(grain + 3, final)
            a, b = starts[grain] + ahead, starts[second] + ahead
            c, d = starts[third] + ahead, starts[fourth] + ahead
            w, x, y, z = zero, zero, zero, zero
            for tap in range(n_inputs):
                weight = load(weights, table + tap * LANES)
                w, x = w + splat(padded[a + tap]) * weight, x + splat(padded[b + tap]) * weight
                y, z = y + splat(padded[c + tap]) * weight, z + splat(padded[d + tap]) * weight
            store(flat, (grain * n_blocks + block) * LANES, w)
            store(flat, (second * n_blocks + block) * LANES, x)
            store(flat, (third * n_blocks + block) * LANES, y)
            store(flat, (fourth * n_blocks + block) * LANES, z)
    return out


@part
def _weigh(
    weights: np.ndarray, table: int, speed: float, half: int, n_inputs: int, kernel: tuple[float, float]
) -> None:
    """Write the weights of every input of sixteen outputs: ``sin(pi * b * d) / (pi * d)`` times the window."""
    zero_crossings, bandwidth = kernel
    bandwidth = bandwidth / max(1.0, speed)
    first = table * LANES
    places = np.empty(LANES, np.float32)
    for lane in range(LANES):
        places[lane] = speed * (first + lane) - np.floor(speed * first) + half
    place, zero, one = load(places, 0), splat(np.float32(0)), splat(np.float32(1))
    band, narrow = splat(np.float32(bandwidth)), splat(np.float32(bandwidth / zero_crossings))
    pi, rounder, eight = splat(np.float32(np.pi)), splat(_ROUNDER), splat(np.float32(8))
    half_one = splat(np.float32(0.5))
    for tap in range(n_inputs):
        distance = splat(np.float32(tap)) - place
        scaled = distance * narrow
        window = one - scaled * scaled
        window = where_greater(window, zero, window, zero)
        turns = distance * band
        whole = (turns + rounder) - rounder
        # 1 where the whole number is even, -1 where it is odd.
        parity = whole * half_one
        parity = parity - ((parity + rounder) - rounder)
        sine = _sine_of_half_turns(turns - whole) * (one - eight * parity * parity)
        value = where_equal(distance, zero, band, sine / (pi * distance))
        store(weights, (table * n_inputs + tap) * LANES, value * window * window)


@part
def _sine_of_half_turns(angle: Any) -> Any:  # lanes, which have no type outside compiled code
    """``sin(pi * angle)`` for angles within half a turn, to the precision of float32."""
    square = angle * angle
    value = splat(np.float32(-(np.pi**11) / 39_916_800))
    value = value * square + splat(np.float32(np.pi**9 / 362_880))
    value = value * square + splat(np.float32(-(np.pi**7) / 5_040))
    value = value * square + splat(np.float32(np.pi**5 / 120))
    value = value * square + splat(np.float32(-(np.pi**3) / 6))
    value = value * square + splat(np.float32(np.pi))
    return value * angle
