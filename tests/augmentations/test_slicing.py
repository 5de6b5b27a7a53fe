"""Tests of cutting batches into pieces."""

import pytest
import torch

from clmr.augmentations.slicing import runs, tiles


def test_runs_equal_slices() -> None:
    signal = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))
    starts = torch.tensor([[0, 43], [7, 7], [20, 1]])
    expected = torch.stack([torch.stack([x[s : s + 7] for s in row]) for x, row in zip(signal, starts, strict=True)])
    assert torch.equal(runs(signal, starts, 7), expected)


@pytest.mark.parametrize(("n_rows", "n_samples"), [(1, 2**21), (7, 2**18), (100, 3)])
def test_tiles_cover_every_row_once(n_rows: int, n_samples: int) -> None:
    batch = torch.empty(n_rows, n_samples)
    assert [row for part in tiles(batch) for row in range(n_rows)[part]] == list(range(n_rows))


def test_elsewhere_than_on_the_cpu_all_rows_are_one_tile() -> None:
    assert len(list(tiles(torch.empty(999, 2**20, device="meta")))) == 1
