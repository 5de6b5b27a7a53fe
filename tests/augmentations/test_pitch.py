"""Tests of the pitch step."""

import pytest
import torch

from clmr.augmentations.pitch import PitchDraw
from tests.augmentations.signals import cents, level_db, noise, peak_hz, tone


def drawn(*semitones: float) -> PitchDraw:
    return PitchDraw(torch.ones(len(semitones), dtype=torch.bool), torch.tensor(semitones).double())


@pytest.mark.parametrize(("sample_rate_hz", "n_samples"), [(22_050, 59_049), (16_000, 43_740), (8_000, 20_736)])
@pytest.mark.parametrize("frequency_hz", [82.4, 220.0, 441.3, 1000.0, 2100.0])
def test_a_tone_is_transposed_within_10_cents_and_1_db(
    sample_rate_hz: int, n_samples: int, frequency_hz: float
) -> None:
    intervals = (-7.0, -5.5, -1.0, -0.13, 0.0, 0.37, 2.0, 4.9, 7.0)
    signal = tone(frequency_hz, sample_rate_hz, n_samples)
    shifted = drawn(*intervals).apply(signal.expand(len(intervals), -1).contiguous(), sample_rate_hz)
    assert shifted.shape == (len(intervals), n_samples)
    for semitones, row in zip(intervals, shifted, strict=True):
        found = cents(peak_hz(row, sample_rate_hz), frequency_hz)
        assert found == pytest.approx(100 * semitones, abs=10)
        assert level_db(row) == pytest.approx(level_db(signal), abs=1)


def test_a_tone_stays_one_tone() -> None:
    """Joints between grains stay 30 dB below a transposed tone."""
    signal = tone(440.0, 22_050, 59_049)
    for semitones in (-7.0, -2.5, 3.0, 7.0):
        shifted = drawn(semitones).apply(signal, 22_050)[0]
        spectrum = torch.fft.rfft(shifted * torch.hann_window(len(shifted))).abs().square()
        peak = int(spectrum.argmax())
        near = spectrum[peak - 5 : peak + 6].sum()
        assert 10 * torch.log10((spectrum.sum() - near) / near) < -30


def test_up_and_down_returns_the_pitch() -> None:
    signal = tone(330.0, 22_050, 59_049)
    there = drawn(4.3).apply(signal, 22_050)
    back = drawn(-4.3).apply(there, 22_050)
    assert cents(peak_hz(back[0], 22_050), 330.0) == pytest.approx(0, abs=10)


@pytest.mark.parametrize("semitones", [-7.0, 7.0])
def test_events_keep_their_times(semitones: float) -> None:
    """A burst of 100 ms stays within a grain (82 ms) and the search range (12 ms) of where it was."""
    sample_rate_hz = 22_050
    for place in (5_000, 30_000, 52_000):
        signal = torch.zeros(1, 59_049)
        signal[0, place - 1102 : place + 1103] = noise(1, 2205)
        shifted = drawn(semitones).apply(signal, sample_rate_hz)
        energy = shifted[0].square()
        found = float((energy * torch.arange(59_049)).sum() / energy.sum())
        assert abs(found - place) < 0.094 * sample_rate_hz


@pytest.mark.parametrize("semitones", [-7.0, 0.0, 7.0])
def test_the_level_holds_to_the_end_of_the_clip(semitones: float) -> None:
    signal = tone(440.0, 22_050, 59_049)
    shifted = drawn(semitones).apply(signal, 22_050)
    assert level_db(shifted[:, -400:]) == pytest.approx(level_db(signal), abs=1.5)
    assert level_db(shifted[:, :400]) == pytest.approx(level_db(signal), abs=1.5)


@pytest.mark.parametrize("n_samples", [2, 3, 101, 1543, 1544, 4001])
def test_any_length_is_kept(n_samples: int) -> None:
    shifted = drawn(-7.0, 7.0).apply(noise(2, n_samples), 22_050)
    assert shifted.shape == (2, n_samples)
    assert shifted.isfinite().all()
