from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from clmr.corpora.rendered.colouring import root_mean_square
from clmr.corpora.rendered.reading import read_score
from clmr.corpora.rendered.rendering import play_clip, render_clip
from clmr.corpora.rendered.touch import TREBLE_DB, touched

RATE_HZ = 22050


@pytest.mark.parametrize("touch", sorted(TREBLE_DB))
def test_bass_keeps_its_level_and_treble_gets_its_gain(touch):
    wanted_db = TREBLE_DB[touch]
    for frequency_hz, expected_db in ((40, 0.0), (1000, wanted_db / 2), (9000, wanted_db)):
        tone = np.sin(2 * np.pi * frequency_hz * np.arange(RATE_HZ) / RATE_HZ)
        filtered = touched(tone, touch, RATE_HZ)
        change_db = 20 * np.log10(root_mean_square(filtered[RATE_HZ // 2 :]) / root_mean_square(tone[RATE_HZ // 2 :]))
        # A shelf of first order has not quite arrived three octaves off its centre.
        assert change_db == pytest.approx(expected_db, abs=0.4)


def test_parts_may_be_filtered_together():
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 999)).astype(np.float32)
    together = touched(first + second, "soft", RATE_HZ)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, touched(first, "soft", RATE_HZ) + touched(second, "soft", RATE_HZ), atol=1e-5)


def test_touch_is_heard_far_above_the_noise(params, many_plans):
    """The same clips played softly and hard differ several times as much as with another seed of the noise."""
    plans = [plan for plan in many_plans if plan.work.is_tune and plan.production.touch == "normal"][::60]
    by_touch, by_noise = [], []
    for plan in plans:
        score = read_score(plan.work)
        soft, hard = (replace(plan, production=replace(plan.production, touch=touch)) for touch in ("soft", "hard"))
        players = play_clip(soft, score, params)
        # The start of a clip is part of the seed of its noise; what is played is already decided.
        moved = replace(soft, start_fraction=soft.start_fraction / 2)
        reference = log_spectrum(render_clip(soft, players, params))
        by_noise.append(distance(reference, log_spectrum(render_clip(moved, players, params))))
        by_touch.append(distance(reference, log_spectrum(render_clip(hard, play_clip(hard, score, params), params))))
    assert (np.array(by_touch) > by_noise).all()
    assert np.mean(by_touch) > 4 * np.mean(by_noise)


def log_spectrum(samples: np.ndarray) -> np.ndarray:
    """Decadic logarithm of the mean power in bands of a third of an octave from 50 Hz to 4 kHz."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    edges_hz = 50 * 2 ** (np.arange(20) / 3)
    bands = np.searchsorted(np.fft.rfftfreq(len(samples), 1 / RATE_HZ), edges_hz)
    return np.log10([power[low:high].mean() for low, high in pairwise(bands)])


def distance(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first - second).mean())
