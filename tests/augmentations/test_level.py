"""Tests of polarity, noise and gain."""

import pytest
import torch
from scipy.stats import kstest
from signals import level_db, noise

from clmr.augmentations.drawing import Draw
from clmr.augmentations.level import (
    GainDraw,
    NoiseDraw,
    add_noise,
    apply_levels,
    hashed_normals,
)

EVERY = torch.tensor([True])


def test_polarity_inverts_the_chosen_examples_exactly() -> None:
    batch = noise(3, 101)
    none = GainDraw(torch.zeros(3, dtype=torch.bool), torch.full((3,), -6.0))
    inverted = apply_levels(batch, Draw(torch.tensor([True, False, True])), none)
    assert torch.equal(inverted, batch * torch.tensor([[-1.0], [1.0], [-1.0]]))


@pytest.mark.parametrize("gain_db", [-6.0, -3.3, 0.0])
def test_gain_changes_the_level_by_its_decibels(gain_db: float) -> None:
    batch = noise(1, 1000)
    louder = apply_levels(batch, Draw(~EVERY), GainDraw(EVERY, torch.tensor([gain_db]).double()))
    assert level_db(louder) - level_db(batch) == pytest.approx(gain_db, abs=1e-5)


@pytest.mark.parametrize("snr_db", [0.0, 20.0, 60.0])
def test_noise_has_the_drawn_ratio(snr_db: float) -> None:
    batch = noise(1, 59_049).double().float()
    draw = NoiseDraw(EVERY, torch.tensor([snr_db]).double(), torch.tensor([7]))
    added = add_noise(batch, draw).double() - batch.double()
    # The level of 59,049 normal samples has a standard deviation of 0.025 dB.
    assert level_db(batch) - level_db(added) == pytest.approx(snr_db, abs=0.1)


def test_hashed_normals_are_normal_white_and_differ_between_seeds() -> None:
    normals = hashed_normals(torch.tensor([0, 1, 2, 2**31 - 1]), 50_000).double()
    for row in normals:
        assert kstest(row.numpy(), "norm").pvalue > 0.01
        lags = [float((row[lag:] * row[:-lag]).mean()) for lag in (1, 2, 3, 10, 256)]
        assert max(map(abs, lags)) < 5 / 50_000**0.5
    assert (torch.corrcoef(normals) - torch.eye(4)).abs().max() < 5 / 50_000**0.5


def test_hashed_normals_depend_on_their_seed_alone() -> None:
    together = hashed_normals(torch.tensor([3, 4]), 1001)
    assert torch.equal(together[1:], hashed_normals(torch.tensor([4]), 1001))


def test_noise_on_silence_is_silence() -> None:
    draw = NoiseDraw(EVERY, torch.tensor([10.0]), torch.tensor([1]))
    assert torch.equal(add_noise(torch.zeros(1, 99), draw), torch.zeros(1, 99))


def test_gain_before_the_noise_equals_gain_after_it() -> None:
    batch, factor = noise(1, 2000), 10 ** (-4 / 20)
    draw = NoiseDraw(EVERY, torch.tensor([20.0]), torch.tensor([3]))
    torch.testing.assert_close(add_noise(factor * batch, draw), factor * add_noise(batch, draw))
