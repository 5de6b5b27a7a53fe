"""Cutting batches into pieces: ranges of rows, and runs of samples at given starts.

What belongs here: indexing shared by the steps. What does not: anything that knows what a step does.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

_TILE_SAMPLES = 2**20


def tiles(batch: Tensor) -> Iterator[slice]:
    """Ranges of rows to treat together: on the CPU few enough for its cache, elsewhere all.

    >>> list(tiles(torch.zeros(3, 2**19)))
    [slice(0, 2, None), slice(2, 4, None)]
    """
    n_rows = max(1, _TILE_SAMPLES // batch.shape[1]) if batch.device.type == "cpu" else len(batch)
    return (slice(first, first + n_rows) for first in range(0, len(batch), n_rows))


def runs(signal: Tensor, starts: Tensor, n_samples: int) -> Tensor:
    """Runs of consecutive samples: ``out[b, ..., i] = signal[b, starts[b, ...] + i]``.

    Args:
        signal: Shape (B, T), contiguous.
        starts: First indices, int64 of shape (B, ...), each in [0, T - n_samples].
        n_samples: Length of every run.

    Returns:
        Shape (B, ..., n_samples).

    >>> runs(torch.arange(8.0).view(2, 4), torch.tensor([[0, 1], [2, 0]]), 2).tolist()
    [[[0.0, 1.0], [1.0, 2.0]], [[6.0, 7.0], [4.0, 5.0]]]
    """
    # Rows of a view in which every run of the batch is a row: copying rows takes a fifth of the
    # time of gathering their samples one by one.
    every_run = signal.view(-1).unfold(0, n_samples, 1)
    first = torch.arange(len(signal), device=signal.device) * signal.shape[1]
    index = starts.reshape(len(signal), -1) + first[:, None]
    return every_run.index_select(0, index.flatten()).view(*starts.shape, n_samples)
