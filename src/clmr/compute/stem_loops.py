"""Compiled loops of the first layer, which turns every three samples of audio into the channels of one moment.

What belongs here: the loops. What does not: the same for the layers above (``clmr.compute.map_loops``), and gradients
(``clmr.models.fused_stem``). Conventions, and how to import this, are those of ``map_loops``.
"""

import numpy as np
from numba import prange

from clmr.compute.compiled import LANES
from clmr.compute.lanes import compiled, load, splat, store, where_greater

# Moments after which a loop turns to the next channels.
_TILE = 32


@compiled
def stem(
    audio: np.ndarray,
    terms: np.ndarray,
    out: np.ndarray,
    n_samples: int,
    n_moments: int,
    n_channels: int,
    n_examples: int,
) -> None:
    """Rectified affine maps of every three samples.

    Args:
        audio: Shape (B, ``n_samples``), float32.
        terms: The weights of the three samples, and a constant, shape (4, C).
        out: Receives the maps, shape (B, T, C).
        n_samples: Samples of an example; those that fill no three are left over.
        n_moments: T.
        n_channels: C.
        n_examples: B.
    """
    for example in prange(n_examples):
        zero = splat(np.float32(0))
        for tile in range(0, n_moments, _TILE):
            for channel in range(0, n_channels, LANES):
                a, b = load(terms, channel), load(terms, n_channels + channel)
                c, constant = load(terms, 2 * n_channels + channel), load(terms, 3 * n_channels + channel)
                for moment in range(tile, min(tile + _TILE, n_moments)):
                    at = example * n_samples + 3 * moment
                    x, y, z = splat(audio[at]), splat(audio[at + 1]), splat(audio[at + 2])
                    value = x * a + y * b + z * c + constant
                    target = (example * n_moments + moment) * n_channels + channel
                    store(out, target, where_greater(value, zero, value, zero))


@compiled
def add_stem_gradients(
    audio: np.ndarray,
    terms: np.ndarray,
    gradient: np.ndarray,
    sums: np.ndarray,
    n_samples: int,
    n_moments: int,
    n_channels: int,
    n_examples: int,
) -> None:
    """Add up the products of the gradients that pass with each of the three samples, and the gradients.

    Args:
        audio: As for :func:`stem`.
        terms: As for :func:`stem`.
        gradient: Gradient of what it wrote, shape (B, T, C); passes where that is positive.
        sums: Increased by the sums over time, shape (B, 4, C).
        n_samples: As for :func:`stem`.
        n_moments: T.
        n_channels: C.
        n_examples: B.
    """
    for example in prange(n_examples):
        zero = splat(np.float32(0))
        for tile in range(0, n_moments, _TILE):
            for channel in range(0, n_channels, LANES):
                a, b = load(terms, channel), load(terms, n_channels + channel)
                c, constant = load(terms, 2 * n_channels + channel), load(terms, 3 * n_channels + channel)
                left, middle, right, total = zero, zero, zero, zero
                for moment in range(tile, min(tile + _TILE, n_moments)):
                    at = example * n_samples + 3 * moment
                    x, y, z = splat(audio[at]), splat(audio[at + 1]), splat(audio[at + 2])
                    # Computed anew: reading what was written would take longer.
                    written = x * a + y * b + z * c + constant
                    target = (example * n_moments + moment) * n_channels + channel
                    passed = where_greater(written, zero, load(gradient, target), zero)
                    left, middle, right = left + passed * x, middle + passed * y, right + passed * z
                    total = total + passed
                kept = 4 * example * n_channels + channel
                store(sums, kept, load(sums, kept) + left)
                store(sums, kept + n_channels, load(sums, kept + n_channels) + middle)
                store(sums, kept + 2 * n_channels, load(sums, kept + 2 * n_channels) + right)
                store(sums, kept + 3 * n_channels, load(sums, kept + 3 * n_channels) + total)


@compiled
def add_lagged(
    audio: np.ndarray, shift: float, sums: np.ndarray, n_samples: int, n_blocks: int, n_examples: int
) -> None:
    """Add up samples, and their products with themselves and with the two that follow.

    Args:
        audio: Shape (B, ``n_samples``), float32, read as blocks of 3 x 16 samples.
        shift: Subtracted from every sample.
        sums: Increased by the sums over blocks: of the sample and of its products at lags 0, 1 and 2, shape
            (B, 4, 48).
        n_samples: Samples of an example.
        n_blocks: Blocks to read; two samples must follow the last.
        n_examples: B.
    """
    for example in prange(n_examples):
        less = splat(np.float32(shift))
        for lane in range(0, 3 * LANES, LANES):
            kept = 4 * example * 3 * LANES + lane
            total, square = load(sums, kept), load(sums, kept + 3 * LANES)
            next_one, next_two = load(sums, kept + 6 * LANES), load(sums, kept + 9 * LANES)
            for block in range(n_blocks):
                at = example * n_samples + 3 * LANES * block + lane
                value = load(audio, at) - less
                total, square = total + value, square + value * value
                next_one = next_one + value * (load(audio, at + 1) - less)
                next_two = next_two + value * (load(audio, at + 2) - less)
            store(sums, kept, total)
            store(sums, kept + 3 * LANES, square)
            store(sums, kept + 6 * LANES, next_one)
            store(sums, kept + 9 * LANES, next_two)
