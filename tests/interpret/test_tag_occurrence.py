"""Tags of strongest segments: those that a feature follows are over-represented, clips count once, others pass."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from clmr.interpret.tag_occurrence import clips_of, leading_tags, occurrence_table, tag_occurrence

from .examples import TAGS, activations, untagged


def test_tags_that_features_follow_are_over_represented_and_no_others():
    one = activations()
    found = tag_occurrence(one, one.values, 30)
    assert found.over_represented()[:3, :3].tolist() == np.eye(3, dtype=bool).tolist()
    assert not found.over_represented()[3:].any()
    assert [leading_tags(found, row) for row in range(4)] == [("techno",), ("guitar",), ("flute",), ()]


def test_a_cell_is_the_upper_tail_of_a_hypergeometric_distribution():
    one = activations()
    found = tag_occurrence(one, one.values, 30)
    firsts, _ = clips_of(one)
    with_tag = one.tags[firsts].sum(axis=0)
    n, k = int(found.n_clips[3]), int(found.counts[3, 1])
    expected = sum(stats.hypergeom.pmf(i, 120, with_tag[1], n) for i in range(k, n + 1))
    assert found.p_values[3, 1] == pytest.approx(expected)


def test_a_clip_counts_once_however_many_of_its_segments_are_strong():
    one = activations()
    strong = one.values.copy()
    strong[:5, 4] += 10
    found = tag_occurrence(one, strong, 5)
    assert found.n_clips[4] == 1
    assert found.counts[4].tolist() == one.tags[0].tolist()
    # One clip can never be more than chance explains.
    assert found.p_values[4].min() > 0.05


def test_random_features_are_rarely_over_represented():
    hits = []
    for seed in range(20):
        one = activations(follows=(), seed=seed)
        hits.append(tag_occurrence(one, one.values, 30).over_represented().any())
    assert np.mean(hits) <= 0.2


def test_features_that_few_segments_move_are_left_out_and_counted():
    one = activations()
    values = one.values.copy()
    values[29:, 6] = 0
    values[:29, 6] = 1
    found = tag_occurrence(one, values, 30)
    assert found.n_silent == 1
    assert found.features.tolist() == [0, 1, 2, 3, 4, 5, 7]


def test_a_corpus_without_tags_has_none_to_count():
    one = untagged()
    assert tag_occurrence(one, one.values, 30) is None
    assert occurrence_table(None).empty
    silent = activations()
    assert tag_occurrence(replace(silent, tags=np.zeros_like(silent.tags)), silent.values, 30) is None


def test_fewer_segments_than_asked_for_are_refused():
    one = activations(n_clips=4)
    with pytest.raises(ValueError, match="found n_segments 30, the test split has 20 segments"):
        tag_occurrence(one, one.values, 30)


def test_the_table_has_a_row_per_feature_and_tag():
    one = activations()
    found = tag_occurrence(one, one.values, 30)
    table = occurrence_table(found)
    assert len(table) == 8 * len(TAGS)
    row = table[(table.feature == 2) & (table.tag == "flute")].iloc[0]
    assert row.share == row.n_with_tag / row.n_clips
    assert row.p_adjusted >= row.p
