"""Tests of the noise step."""

import pytest
import torch
from scipy.stats import kstest

from clmr.augmentations.gain import GainDraw
from clmr.augmentations.noise import NoiseDraw, hashed_normals
from tests.augmentations.signals import level_db, noise

EVERY = torch.tensor([True])


@pytest.mark.parametrize("snr_db", [0.0, 20.0, 60.0])
def test_noise_has_the_drawn_ratio(snr_db: float) -> None:
    batch = noise(1, 59_049).double().float()
    draw = NoiseDraw(EVERY, torch.tensor([snr_db]).double(), torch.tensor([7]))
    added = draw.apply(batch, 22_050).double() - batch.double()
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
    assert torch.equal(draw.apply(torch.zeros(1, 99), 8_000), torch.zeros(1, 99))


def test_the_order_of_gain_and_noise_does_not_matter() -> None:
    batch = noise(1, 2000)
    gain = GainDraw(EVERY, torch.tensor([-4.0]))
    draw = NoiseDraw(EVERY, torch.tensor([20.0]), torch.tensor([3]))
    noise_first, gain_first = gain.apply(draw.apply(batch, 8_000), 8_000), draw.apply(gain.apply(batch, 8_000), 8_000)
    torch.testing.assert_close(gain_first, noise_first)
