"""Compiled loops over maps: what happens to them between two convolutions, in as few passes over memory as possible.

What belongs here: the loops. What does not: arithmetic on lanes (``clmr.compute.lanes``), what the loops are for, and
gradients (``clmr.models.fused``).

Maps of B examples, T moments and C channels are one flat array in which the channels of a moment are neighbours; C is
a multiple of the lanes. Values are float32, or bfloat16 held as int16. Every loop takes a range of examples, so that
threads can share them, and leaves sums apart for each example, so that results do not depend on the number of threads.

Import this by way of :func:`clmr.compute.compiled.load`, which goes on without loops where numba fails.
"""

import numpy as np
from numba import prange

from clmr.compute.compiled import LANES
from clmr.compute.lanes import compiled, load, splat, store, where_equal, where_greater

# Frames after which a loop turns to the next channels: few enough for the cache where channels are many.
_TILE = 32


@compiled
def pool(
    maps: np.ndarray,
    floor: float,
    sign: np.ndarray,
    pivot: np.ndarray,
    pooled: np.ndarray,
    sums: np.ndarray,
    squares: np.ndarray,
    n_moments: int,
    n_channels: int,
    size: int,
    n_examples: int,
) -> None:
    """Take the value of each window that is largest times ``sign``, and add up all values.

    Args:
        maps: Shape (B, T, C). Values below ``floor`` count as ``floor``.
        floor: 0 to rectify the values, minus infinity to leave them.
        sign: 1, -1 or 0 for each channel; with 0 the first value of a window is taken, as of equal values.
        pivot: What is subtracted from the values of each channel before they are added up.
        pooled: Receives the values taken, shape (B, T // size, C).
        sums: Increased by the sums over time, shape (B, C).
        squares: Increased by the sums of squares.
        n_moments: T.
        n_channels: C.
        size: Moments of a window.
        n_examples: B.
    """
    n_frames = n_moments // size
    for example in prange(n_examples):
        low, zero = splat(np.float32(floor)), splat(np.float32(0))
        for tile in range(0, n_frames, _TILE):
            for channel in range(0, n_channels, LANES):
                direction, origin = load(sign, channel), load(pivot, channel)
                kept = example * n_channels + channel
                total, square = zero, zero
                for frame in range(tile, min(tile + _TILE, n_frames)):
                    at = (example * n_moments + frame * size) * n_channels + channel
                    chosen = load(maps, at)
                    chosen = where_greater(chosen, low, chosen, low)
                    best = chosen * direction
                    for _ in range(size):
                        value = load(maps, at)
                        value = where_greater(value, low, value, low)
                        key = value * direction
                        chosen = where_greater(key, best, value, chosen)
                        best = where_greater(key, best, key, best)
                        value = value - origin
                        total, square = total + value, square + value * value
                        at += n_channels
                    store(pooled, (example * n_frames + frame) * n_channels + channel, chosen)
                # Tile by tile: in float32, a running sum over all of a clip would lose digits.
                store(sums, kept, load(sums, kept) + total)
                store(squares, kept, load(squares, kept) + square)


@compiled
def add_moments(
    maps: np.ndarray,
    floor: float,
    pivot: np.ndarray,
    sums: np.ndarray,
    squares: np.ndarray,
    n_moments: int,
    n_channels: int,
    begin: int,
    n_examples: int,
) -> None:
    """Add up the values from moment ``begin`` on; arguments as for :func:`pool`."""
    for example in prange(n_examples):
        low, zero = splat(np.float32(floor)), splat(np.float32(0))
        for tile in range(begin, n_moments, _TILE):
            for channel in range(0, n_channels, LANES):
                origin, kept = load(pivot, channel), example * n_channels + channel
                total, square = zero, zero
                for moment in range(tile, min(tile + _TILE, n_moments)):
                    value = load(maps, (example * n_moments + moment) * n_channels + channel)
                    value = where_greater(value, low, value, low) - origin
                    total, square = total + value, square + value * value
                store(sums, kept, load(sums, kept) + total)
                store(squares, kept, load(squares, kept) + square)


@compiled
def scale(
    maps: np.ndarray,
    mean: np.ndarray,
    factor: np.ndarray,
    shift: np.ndarray,
    floor: float,
    out: np.ndarray,
    n_moments: int,
    n_channels: int,
    n_examples: int,
) -> None:
    """Multiply the distances from the mean of each channel, and shift; what comes out below ``floor`` becomes it."""
    for example in prange(n_examples):
        low = splat(np.float32(floor))
        for tile in range(0, n_moments, _TILE):
            for channel in range(0, n_channels, LANES):
                middle, by, plus = load(mean, channel), load(factor, channel), load(shift, channel)
                for moment in range(tile, min(tile + _TILE, n_moments)):
                    at = (example * n_moments + moment) * n_channels + channel
                    value = (load(maps, at) - middle) * by + plus
                    store(out, at, where_greater(value, low, value, low))


@compiled
def add_gradients(
    pooled: np.ndarray,
    gradient: np.ndarray,
    mean: np.ndarray,
    factor: np.ndarray,
    shift: np.ndarray,
    floor: float,
    sums: np.ndarray,
    products: np.ndarray,
    n_frames: int,
    n_channels: int,
    n_examples: int,
) -> None:
    """Add up the gradients that pass, and their products with the values' distances from the mean.

    Args:
        pooled: What :func:`scale` read, shape (B, L, C).
        gradient: Gradient of what it wrote; passes where that lies above ``floor``.
        mean: As for :func:`scale`, shape (C,).
        factor: As for :func:`scale`.
        shift: As for :func:`scale`.
        floor: As for :func:`scale`.
        sums: Increased by the sums over time, shape (B, C).
        products: Increased by the sums of products.
        n_frames: L.
        n_channels: C.
        n_examples: B.
    """
    for example in prange(n_examples):
        low, zero = splat(np.float32(floor)), splat(np.float32(0))
        for tile in range(0, n_frames, _TILE):
            for channel in range(0, n_channels, LANES):
                by, plus, middle = load(factor, channel), load(shift, channel), load(mean, channel)
                kept = example * n_channels + channel
                total, product = zero, zero
                for frame in range(tile, min(tile + _TILE, n_frames)):
                    at = (example * n_frames + frame) * n_channels + channel
                    distance = load(pooled, at) - middle
                    passed = where_greater(distance * by + plus, low, load(gradient, at), zero)
                    total, product = total + passed, product + passed * distance
                store(sums, kept, load(sums, kept) + total)
                store(products, kept, load(products, kept) + product)


@compiled
def spread_gradients(
    maps: np.ndarray,
    floors: tuple[float, float],
    pooled: np.ndarray,
    gradient: np.ndarray,
    terms: np.ndarray,
    n_moments: int,
    n_channels: int,
    size: int,
    n_examples: int,
) -> None:
    """Replace maps by their gradient, from that of what :func:`pool` and :func:`scale` made of them.

    Args:
        maps: What :func:`pool` read, shape (B, T, C).
        floors: The floor of :func:`pool`, below which no gradient passes, and that of :func:`scale`.
        pooled: What :func:`pool` wrote, shape (B, L, C).
        gradient: Gradient of what :func:`scale` wrote.
        terms: Mean, factor and shift of :func:`scale`, a slope and a constant, shape (5, C): every value has the
            gradient ``slope * (value - mean) + constant``, and the one that was taken ``factor * gradient`` besides.
        n_moments: T.
        n_channels: C.
        size: Moments of a window; those that fill none were not pooled.
        n_examples: B.
    """
    n_frames = n_moments // size
    for example in prange(n_examples):
        lowest, low, zero = splat(np.float32(floors[0])), splat(np.float32(floors[1])), splat(np.float32(0))
        for tile in range(0, n_moments, _TILE * size):
            for channel in range(0, n_channels, LANES):
                middle, by = load(terms, channel), load(terms, n_channels + channel)
                plus, slope = load(terms, 2 * n_channels + channel), load(terms, 3 * n_channels + channel)
                constant = load(terms, 4 * n_channels + channel)
                at = (example * n_moments + tile) * n_channels + channel
                whole = min(tile // size + _TILE, n_frames)
                for frame in range(tile // size, whole):
                    source = (example * n_frames + frame) * n_channels + channel
                    taken = load(pooled, source)
                    rest = where_greater((taken - middle) * by + plus, low, load(gradient, source) * by, zero)
                    for _ in range(size):
                        raw = load(maps, at)
                        value = where_greater(raw, lowest, raw, lowest)
                        here = where_equal(value, taken, rest, zero)
                        # The first value that equals the one taken is the one; for the others nothing is left.
                        rest = rest - here
                        change = (value - middle) * slope + constant + here
                        store(maps, at, where_greater(raw, lowest, change, zero))
                        at += n_channels
                for _ in range(whole * size, min(tile + _TILE * size, n_moments)):
                    raw = load(maps, at)
                    value = where_greater(raw, lowest, raw, lowest)
                    store(maps, at, where_greater(raw, lowest, (value - middle) * slope + constant, zero))
                    at += n_channels
