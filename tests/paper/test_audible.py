"""Which tags a reference hears is decided on validation, and shown with what it scores on the test split."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from clmr.paper import audible
from clmr.paper.clips import precision_by_seed

from .examples import N_TAGS, RESAMPLING, by_key, clips, score_row, supervised, system

LOG_MEL = clips(system("log_mel"), skill=3.0)


def deaf_to_the_last(one):
    """The same, with scores of the last tag that say nothing of it."""
    noise = np.random.default_rng(9).normal(size=len(one.clip_ids))
    scores = one.by_seed[0].copy()
    scores[:, -1] = noise
    return dataclasses.replace(one, by_seed=(scores,))


def test_references_are_log_mel_statistics_and_the_supervised_system_that_is_best():
    good, bad = supervised("pons", skill=2.0), supervised("sample_cnn", skill=0.2)
    found = audible.references(by_key(bad, good, LOG_MEL, clips(system("clmr"), skill=9.0)), "scores")
    assert {name: one.scored.system for name, one in found.items()} == {"log_mel": "log_mel", "supervised": "pons"}
    assert audible.references(by_key(clips(system("clmr"))), "scores") == {}


def test_a_tag_is_audible_where_one_reference_hears_it():
    heard = audible.audible_by_corpus(by_key(deaf_to_the_last(LOG_MEL)))
    assert heard["scores"].tolist() == [True, True, False]
    with_network = by_key(deaf_to_the_last(LOG_MEL), supervised(skill=3.0))
    assert audible.audible_by_corpus(with_network)["scores"].all()


def test_a_corpus_without_references_has_no_audible_tags():
    assert audible.audible_by_corpus(by_key(clips(system("clmr")))) == {"scores": None}


def test_rows_get_the_mean_over_audible_tags_seed_by_seed():
    one = clips(system("clmr"), n_seeds=2)
    stage = one.scored.stage
    rows = {stage: [score_row(seed=3), score_row(seed=5)]}
    found = audible.with_audible(rows, by_key(one), {"scores": np.array([True, False, True])}, RESAMPLING)[stage]
    assert [row["pr_auc_audible"] for row in found] == precision_by_seed(one, np.array([0, 2])).tolist()
    assert [row["seed"] for row in found] == [3, 5]
    assert found[0]["n_tags_audible"] == 2
    assert 0 < found[0]["pr_auc_audible_se"] < 0.2
    assert rows[stage][0] == score_row(seed=3)


@pytest.mark.parametrize("heard", [None, np.zeros(N_TAGS, dtype=bool)])
def test_rows_stay_as_they_are_without_audible_tags(heard):
    one = clips(system("clmr"))
    rows = {one.scored.stage: [score_row()]}
    assert audible.with_audible(rows, by_key(one), {"scores": heard}, RESAMPLING) == rows


def test_the_table_of_tags_shows_test_scores_and_puts_what_nobody_hears_first():
    network, test = supervised(skill=3.0), by_key(LOG_MEL, supervised(skill=0.5))
    table = audible.tags_of_corpora(
        by_key(LOG_MEL, network), test, {"scores": np.array([True, True, False])}, RESAMPLING
    )
    assert tuple(table.columns) == audible.TAG_COLUMNS
    assert table.tag.tolist() == ["march", "piano", "flute"]
    assert table.audible.tolist() == [False, True, True]
    np.testing.assert_array_equal(table.n_test_positives, LOG_MEL.labels.sum(axis=0)[[2, 0, 1]])
    # Those of the test split, where the network is worse than on validation.
    assert (table.supervised < table.log_mel).all()
    assert (table.log_mel_low < table.log_mel).all()
    assert (table.supervised_high > table.supervised).all()
    assert set(table.supervised_system) == {"sample_cnn"}


def test_tags_without_a_positive_or_a_reference_have_empty_cells():
    labels = LOG_MEL.labels.copy()
    labels[:, 1] = 0
    without = dataclasses.replace(LOG_MEL, labels=labels)
    table = audible.tags_of_corpora(by_key(without), by_key(without), {"scores": np.ones(3, dtype=bool)}, RESAMPLING)
    assert table.log_mel.isna().tolist() == [False, True, False]
    assert table.supervised.isna().all()
    nobody = by_key(clips(system("clmr")))
    table = audible.tags_of_corpora(nobody, nobody, {"scores": None}, RESAMPLING)
    assert table.audible.isna().all()
    assert pd.isna(table.supervised_system).all()
