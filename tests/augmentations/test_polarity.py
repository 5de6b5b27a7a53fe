"""Tests of the polarity step."""

import torch

from clmr.augmentations.polarity import PolarityDraw
from tests.augmentations.signals import noise


def test_polarity_inverts_the_chosen_examples_exactly() -> None:
    batch = noise(3, 101)
    inverted = batch.clone()
    PolarityDraw(torch.tensor([True, False, True])).treat_chosen(inverted, 8_000)
    assert torch.equal(inverted, batch * torch.tensor([[-1.0], [1.0], [-1.0]]))
