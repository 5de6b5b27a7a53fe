"""Metrics against scikit-learn, closed forms, and the bootstrap against its definition."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from clmr.evaluation.metrics import bootstrap_tag_means, clip_scores, mean_pr_auc, summary, tag_scores, weighted_auc


def example(n_clips: int = 60, n_tags: int = 5, decimals: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores with many ties."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, (n_clips, n_tags))
    return labels, np.round(rng.random((n_clips, n_tags)) + 0.3 * labels, decimals)


@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_weighted_scores_equal_scikit_learn(decimals):
    labels, scores = example(decimals=decimals)
    weights = np.random.default_rng(0).integers(0, 4, (7, 60)).astype(float)
    roc_auc, pr_auc = weighted_auc(labels[:, 0], scores[:, 0], weights)
    for index, row in enumerate(weights):
        assert roc_auc[index] == pytest.approx(roc_auc_score(labels[:, 0], scores[:, 0], sample_weight=row))
        expected = average_precision_score(labels[:, 0], scores[:, 0], sample_weight=row)
        assert pr_auc[index] == pytest.approx(expected)


@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_scores_of_tags_and_clips_equal_scikit_learn(decimals):
    labels, scores = example(n_clips=300, n_tags=20, decimals=decimals)
    for found, truth, ranked in (
        (tag_scores(labels, scores), labels, scores),
        (clip_scores(labels, scores), labels.T, scores.T),
    ):
        assert found.n_excluded == 0
        np.testing.assert_allclose(found.roc_auc, roc_auc_score(truth, ranked, average=None), rtol=0, atol=1e-12)
        expected = average_precision_score(truth, ranked, average=None)
        np.testing.assert_allclose(found.pr_auc, expected, rtol=0, atol=1e-12)


def test_the_mean_leaves_out_tags_that_cannot_be_scored():
    labels, scores = example()
    labels[:, 1] = 0
    expected = average_precision_score(np.delete(labels, 1, axis=1), np.delete(scores, 1, axis=1), average="macro")
    assert mean_pr_auc(labels, scores) == pytest.approx(expected)
    with pytest.raises(ValueError, match="none of the 5 tags has both positives and negatives"):
        mean_pr_auc(0 * labels, scores)


def test_weighting_without_positives_or_negatives_is_nan():
    labels, scores = np.array([1, 1, 0]), np.array([0.3, 0.2, 0.1])
    roc_auc, pr_auc = weighted_auc(labels, scores, np.array([[0.0, 0, 1], [1, 1, 0], [1, 1, 1]]))
    assert np.isnan(roc_auc).tolist() == [True, True, False]
    assert np.isnan(pr_auc).tolist() == [True, True, False]


def test_tags_without_positives_or_negatives_are_excluded_and_counted():
    labels, scores = example()
    labels[:, 1], labels[:, 3] = 0, 1
    result = tag_scores(labels, scores)
    assert result.n_excluded == 2
    kept = [0, 2, 4]
    assert result.roc_auc[kept] == pytest.approx(roc_auc_score(labels[:, kept], scores[:, kept], average=None))
    assert summary(labels, scores, np.arange(60), 20, 0)["n_tags_excluded"] == 2


def test_clip_scores_rank_tags_within_clips():
    labels, scores = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]]), np.array([[3, 2, 1], [3, 2, 1], [1, 2, 3]])
    result = clip_scores(labels, scores)
    assert result.roc_auc[:2].tolist() == [1.0, 0.0]
    assert result.n_excluded == 1


def test_bootstrap_draws_whole_tracks():
    labels, scores = example(n_clips=40)
    tracks = np.repeat(np.arange(20), 2)
    roc_auc, pr_auc = bootstrap_tag_means(labels, scores, tracks, n_resamples=400, seed=0)
    assert roc_auc.mean() == pytest.approx(np.nanmean(tag_scores(labels, scores).roc_auc), abs=0.02)
    again, _ = bootstrap_tag_means(labels, scores, tracks, n_resamples=400, seed=0)
    assert np.array_equal(roc_auc, again)
    single, _ = bootstrap_tag_means(np.repeat(labels, 5, 0), np.repeat(scores, 5, 0), np.repeat(tracks, 5), 400, 0)
    # Copies of clips within a track carry no information: the interval must not shrink.
    assert single.std() == pytest.approx(roc_auc.std(), rel=1e-6)
    assert np.isfinite(pr_auc).all()


def test_interval_covers_the_estimate():
    labels, scores = example(n_clips=200)
    result = summary(labels, scores, np.arange(200), 500, 0)
    assert result["roc_auc_tag_low"] < result["roc_auc_tag"] < result["roc_auc_tag_high"]
    assert result["pr_auc_tag_low"] < result["pr_auc_tag"] < result["pr_auc_tag_high"]
    assert result["n_clips"] == 200


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"share one shape \(B, K\), got \(2, 3\) and \(2, 2\)"):
        tag_scores(np.ones((2, 3)), np.ones((2, 2)))
    with pytest.raises(ValueError, match="must be finite, found 1"):
        tag_scores(np.ones((1, 2)), np.array([[0.0, np.nan]]))
    with pytest.raises(ValueError, match="none of the 2 tags"):
        tag_scores(np.zeros((3, 2)), np.ones((3, 2)))
