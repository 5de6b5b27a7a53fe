import numpy as np
import pytest

from clmr.corpora.rendered.colouring import (
    Colouring,
    add_room,
    colour,
    coloured_noise,
    equalise,
    root_mean_square,
)

RATE_HZ = 22050


def tone(frequency_hz: float, duration_s: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(round(duration_s * RATE_HZ)) / RATE_HZ).astype(np.float32)


@pytest.mark.parametrize("gain_db", [-9.0, 0.0, 9.0])
def test_band_gets_its_gain_at_the_centre_and_none_far_away(gain_db):
    for frequency_hz, wanted_db in ((1000.0, gain_db), (40.0, 0.0)):
        before = tone(frequency_hz)
        after = equalise(before, ((1000.0, gain_db, 1.0),), RATE_HZ)
        change_db = 20 * np.log10(root_mean_square(after[RATE_HZ // 2 :]) / root_mean_square(before[RATE_HZ // 2 :]))
        assert change_db == pytest.approx(wanted_db, abs=0.3)


def test_room_decays_by_sixty_decibels_in_its_reverberation_time():
    impulse = np.zeros(RATE_HZ, dtype=np.float32)
    impulse[0] = 1.0
    conditions = Colouring((), rt60_s=0.5, wet_db=-6.0, snr_db=40.0, noise_slope=0.0)
    tail = add_room(impulse, conditions, RATE_HZ, np.random.default_rng(0))[1:]
    early = root_mean_square(tail[: RATE_HZ // 20])
    late = root_mean_square(tail[round(0.4 * RATE_HZ) : round(0.45 * RATE_HZ)])
    # 60 dB in 0.5 s are 48 dB in 0.4 s.
    assert 20 * np.log10(early / late) == pytest.approx(48.0, abs=3.0)
    assert np.abs(tail[round(0.5 * RATE_HZ) :]).max() < 1e-5


@pytest.mark.parametrize("slope", [-2.0, -1.0, 0.0])
def test_noise_has_unit_power_and_the_asked_slope(slope):
    noise = coloured_noise(1 << 16, slope, np.random.default_rng(0))
    assert root_mean_square(noise) == pytest.approx(1.0, rel=1e-3)
    power = np.abs(np.fft.rfft(noise)) ** 2
    low, high = power[1024:2048].mean(), power[8192:16384].mean()
    # Three octaves apart.
    assert 10 * np.log10(high / low) == pytest.approx(3 * 3.01 * slope, abs=1.0)


def test_noise_lies_under_the_music_by_the_asked_ratio():
    music = tone(440.0)
    clean = Colouring((), rt60_s=0.2, wet_db=-60.0, snr_db=20.0, noise_slope=0.0)
    mixed = colour(music, clean, -30.0, RATE_HZ, np.random.default_rng(0))
    spectrum = np.abs(np.fft.rfft(mixed)) ** 2
    music_power = spectrum[430:451].sum()
    snr_db = 10 * np.log10(music_power / (spectrum.sum() - music_power))
    assert snr_db == pytest.approx(20.0, abs=0.5)
    assert 20 * np.log10(root_mean_square(mixed)) == pytest.approx(-30.0, abs=0.1)


def test_silence_is_refused():
    silent = Colouring((), 0.5, -12.0, 30.0, 0.0)
    with pytest.raises(ValueError, match="found silence"):
        colour(np.zeros(RATE_HZ, dtype=np.float32), silent, -20.0, RATE_HZ, np.random.default_rng(0))
