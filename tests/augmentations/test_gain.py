"""Tests of the gain step."""

import pytest
import torch

from clmr.augmentations.gain import GainDraw
from tests.augmentations.signals import level_db, noise


@pytest.mark.parametrize("gain_db", [-6.0, -3.3, 0.0])
def test_gain_changes_the_level_by_its_decibels(gain_db: float) -> None:
    batch = noise(1, 1000)
    louder = GainDraw(torch.tensor([True]), torch.tensor([gain_db]).double()).apply(batch, 8_000)
    assert level_db(louder) - level_db(batch) == pytest.approx(gain_db, abs=1e-5)


def test_only_the_chosen_examples_change_level_each_by_its_own_decibels() -> None:
    batch = noise(3, 1000)
    changed = batch.clone()
    draw = GainDraw(torch.tensor([True, False, True]), torch.tensor([-6.0, -6.0, -1.0]).double())
    draw.treat_chosen(changed, 8_000)
    changes_db = [level_db(after) - level_db(before) for after, before in zip(changed, batch, strict=True)]
    assert changes_db == pytest.approx([-6.0, 0.0, -1.0], abs=1e-5)
