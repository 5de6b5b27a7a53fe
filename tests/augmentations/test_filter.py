"""Tests of the filter step."""

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfilt

from clmr.augmentations.filter import FilterDraw, FilterParams
from tests.augmentations.signals import generator, level_db, noise, tone

EVERY = torch.tensor([True])
THESIS = FilterParams(p=1.0, low_pass_hz=(2200.0, 4000.0), high_pass_hz=(200.0, 1200.0))


def drawn(high_pass: bool, cutoff_hz: float, sample_rate_hz: int) -> FilterDraw:
    tail = THESIS.draw(1, sample_rate_hz, generator()).tail_samples
    return FilterDraw(EVERY, torch.tensor([high_pass]), torch.tensor([cutoff_hz]).double(), tail)


def gain_db(frequency_hz: float, high_pass: bool, cutoff_hz: float, sample_rate_hz: int) -> float:
    signal = tone(frequency_hz, sample_rate_hz, sample_rate_hz)
    filtered = drawn(high_pass, cutoff_hz, sample_rate_hz).apply(signal, sample_rate_hz)
    # The first half second is left to the transient.
    half = sample_rate_hz // 2
    return level_db(filtered[:, half:]) - level_db(signal[:, half:])


@pytest.mark.parametrize("sample_rate_hz", [12_000, 22_050])
@pytest.mark.parametrize(
    ("high_pass", "cutoff_hz"),
    [(False, 2200.0), (False, 2900.0), (True, 200.0), (True, 633.3), (True, 1200.0)],
)
def test_an_octave_past_the_cutoff_is_12_db_down_and_an_octave_before_it_passes(
    high_pass: bool, cutoff_hz: float, sample_rate_hz: int
) -> None:
    stopped, passed = (cutoff_hz / 2, cutoff_hz * 2) if high_pass else (cutoff_hz * 2, cutoff_hz / 2)
    assert gain_db(stopped, high_pass, cutoff_hz, sample_rate_hz) < -12
    assert abs(gain_db(passed, high_pass, cutoff_hz, sample_rate_hz)) < 1
    assert gain_db(cutoff_hz, high_pass, cutoff_hz, sample_rate_hz) == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize(
    ("sample_rate_hz", "n_samples"), [(22_050, 59_049), (8_000, 20_736), (16_000, 777), (8_000, 2)]
)
@pytest.mark.parametrize(("high_pass", "cutoff_hz"), [(False, 2200.0), (False, 3600.0), (True, 200.0)])
def test_blocks_equal_the_recursion(sample_rate_hz: int, n_samples: int, high_pass: bool, cutoff_hz: float) -> None:
    signal = noise(1, n_samples)
    kind = "highpass" if high_pass else "lowpass"
    sections = butter(2, cutoff_hz, kind, fs=sample_rate_hz, output="sos")
    expected = sosfilt(sections, signal.double().numpy())
    filtered = drawn(high_pass, cutoff_hz, sample_rate_hz).apply(signal, sample_rate_hz)
    # 1e-5 of the input's level: -100 dB.
    assert np.abs(filtered.numpy() - expected).max() < 1e-5 * 0.1 * 4


def test_high_pass_removes_a_constant() -> None:
    filtered = drawn(True, 200.0, 8000).apply(torch.ones(1, 8000), 8000)
    assert filtered[:, 4000:].abs().max() < 1e-5
