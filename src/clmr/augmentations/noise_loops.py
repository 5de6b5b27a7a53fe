"""The compiled loop of the noise step: hashed noise in place on chosen rows.

What belongs here: the loop. What does not: levels and seeds (``noise``). Conventions are those of ``filter_loops``.
"""

import numpy as np
from numba import prange

from clmr.compute.lanes import compiled


@compiled
def add_noise_to_rows(
    batch: np.ndarray,
    rows: np.ndarray,
    deviations: np.ndarray,
    seeds: np.ndarray,
    counter: np.ndarray,
    quantiles: np.ndarray,
    n_samples: int,
    n_rows: int,
) -> None:
    """Add to each row noise from the stream of its seed.

    Args:
        batch: Audio, float32.
        rows: Which rows.
        deviations: Standard deviation of the noise of each row, float32.
        seeds: Hashed seed of each row, uint32.
        counter: Hashes of 0, 1, ..., uint32, one for two samples.
        quantiles: Normal numbers that 16 bits stand for, float32.
        n_samples: T.
        n_rows: Number of rows.
    """
    half = len(counter)
    for index in prange(n_rows):
        begin, by, seed = rows[index] * n_samples, deviations[index], seeds[index]
        bits = np.empty(half, np.uint32)
        # As `_hash_32` of the step, whose int64 needs a mask: uint32 drops what lies above by itself.
        for sample in range(half):
            value = counter[sample] ^ seed
            value = np.uint32((value ^ (value >> np.uint32(16))) * np.uint32(0x7FEB352D))
            value = np.uint32((value ^ (value >> np.uint32(15))) * np.uint32(0x45D9F3B))
            value = np.uint32((value ^ (value >> np.uint32(16))) * np.uint32(0x2C1B3C6D))
            bits[sample] = value ^ (value >> np.uint32(16))
        for sample in range(half):
            batch[begin + sample] += by * quantiles[bits[sample] & np.uint32(0xFFFF)]
        for sample in range(n_samples - half):
            batch[begin + half + sample] += by * quantiles[bits[sample] >> np.uint32(16)]
