"""Compiled loop of the first two blocks in evaluation, of which only what the second one pools is ever written.

What belongs here: the loop. What does not: those of single layers (``clmr.compute.map_loops`` and ``stem_loops``), and
when it is used (``clmr.models.blocks``). Conventions, and how to import this, are those of ``map_loops``.

The maps of the first block are by far the largest, three times the audio's samples for each sixteen channels, and with
few channels writing and reading them takes longer than convolving them. Here a stretch of them is made at a time, which
stays in the processor's nearest cache. Maps and weights are in float32, or both in bfloat16 where the processor
multiplies its pairs, which takes half the time; sums are in float32, whatever the format of what is written.
"""

import numpy as np
from numba import prange

from clmr.compute.compiled import LANES
from clmr.compute.lane_rows import rows_of_lanes
from clmr.compute.lanes import compiled, load, part, splat, splat_at, store, where_greater
from clmr.compute.vectors import has_wide_registers, multiplies_pairs

# Moments of the second convolution that are computed at once: as many as leave registers for a weight and a value.
_ROWS = 12 if has_wide_registers() else 6
_filled, _with_products, _put = rows_of_lanes(_ROWS)
TILE = 48
"""Moments that are made at a time, and the most that a window has; of 64 channels they take 12 KiB of the cache."""
MOST_TAPS = 8
"""Taps of the second convolution that the stretch of maps has room for."""
TAKES_PAIRS = multiplies_pairs()
"""Whether the weight of the second convolution may be bfloat16."""


@compiled
def stem_and_block(
    audio: np.ndarray,
    terms: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    out: np.ndarray,
    n_samples: int,
    channels: tuple[int, int],
    n_taps: int,
    padding: int,
    size: int,
    n_examples: int,
) -> None:
    """Rectified affine maps of every three samples, convolved, and the largest value of each window, rectified.

    Args:
        audio: Shape (B, ``n_samples``), float32.
        terms: The weights of the three samples, and a constant, shape (4, C).
        weight: Of the convolution, float32, shape (``n_taps``, C, C'); or bfloat16, and of the channels before it a
            pair at a time, shape (``n_taps``, C // 2, C', 2).
        bias: Shape (C',), float32.
        out: Receives the windows' values, shape (B, L, C').
        n_samples: Samples of an example; those that fill no three are left over.
        channels: C and C'.
        n_taps: Size of the convolution's kernel, at most ``MOST_TAPS``.
        padding: Zeros at either end of the maps.
        size: Moments of a window, at most as many as are made at a time.
        n_examples: B.
    """
    n_before, n_after = channels
    n_moments = n_samples // 3
    n_frames = (n_moments + 2 * padding - n_taps + 1) // size
    frames_at_once = TILE // size
    for example in prange(n_examples):
        maps = np.zeros((TILE + _ROWS + MOST_TAPS) * n_before, weight.dtype)
        convolved = np.zeros((TILE + _ROWS) * n_after, np.float32)
        for frame in range(0, n_frames, frames_at_once):
            n_near = min(frames_at_once, n_frames - frame)
            n_rows = (n_near * size + _ROWS - 1) // _ROWS * _ROWS
            begin = frame * size - padding
            _make_maps(audio, terms, maps, example * n_samples, begin, n_rows + n_taps - 1, n_moments, n_before)
            _convolve(maps, weight, bias, convolved, n_rows, n_taps, n_before, n_after)
            _pool(convolved, out, (example * n_frames + frame) * n_after, n_near, size, n_after)


@part
def _make_maps(
    audio: np.ndarray,
    terms: np.ndarray,
    maps: np.ndarray,
    first: int,
    begin: int,
    n_rows: int,
    n_moments: int,
    n_channels: int,
) -> None:
    """Maps from moment ``begin`` on; before the first and after the last moment they are zero."""
    zero = splat(np.float32(0))
    for channel in range(0, n_channels, LANES):
        a, b = load(terms, channel), load(terms, n_channels + channel)
        c, constant = load(terms, 2 * n_channels + channel), load(terms, 3 * n_channels + channel)
        for row in range(n_rows):
            value, at = zero, first + 3 * (begin + row)
            if 0 <= begin + row < n_moments:
                value = splat_at(audio, at) * a + splat_at(audio, at + 1) * b + splat_at(audio, at + 2) * c + constant
            store(maps, row * n_channels + channel, where_greater(value, zero, value, zero))


@part
def _convolve(
    maps: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    convolved: np.ndarray,
    n_rows: int,
    n_taps: int,
    n_before: int,
    n_after: int,
) -> None:
    n_at_once = 4 // maps.itemsize
    for channel in range(0, n_after, LANES):
        for row in range(0, n_rows, _ROWS):
            sums = _filled(load(bias, channel))
            for tap in range(n_taps):
                source, factor = (row + tap) * n_before, tap * n_before * n_after + channel * n_at_once
                for before in range(0, n_before, n_at_once):
                    sums = _with_products(sums, maps, source + before, n_before, weight, factor)
                    factor += n_after * n_at_once
            _put(convolved, row * n_after + channel, n_after, sums)


@part
def _pool(convolved: np.ndarray, out: np.ndarray, first: int, n_frames: int, size: int, n_channels: int) -> None:
    for channel in range(0, n_channels, LANES):
        for frame in range(n_frames):
            best, at = splat(np.float32(0)), frame * size * n_channels + channel
            for _ in range(size):
                value = load(convolved, at)
                best = where_greater(value, best, value, best)
                at += n_channels
            store(out, first + frame * n_channels + channel, best)
