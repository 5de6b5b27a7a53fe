"""Audible tags: those that one reference ranks well enough on validation."""

import numpy as np
import pytest

from clmr.evaluation.audible import AUDIBLE_ROC_AUC, audible_tags
from clmr.evaluation.metrics import tag_scores


def example() -> tuple[np.ndarray, list[np.ndarray]]:
    """Labels of 40 clips and three tags; the first reference hears the first tag, the second the second."""
    rng = np.random.default_rng(0)
    labels = np.tile([[1, 0, 1], [0, 1, 0], [0, 0, 1], [1, 1, 0]], (10, 1))
    noise = rng.random((40, 3))
    return labels, [noise + labels * [1, 0, 0], noise + labels * [0, 1, 0]]


def test_the_best_reference_decides():
    labels, references = example()
    roc_auc = np.max([tag_scores(labels, scores).roc_auc for scores in references], axis=0)
    assert roc_auc[2] < AUDIBLE_ROC_AUC <= min(roc_auc[:2])
    assert audible_tags(labels, references).tolist() == [True, True, False]
    assert audible_tags(labels, references[:1]).tolist() == [True, False, False]
    assert audible_tags(labels, references[1:]).tolist() == [False, True, False]


def test_a_tag_that_cannot_be_scored_is_not_audible():
    labels, references = example()
    labels[:, 0], labels[:, 1] = 0, 1
    references[0][:, 2] = labels[:, 2]
    assert audible_tags(labels, references).tolist() == [False, False, True]
    with pytest.raises(ValueError, match="none of the 3 tags has both positives and negatives"):
        audible_tags(0 * labels, references)


def test_scores_that_are_all_alike_make_no_tag_audible():
    labels, references = example()
    assert not audible_tags(labels, [np.zeros_like(references[0])]).any()


def test_a_tag_exactly_at_the_threshold_is_audible():
    # Of 10 x 10 pairs of a positive and a negative, 60 are in order and 10 are tied: 0.65.
    negatives, positive = np.arange(10.0), 6.0
    labels = np.array([[1]] * 10 + [[0]] * 10)
    scores = np.concatenate([np.full(10, positive), negatives])[:, None]
    assert tag_scores(labels, scores).roc_auc[0] == AUDIBLE_ROC_AUC
    assert audible_tags(labels, [scores]).tolist() == [True]


def test_a_reference_may_be_several_probes():
    labels, references = example()
    assert (
        audible_tags(labels, [np.stack(references)]).tolist()
        == (tag_scores(labels, np.stack(references)).roc_auc >= AUDIBLE_ROC_AUC).tolist()
    )


def test_no_reference_is_refused():
    with pytest.raises(ValueError, match="found no reference; audible tags are told by the scores of at least one"):
        audible_tags(example()[0], [])
