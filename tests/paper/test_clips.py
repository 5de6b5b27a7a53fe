"""Systems are compared on the clips that all of them scored, clip by clip."""

import dataclasses

import numpy as np
import pytest

from clmr.paper.clips import (
    bootstrap_deviation,
    on_common_clips,
    precision_by_seed,
    resampled,
    resampled_pairs,
    scorable,
)

from .examples import RESAMPLING, clips, supervised, system


def test_common_clips_stand_in_one_order():
    whole = clips(system("clmr"))
    # Another order and fewer clips, as a system with a long input would have.
    partial = supervised("pons").of(whole.clip_ids[::-1][10:])
    first, second = on_common_clips([whole, partial])
    assert first.clip_ids.tolist() == second.clip_ids.tolist() == whole.clip_ids[:-10].tolist()
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_array_equal(second.by_seed[0], supervised("pons").by_seed[0][:-10])


def test_scores_of_several_probes_lose_clips_and_no_probe():
    one = clips(system("clmr"))
    probes = dataclasses.replace(one, by_seed=(np.stack([one.by_seed[0], 2 * one.by_seed[0]]),))
    kept = probes.of(one.clip_ids[[5, 2]])
    assert kept.by_seed[0].shape == (2, 2, 3)
    np.testing.assert_array_equal(kept.by_seed[0][1], 2 * one.by_seed[0][[5, 2]])


def test_systems_without_a_common_clip_are_named():
    one = clips(system("clmr"))
    other = dataclasses.replace(clips(system("cpc")), clip_ids=np.array([f"other{number}" for number in range(120)]))
    with pytest.raises(ValueError, match="no clip that all of evaluate@clmr_scores, evaluate@cpc_scores scored"):
        on_common_clips([one, other])


def test_pairs_meet_on_the_clips_of_all_systems_of_their_corpus_and_each_is_resampled_once():
    whole, short, other = clips(system("clmr")), clips(system("cpc")), clips(system("clmr", "merlin"))
    short = short.of(short.clip_ids[:-5])
    (_, fewer), (again, _), (far, same) = resampled_pairs([(whole, short), (short, whole), (other, other)], RESAMPLING)
    assert again is fewer
    np.testing.assert_array_equal(fewer.means, resampled(short, RESAMPLING).means)
    assert far is same
    np.testing.assert_array_equal(far.means, resampled(other, RESAMPLING).means)
    assert resampled_pairs([], RESAMPLING) == []


def test_a_mean_over_some_tags_is_theirs_alone():
    one = clips(system("clmr"), n_seeds=2)
    by_tag = [precision_by_seed(one, np.array([tag])) for tag in (0, 2)]
    both = precision_by_seed(one, np.array([True, False, True]))
    assert both.shape == (2,)
    np.testing.assert_allclose(both, np.mean(by_tag, axis=0))
    np.testing.assert_allclose(precision_by_seed(one, np.arange(3)), resampled(one, RESAMPLING).by_seed)


def test_the_deviation_is_that_of_one_network_with_clips_of_a_group_drawn_together():
    one = clips(system("clmr"))
    tags = np.arange(3)
    probes = dataclasses.replace(one, by_seed=(np.stack([one.by_seed[0], 0 * one.by_seed[0]]),))
    deviation = bootstrap_deviation(one, tags, RESAMPLING)
    assert deviation == bootstrap_deviation(probes, tags, RESAMPLING)
    assert deviation == bootstrap_deviation(clips(system("clmr"), n_seeds=3), tags, RESAMPLING)
    assert deviation == pytest.approx(resampled(one, RESAMPLING).means.std())
    fewer = dataclasses.replace(one, groups=np.array([f"tune{number % 4}" for number in range(120)]))
    assert bootstrap_deviation(fewer, tags, RESAMPLING) != deviation


def test_tags_of_all_clips_or_of_none_cannot_be_scored():
    assert scorable(np.array([[1, 1, 0], [0, 1, 0]])).tolist() == [True, False, False]
