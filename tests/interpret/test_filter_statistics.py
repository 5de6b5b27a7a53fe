"""Numbers about spectra: peaks, bandwidths and limits of signals whose answer is known, and tests that tell."""

import numpy as np
import pytest

from clmr.interpret import filter_statistics as statistics

FREQUENCIES_HZ = np.arange(365) * 8_000 / 729


def tones(bins):
    return np.eye(len(FREQUENCIES_HZ))[bins]


def test_a_tone_has_the_width_of_a_bin_and_noise_that_of_the_range():
    widths = statistics.bandwidths_hz(np.concatenate([tones([100]), np.ones((1, 365))]), FREQUENCIES_HZ)
    np.testing.assert_allclose(widths, [FREQUENCIES_HZ[1], 365 * FREQUENCIES_HZ[1]])


def test_peaks_at_the_hop_are_told_from_others():
    peaks = statistics.peak_frequencies_hz(tones([243, 242, 100]), FREQUENCIES_HZ)
    share, chance = statistics.share_at_hop(peaks, 8_000, hop_samples=3, n_samples=729)
    assert share == pytest.approx(2 / 3)
    assert chance == pytest.approx(3 / 364)


def test_random_peaks_are_at_the_hop_as_often_as_chance_says():
    bins = np.random.default_rng(0).integers(1, 365, size=20_000)
    share, chance = statistics.share_at_hop(FREQUENCIES_HZ[bins], 8_000, hop_samples=27, n_samples=729)
    assert share == pytest.approx(chance, abs=0.01)


def test_networks_that_differ_are_told_apart_and_others_are_not():
    rng = np.random.default_rng(0)
    low, high = tones(rng.integers(1, 60, 64)), tones(rng.integers(200, 365, 64))
    apart = statistics.compare_filters(low, high, FREQUENCIES_HZ, 200, rng)
    assert apart.peaks_distance == 1
    assert apart.peaks_p < 1e-6
    alike = statistics.compare_filters(low, tones(rng.integers(1, 60, 64)), FREQUENCIES_HZ, 200, rng)
    assert alike.peaks_p > 0.01
    wide = statistics.compare_filters(low + 0.5, low, FREQUENCIES_HZ, 200, rng)
    assert wide.bandwidth_ratio > 10
    assert wide.bandwidth_p == pytest.approx(1 / 201)


def test_the_ratio_of_bandwidths_is_of_what_is_tested():
    # Half of them 365 bins wide and half one bin: a geometric mean of the root of 365.
    mixed = np.concatenate([np.ones((8, 365)), tones([100] * 8)])
    found = statistics.compare_filters(mixed, tones([100] * 16), FREQUENCIES_HZ, 9, np.random.default_rng(0))
    assert found.bandwidth_ratio == pytest.approx(365**0.5)


def test_the_permutation_test_is_as_often_wrong_as_its_level_says():
    rng = np.random.default_rng(0)
    p_values = [statistics.permutation_p(*rng.normal(size=(2, 12)), 99, rng) for _ in range(400)]
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.03)


def test_the_content_of_tones_ends_above_the_highest(store):
    # The corpus has tones of 160 to 1,875 Hz in noise of a hundredth of their power, spread over 4,000 Hz.
    limit_hz = statistics.content_limit_hz(store, 729, share=0.9)
    assert 1_200 < limit_hz < 2_000
    assert statistics.content_limit_hz(store, 729, share=0.9999) > 3_500
