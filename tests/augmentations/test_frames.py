"""Tests of cutting batches into pieces."""

import pytest
import torch

from clmr.augmentations.frames import fast_length, runs


def test_runs_equal_slices() -> None:
    signal = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))
    starts = torch.tensor([[0, 43], [7, 7], [20, 1]])
    expected = torch.stack([torch.stack([x[s : s + 7] for s in row]) for x, row in zip(signal, starts, strict=True)])
    assert torch.equal(runs(signal, starts, 7), expected)


@pytest.mark.parametrize("at_least", [1, 2, 3, 59, 1000, 20_736, 59_049, 118_097])
def test_fast_length_is_long_enough_and_not_much_longer(at_least: int) -> None:
    length = fast_length(at_least)
    assert at_least <= length <= max(at_least + 1, 1.25 * at_least)
    assert (length & -length) * 27 >= length
