"""ROC-AUC and PR-AUC of multi-label scores, over tags and over clips, with bootstrap intervals.

TAG scores measure for each tag how well it ranks the clips, and average over tags; CLIP scores measure for
each clip how well its tags are ranked, and average over clips (thesis section 2.6.1).

Scores have the shape (B, K), or (P, B, K) if they come from P probes of one encoder. Every metric is then the mean
of the probes' own: the metric of their mean scores would be that of an ensemble, which is better than any of them.
"""

from dataclasses import dataclass

import numpy as np

from clmr.corpora.store import Store
from clmr.evaluation.ranking import areas_by_tag, weighted_auc

DEVIATIONS = 1.96
"""Standard deviations that a normal 95 % interval reaches to either side."""


@dataclass(frozen=True)
class TagScores:
    """Scores of each tag; NaN for a tag that has no positive, or no negative, among the clips.

    Attributes:
        roc_auc: Shape (K,).
        pr_auc: Average precision, shape (K,).
    """

    roc_auc: np.ndarray
    pr_auc: np.ndarray

    @property
    def n_excluded(self) -> int:
        """Number of tags that could not be scored and are left out of the means."""
        return int(np.isnan(self.roc_auc).sum())


def tag_scores(labels: np.ndarray, scores: np.ndarray) -> TagScores:
    """ROC-AUC and average precision of each tag.

    Source: thesis section 2.6.1.
    Differs: the thesis does not say what happens to tags without positives; here they are left out and
        counted.

    Args:
        labels: 0/1, shape (B, K).
        scores: Any real numbers that rank clips, shape (B, K) or (P, B, K).

    Raises:
        ValueError: If the shapes differ or no tag can be scored.

    >>> labels = np.array([[1, 0], [0, 0], [1, 0]])
    >>> tag_scores(labels, np.array([[.9, .5], [.1, .5], [.8, .5]])).roc_auc
    array([ 1., nan])
    """
    stacked, usable = _by_probe(labels, scores), _scorable(labels)
    found = np.full((2, labels.shape[1]), np.nan)
    # Not scikit-learn's, with which these agree up to rounding: importing it takes as long as importing torch.
    for values, areas in zip(found, areas_by_tag(labels[:, usable], stacked[..., usable]), strict=True):
        values[usable] = areas.mean(axis=0)
    return TagScores(*found)


def mean_pr_auc(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Average precision of each of P probes, averaged over the tags that can be scored, shape (P,).

    Args:
        labels: 0/1, shape (B, K).
        scores: Real numbers, shape (P, B, K), or (B, K) for one.

    Raises:
        ValueError: If the shapes differ or no tag can be scored.

    >>> mean_pr_auc(np.array([[1, 0], [0, 0], [1, 0]]), np.array([[.1, .5], [.2, .5], [.8, .5]]))
    array([0.83333333])
    """
    stacked, usable = _by_probe(labels, scores), _scorable(labels)
    return areas_by_tag(labels[:, usable], stacked[..., usable])[1].mean(axis=1)


def clip_scores(labels: np.ndarray, scores: np.ndarray) -> TagScores:
    """ROC-AUC and average precision of each clip over the tags; NaN for a clip that has no tag, or all of them.

    Source: thesis section 2.6.1; the released code leaves out clips without a tag, too.

    Args:
        labels: 0/1, shape (B, K).
        scores: Real numbers, shape (B, K) or (P, B, K).

    Raises:
        ValueError: If the shapes differ or no clip can be scored.

    >>> clip_scores(np.array([[1, 0], [0, 0]]), np.array([[.9, .5], [.1, .5]])).roc_auc
    array([ 1., nan])
    """
    return tag_scores(labels.T, scores.swapaxes(-1, -2))


def summary_of(store: Store, rows: np.ndarray, scores: np.ndarray, n_resamples: int, seed: int) -> dict[str, float]:
    """:func:`summary` of the scores of some clips of a store.

    Args:
        store: Source of their tags and groups.
        rows: Rows of the clips in the store, shape (B,).
        scores: Their scores, shape (B, K) or (P, B, K).
        n_resamples: Bootstrap samples.
        seed: Seed of the bootstrap.
    """
    groups = store.clips.group_id.to_numpy()[rows]
    return summary(store.tags[rows], scores, groups, n_resamples, seed)


def summary(
    labels: np.ndarray, scores: np.ndarray, groups: np.ndarray, n_resamples: int, seed: int
) -> dict[str, float]:
    """Mean TAG and CLIP scores with 95 % intervals of the TAG scores, under the column names of our tables.

    An interval is the estimate -/+ 1.96 standard deviations of the mean score over bootstrap samples of *groups*,
    within [0, 1]; the deviation is the column ``*_se``. Clips of one group, such as settings of one tune, are not
    independent, so they are drawn together. With P probes it is the deviation of their mean score.

    What an interval covers is the score to expect on a test split of this size: average precision rises when
    there are few clips, and its macro mean on 300 clips lies about 1.5 points above that of a whole population.
    Not percentiles of the bootstrap: a sample repeats positives, which then lie next to each other in the ranking,
    so that its precision is too high. In 1,300 test splits simulated as in ``tests/evaluation/test_coverage.py``,
    this interval contained what is to be expected in 94 of 100 cases, percentiles in 81, and nearly always above it.
    Differences between systems have next to no such bias: :mod:`clmr.evaluation.comparison`.

    Differs: the thesis gives no intervals.

    Args:
        labels: 0/1, shape (B, K).
        scores: Real numbers, shape (B, K) or (P, B, K).
        groups: Group of each clip, shape (B,).
        n_resamples: Bootstrap samples R.
        seed: Seed of the bootstrap.

    Raises:
        ValueError: If the shapes differ, nothing can be scored, or there is only one group.

    >>> labels, scores = np.array([[1, 0], [0, 1], [1, 1]]), np.array([[.9, .1], [.1, .7], [.8, .6]])
    >>> summary(labels, scores, np.arange(3), n_resamples=4, seed=0)["pr_auc_tag"]
    1.0
    """
    tags, clips = tag_scores(labels, scores), clip_scores(labels, scores)
    roc_auc, pr_auc = bootstrap_tag_means(labels, scores, groups, n_resamples, seed)
    return {
        **_with_interval("roc_auc_tag", tags.roc_auc, roc_auc),
        **_with_interval("pr_auc_tag", tags.pr_auc, pr_auc),
        "roc_auc_clip": float(np.nanmean(clips.roc_auc)),
        "pr_auc_clip": float(np.nanmean(clips.pr_auc)),
        "n_tags_excluded": tags.n_excluded,
        "n_clips": len(labels),
    }


def _with_interval(name: str, by_tag: np.ndarray, resampled: np.ndarray) -> dict[str, float]:
    """A column for the mean over tags, one for each bound, and one for the deviation of the resampled means."""
    estimate, deviation = float(np.nanmean(by_tag)), float(np.nanstd(resampled))
    return {
        name: estimate,
        f"{name}_low": max(estimate - DEVIATIONS * deviation, 0.0),
        f"{name}_high": min(estimate + DEVIATIONS * deviation, 1.0),
        f"{name}_se": deviation,
    }


def bootstrap_tag_means(
    labels: np.ndarray, scores: np.ndarray, groups: np.ndarray, n_resamples: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean TAG ROC-AUC and PR-AUC of R bootstrap samples of groups, each of shape (R,).

    A sample counts each clip as often as its group was drawn. Tags that have no positives or no negatives
    in a sample are left out of its means; a mean is NaN if no tag is left.

    Args:
        labels: 0/1, shape (B, K).
        scores: Real numbers, shape (B, K) or (P, B, K).
        groups: Group of each clip, shape (B,).
        n_resamples: R.
        seed: Seed of the draws, which are the same for all scores of the same clips.

    Raises:
        ValueError: If the shapes differ, no tag can be scored, in none of the samples, or there is only one group.

    >>> labels, scores = np.array([[1], [0], [1]]), np.array([[.9], [.1], [.8]])
    >>> [means.shape for means in bootstrap_tag_means(labels, scores, np.arange(3), n_resamples=4, seed=0)]
    [(4,), (4,)]
    """
    stacked, usable = _by_probe(labels, scores), _scorable(labels)
    # Counts serve as weights, so one sort per tag serves all samples; repeating clips would mean sorting each anew.
    weights = _draws(groups, n_resamples, seed)
    per_probe = [
        _mean_of_scored(np.array([weighted_auc(labels[:, tag], probe[:, tag], weights) for tag in usable]))
        for probe in stacked
    ]
    roc_auc, pr_auc = np.mean(per_probe, axis=0)
    if np.isnan(roc_auc).all():
        raise ValueError(
            f"none of {n_resamples} bootstrap samples of {len(np.unique(groups))} groups of clips leaves a tag with "
            f"both positives and negatives; use more test clips or more resamples"
        )
    return roc_auc, pr_auc


def _draws(groups: np.ndarray, n_resamples: int, seed: int) -> np.ndarray:
    """How often each of R bootstrap samples of groups counts each clip, shape (R, B)."""
    names, group_of_clip = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise ValueError(
            f"all {len(groups)} clips are of the group {names.tolist()}, whose resamples are all alike; an interval "
            f"needs test clips of at least 2 groups"
        )
    chances = np.full(len(names), 1 / len(names))
    draws = np.random.default_rng(seed).multinomial(len(names), chances, size=n_resamples)
    # One row per clip in memory, and small numbers: a sum over clips is read from there for every tag.
    return np.ascontiguousarray(draws.T.astype(np.int32)[group_of_clip]).T


def _mean_of_scored(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis, ignoring NaN; NaN where nothing is left, as in a sample that drew only one group."""
    n_scored = np.count_nonzero(~np.isnan(values), axis=0)
    return np.where(n_scored > 0, np.nansum(values, axis=0) / np.maximum(n_scored, 1), np.nan)


def _scorable(labels: np.ndarray) -> np.ndarray:
    """Indices of the columns that have both positives and negatives, ascending; there is at least one."""
    columns = np.flatnonzero(labels.any(axis=0) & ~labels.all(axis=0))
    if not len(columns):
        raise ValueError(f"none of the {labels.shape[1]} tags has both positives and negatives; use more clips")
    return columns


def _by_probe(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Checked scores with an axis for probes, shape (P, B, K)."""
    if labels.ndim != 2 or scores.ndim not in (2, 3) or scores.shape[-2:] != labels.shape:
        raise ValueError(
            f"labels and scores must share one shape (B, K), scores perhaps with P probes before it, "
            f"got {labels.shape} and {scores.shape}"
        )
    if not np.isfinite(scores).all():
        raise ValueError(f"scores must be finite, found {np.count_nonzero(~np.isfinite(scores))} that are not")
    return scores.reshape(-1, *labels.shape)
