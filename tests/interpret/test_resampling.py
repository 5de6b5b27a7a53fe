"""Bootstrap of activations: estimates are those of the whole split, and samples spread about them."""

from dataclasses import replace

import numpy as np
import pytest

from clmr.interpret.resampling import evenness, group_draws, resampled_evenness, resampled_lifts
from clmr.interpret.tag_occurrence import tag_occurrence

from .examples import activations


def test_evenness_is_the_share_of_segments_that_a_feature_responds_to():
    values = np.zeros((20, 3))
    values[:, 0], values[:5, 1] = 3.0, 7.0
    np.testing.assert_allclose(evenness(values), [1.0, 0.25, 0.0])


def test_samples_of_evenness_spread_about_the_estimate():
    one = activations()
    found = resampled_evenness(one, 200, np.random.default_rng(0))
    assert found.by_seed == pytest.approx(evenness(one.values.astype(float)).mean())
    assert found.means.mean() == pytest.approx(found.by_seed[0], abs=0.01)
    assert 0 < found.means.std() < 0.05


def test_groups_are_drawn_as_wholes():
    draws = group_draws(np.array(["a", "a", "b", "c"]), 50, np.random.default_rng(0))
    assert draws.shape == (50, 3)
    assert (draws.sum(axis=1) == 3).all()


def test_lifts_are_those_of_the_counts():
    one = activations()
    lifts = resampled_lifts(one, [["techno"], ["flute", "solo"]], 30, 100, np.random.default_rng(0))
    found = tag_occurrence(one, one.values, 30)
    expected = (found.shares / found.frequency).mean(axis=0)
    np.testing.assert_allclose(lifts[0].by_seed, expected[0])
    np.testing.assert_allclose(lifts[1].by_seed, expected[2:].mean())
    assert lifts[0].means.shape == (100,)
    # Fewer clips that differ are in a sample, so its own strongest are a little further down the list.
    assert lifts[0].means.mean() == pytest.approx(lifts[0].by_seed[0], abs=0.15)


def test_features_that_too_few_segments_move_are_left_out():
    one = activations()
    values = np.concatenate([one.values, np.zeros((len(one.values), 2), dtype=np.float32)], axis=1)
    values[-29:, -1] = 1.0
    silent = replace(one, values=values)
    alone, among = (
        resampled_lifts(given, [["techno"]], 30, 20, np.random.default_rng(0))[0] for given in (one, silent)
    )
    np.testing.assert_allclose(among.by_seed, alone.by_seed)
    np.testing.assert_allclose(among.means, alone.means)
    with pytest.raises(ValueError, match="found no feature of 2 that at least 30 segments move"):
        resampled_lifts(replace(one, values=values[:, -2:]), [["techno"]], 30, 20, np.random.default_rng(0))


def test_a_tag_that_features_follow_has_a_larger_lift_than_one_that_none_follows():
    one = activations(follows=(0,) * 8)
    techno, solo = resampled_lifts(one, [["techno"], ["solo"]], 30, 100, np.random.default_rng(0))
    assert (techno.means - solo.means > 1).all()
