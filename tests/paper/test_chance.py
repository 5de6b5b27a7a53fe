"""Chance is what a random order scores, not less."""

import dataclasses
from itertools import combinations

import numpy as np
import pytest

from clmr.evaluation.metrics import tag_scores
from clmr.paper.chance import chance_by_corpus, chance_precision, chance_scores

from .examples import by_key, clips, supervised, system


@pytest.mark.parametrize(("n_positives", "n"), [(1, 5), (2, 6), (4, 6)])
def test_expected_precision_is_the_mean_over_all_orders(n_positives, n):
    ranking = -np.arange(n, dtype=float)[:, None]
    found = []
    for positions in combinations(range(n), n_positives):
        labels = np.isin(np.arange(n), positions).astype(int)[:, None]
        found.append(tag_scores(labels, ranking).pr_auc[0])
    assert chance_precision(np.array([n_positives]), n)[0] == pytest.approx(np.mean(found))


def test_with_many_clips_it_is_the_prevalence():
    assert chance_precision(np.array([100_000]), 1_000_000)[0] == pytest.approx(0.1, abs=1e-4)


def test_tags_that_cannot_be_scored_have_no_chance():
    labels = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 1]], dtype=np.uint8)
    expected = chance_precision(np.array([1]), 3)[0]
    found = chance_scores(labels, np.array([True, True, False]))
    assert found["pr_auc_tag"] == found["pr_auc_audible"] == pytest.approx(expected)
    assert found["roc_auc_tag"] == 0.5
    assert "pr_auc_audible" not in chance_scores(labels, np.array([False, True, False]))
    assert "pr_auc_audible" not in chance_scores(labels, None)


def test_the_clips_are_those_of_the_system_that_scored_most():
    whole, partial = clips(system("clmr")), supervised("pons")
    partial = dataclasses.replace(partial, labels=1 - partial.labels).of(partial.clip_ids[:40])
    found = chance_by_corpus(by_key(partial, whole), {"scores": None})
    assert found["scores"]["pr_auc_tag"] == chance_scores(whole.labels, None)["pr_auc_tag"]
