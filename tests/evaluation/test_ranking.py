"""Areas under curves against scikit-learn, with ties, with weights, and of many tags at once."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from clmr.evaluation.ranking import areas_by_tag, weighted_auc


def example(n_clips: int = 60, n_tags: int = 5, decimals: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores, the fewer decimals the more ties."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, (n_clips, n_tags))
    return labels, np.round(rng.random((n_clips, n_tags)) + 0.3 * labels, decimals)


@pytest.mark.parametrize("decimals", [0, 1, 6])
@pytest.mark.parametrize("kind", [np.int32, np.float64])
def test_weighted_areas_equal_scikit_learn(decimals, kind):
    labels, scores = example(decimals=decimals)
    weights = np.random.default_rng(0).integers(0, 4, (7, 60)).astype(kind)
    roc_auc, pr_auc = weighted_auc(labels[:, 0], scores[:, 0], weights)
    for index, row in enumerate(weights):
        assert roc_auc[index] == pytest.approx(roc_auc_score(labels[:, 0], scores[:, 0], sample_weight=row))
        expected = average_precision_score(labels[:, 0], scores[:, 0], sample_weight=row)
        assert pr_auc[index] == pytest.approx(expected)


def test_weights_below_one_are_weights_too():
    labels, scores = example()
    weights = np.random.default_rng(0).random((3, 60))
    small = weighted_auc(labels[:, 0], scores[:, 0], weights / 1_000)
    np.testing.assert_allclose(small, weighted_auc(labels[:, 0], scores[:, 0], weights), rtol=1e-12)


def test_a_weighting_without_positives_or_negatives_is_nan():
    labels, scores = np.array([1, 1, 0]), np.array([0.3, 0.2, 0.1])
    roc_auc, pr_auc = weighted_auc(labels, scores, np.array([[0.0, 0, 1], [1, 1, 0], [1, 1, 1]]))
    assert np.isnan(roc_auc).tolist() == [True, True, False]
    assert np.isnan(pr_auc).tolist() == [True, True, False]


@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_all_tags_of_all_probes_equal_those_of_each_by_itself(decimals):
    labels, scores = example(decimals=decimals)
    stacked = np.stack([scores, scores[::-1], np.zeros_like(scores)])
    roc_auc, pr_auc = areas_by_tag(labels, stacked)
    for probe, own in enumerate(stacked):
        for tag in range(5):
            alone = weighted_auc(labels[:, tag], own[:, tag], np.ones((1, 60), dtype=np.int64))
            assert (roc_auc[probe, tag], pr_auc[probe, tag]) == pytest.approx((alone[0][0], alone[1][0]), abs=1e-14)
    # All scores alike: one threshold, so precision is the share of positives.
    np.testing.assert_allclose(roc_auc[2], 0.5)
    np.testing.assert_allclose(pr_auc[2], labels.mean(axis=0))


def test_a_perfect_ranking_has_areas_of_exactly_one():
    labels = np.array([[1], [0], [1], [0], [0]])
    assert [area.tolist() for area in areas_by_tag(labels, labels[None].astype(float))] == [[[1.0]], [[1.0]]]
