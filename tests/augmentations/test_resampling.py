"""Tests of reading grains at another speed."""

import pytest
import torch

from clmr.augmentations.resampling import read_grains
from tests.augmentations.signals import level_db, tone


@pytest.mark.parametrize("speed", [0.5, 342 / 512, 461 / 512, 511 / 512, 1.0, 563 / 512, 767 / 512, 2.0])
def test_reading_a_tone_gives_the_tone_at_the_positions_read(speed: float) -> None:
    sample_rate_hz, frequency_hz = 22_050, 1234.5
    signal = tone(frequency_hz, sample_rate_hz, 8000)
    starts = torch.tensor([[64, 1000, 2017]])
    read = read_grains(signal, starts, torch.tensor([speed]).double(), 1808)
    position = starts[0, :, None] + speed * torch.arange(1808).double()
    expected = 0.5 * torch.sin(2 * torch.pi * frequency_hz / sample_rate_hz * position)
    # Interpolation error 60 dB below the tone.
    assert level_db(read[0] - expected) < level_db(expected) - 60


def test_what_would_pass_the_nyquist_frequency_is_removed() -> None:
    signal = tone(9_500, 22_050, 8000)
    read = read_grains(signal, torch.tensor([[64]]), torch.tensor([1.5]).double(), 1808)
    assert level_db(read) < level_db(signal) - 40
