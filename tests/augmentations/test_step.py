"""Tests of the bookkeeping of the steps: which examples are treated."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from clmr.augmentations.step import Draw, ScalingDraw


@dataclass(frozen=True)
class Addition(Draw):
    """Adds a number to each example, and counts the examples treated together."""

    number: Tensor
    sizes: list[int]

    def apply(self, batch: Tensor, sample_rate_hz: int) -> Tensor:
        self.sizes.append(len(batch))
        return batch + self.number[:, None]


@dataclass(frozen=True)
class Scaling(ScalingDraw):
    """Multiplies each example by a number."""

    number: Tensor

    def factors(self) -> Tensor:
        return self.number


def test_only_chosen_rows_are_treated_each_with_its_own_values() -> None:
    batch = torch.arange(8.0).view(4, 2)
    draw = Addition(torch.tensor([True, False, False, True]), torch.tensor([10.0, 20.0, 30.0, 40.0]), [])
    draw.treat_chosen(batch, 8_000)
    assert batch.tolist() == [[10, 11], [2, 3], [4, 5], [46, 47]]
    assert draw.sizes == [2]


def test_nothing_is_treated_where_none_is_chosen() -> None:
    draw = Addition(torch.zeros(2, dtype=torch.bool), torch.ones(2), [])
    draw.treat_chosen(torch.zeros(2, 3), 8_000)
    assert draw.sizes == []


def test_large_batches_are_treated_in_parts() -> None:
    batch = torch.zeros(5, 2**21)
    draw = Addition(torch.ones(5, dtype=torch.bool), torch.arange(5.0), [])
    draw.treat_chosen(batch, 8_000)
    assert draw.sizes == [2, 2, 1]
    assert torch.equal(batch[:, 0], torch.arange(5.0))


def test_scaling_in_place_equals_scaling_the_chosen_rows() -> None:
    batch = torch.randn(4, 101, generator=torch.Generator().manual_seed(0))
    draw = Scaling(torch.tensor([True, False, True, False]), torch.tensor([-1.0, 3.0, 0.3, 0.0]))
    expected = torch.where(draw.chosen[:, None], draw.apply(batch, 8_000), batch)
    scaled = batch.clone()
    draw.treat_chosen(scaled, 8_000)
    assert torch.equal(scaled, expected)


@pytest.mark.parametrize("which", [slice(1, 3), torch.tensor([1, 2])])
def test_the_values_of_some_examples(which: slice | Tensor) -> None:
    draw = Addition(torch.tensor([True, False, True]), torch.arange(3.0), [7])
    some = draw.examples(which)
    assert some.chosen.tolist() == [False, True]
    assert some.number.tolist() == [1, 2]
    assert some.sizes == [7]
