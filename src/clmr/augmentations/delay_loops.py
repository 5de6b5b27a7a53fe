"""The compiled loop of the delay step: echoes in place on chosen rows.

What belongs here: the loop. What does not: which echoes (``delay``). Conventions are those of ``filter_loops``.
"""

import numpy as np
from numba import prange

from clmr.compute.lanes import compiled


@compiled
def echo_rows(
    batch: np.ndarray, rows: np.ndarray, delays: np.ndarray, factor: float, n_samples: int, n_rows: int
) -> None:
    """Add to each row its own echo.

    Args:
        batch: Audio, float32.
        rows: Which rows.
        delays: Delays in samples, each in [0, T], shape (rows,).
        factor: Factor of the echoes.
        n_samples: T.
        n_rows: Number of rows.
    """
    for index in prange(n_rows):
        begin, delay, by = rows[index] * n_samples, delays[index], np.float32(factor)
        dry = batch[begin : begin + n_samples].copy()
        for sample in range(delay, n_samples):
            batch[begin + sample] = dry[sample] + by * dry[sample - delay]
