"""Metrics against scikit-learn, closed forms, and the bootstrap against its definition."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from clmr.evaluation.metrics import bootstrap_tag_means, clip_scores, mean_pr_auc, summary, summary_of, tag_scores


def example(n_clips: int = 60, n_tags: int = 5, decimals: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores with many ties."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, (n_clips, n_tags))
    return labels, np.round(rng.random((n_clips, n_tags)) + 0.3 * labels, decimals)


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


def test_bootstrap_draws_whole_groups():
    labels, scores = example(n_clips=40)
    groups = np.repeat(np.arange(20), 2)
    roc_auc, pr_auc = bootstrap_tag_means(labels, scores, groups, n_resamples=400, seed=0)
    assert roc_auc.mean() == pytest.approx(np.nanmean(tag_scores(labels, scores).roc_auc), abs=0.02)
    again, _ = bootstrap_tag_means(labels, scores, groups, n_resamples=400, seed=0)
    assert np.array_equal(roc_auc, again)
    single, _ = bootstrap_tag_means(np.repeat(labels, 5, 0), np.repeat(scores, 5, 0), np.repeat(groups, 5), 400, 0)
    # Copies of clips within a group carry no information: the interval must not shrink.
    assert single.std() == pytest.approx(roc_auc.std(), rel=1e-6)
    assert np.isfinite(pr_auc).all()


def test_interval_covers_the_estimate():
    labels, scores = example(n_clips=200)
    result = summary(labels, scores, np.arange(200), 500, 0)
    assert result["roc_auc_tag_low"] < result["roc_auc_tag"] < result["roc_auc_tag_high"]
    assert result["pr_auc_tag_low"] < result["pr_auc_tag"] < result["pr_auc_tag_high"]
    assert result["n_clips"] == 200
    for metric, samples in zip(
        ("roc_auc_tag", "pr_auc_tag"), bootstrap_tag_means(labels, scores, np.arange(200), 500, 0), strict=True
    ):
        assert result[f"{metric}_se"] == pytest.approx(samples.std())
        assert result[f"{metric}_high"] - result[metric] == pytest.approx(1.96 * samples.std())
        assert result[metric] - result[f"{metric}_low"] == pytest.approx(1.96 * samples.std())


def test_bounds_stay_within_what_a_score_can_be():
    labels, scores = example(n_clips=6, n_tags=3)
    for ranked in (scores, -scores):
        result = summary(labels, ranked, np.arange(6), 200, 0)
        assert all(
            0 <= result[f"{metric}_tag_{end}"] <= 1 for metric in ("roc_auc", "pr_auc") for end in ("low", "high")
        )
    assert summary(labels, labels + 0.1 * scores, np.arange(6), 200, 0)["pr_auc_tag_high"] == 1.0


def test_several_probes_have_the_mean_of_their_scores_and_not_the_score_of_their_mean():
    labels, scores = example(n_clips=80)
    stacked = np.stack([scores, np.round(scores[::-1], 1), scores * np.random.default_rng(1).random(scores.shape)])
    for measure in (tag_scores, clip_scores):
        alone = np.mean([measure(labels, own).pr_auc for own in stacked], axis=0)
        np.testing.assert_allclose(measure(labels, stacked).pr_auc, alone, rtol=1e-12)
    assert mean_pr_auc(labels, stacked).tolist() == [mean_pr_auc(labels, own)[0] for own in stacked]
    groups = np.arange(80) // 2
    samples = [bootstrap_tag_means(labels, own, groups, 100, 0)[1] for own in stacked]
    found = summary(labels, stacked, groups, 100, 0)
    assert found["pr_auc_tag_se"] == pytest.approx(np.mean(samples, axis=0).std())
    assert found["pr_auc_tag"] != pytest.approx(summary(labels, stacked.mean(axis=0), groups, 100, 0)["pr_auc_tag"])


def test_clips_of_a_store_are_drawn_by_their_group(store):
    rows = store.rows("test")
    scores = np.random.default_rng(0).random((len(rows), 4))
    of_store = summary_of(store, rows, scores, 50, 0)
    assert of_store == summary(store.tags[rows], scores, store.clips.group_id.to_numpy()[rows], 50, 0)
    families = store.clips.assign(group_id=store.clips.track_id.str.slice(0, 7))
    merged = summary_of(replace(store, clips=families), rows, scores, 50, 0)
    assert merged["pr_auc_tag"] == of_store["pr_auc_tag"]
    assert merged["pr_auc_tag_se"] != of_store["pr_auc_tag_se"]


def test_a_test_split_of_one_group_has_no_interval():
    labels, scores = example(n_clips=4)
    with pytest.raises(ValueError, match=r"all 4 clips are of the group \['a'\], .*; an interval needs .* 2 groups"):
        summary(labels, scores, np.repeat("a", 4), 20, 0)


def test_the_smallest_test_split_is_scored():
    found = summary(np.array([[1, 0], [0, 1]]), np.array([[0.2, 0.3], [0.1, 0.4]]), np.arange(2), 20, 0)
    assert (found["pr_auc_tag"], found["pr_auc_tag_se"], found["n_clips"]) == (1.0, 0.0, 2)


def test_resamples_that_leave_nothing_to_score_are_told():
    # A sample of one of the two clips, drawn twice, has positives or negatives, and not both.
    labels, scores = np.array([[1], [0]]), np.array([[0.2], [0.1]])
    seed = next(seed for seed in range(20) if set(np.random.default_rng(seed).multinomial(2, [0.5, 0.5])) == {0, 2})
    with pytest.raises(ValueError, match="none of 1 bootstrap samples of 2 groups of clips leaves a tag"):
        bootstrap_tag_means(labels, scores, np.arange(2), 1, seed)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"share one shape \(B, K\), .*got \(2, 3\) and \(2, 2\)"):
        tag_scores(np.ones((2, 3)), np.ones((2, 2)))
    with pytest.raises(ValueError, match="must be finite, found 1"):
        tag_scores(np.ones((1, 2)), np.array([[0.0, np.nan]]))
    with pytest.raises(ValueError, match="none of the 2 tags"):
        tag_scores(np.zeros((3, 2)), np.ones((3, 2)))
