"""ROC-AUC and PR-AUC of multi-label scores, over tags and over clips, with bootstrap intervals.

TAG scores ask, tag by tag, how well clips are ranked, and average over tags; CLIP scores ask, clip
by clip, how well tags are ranked, and average over clips (thesis section 2.6.1).
"""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score


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
        """Tags that could not be scored and are left out of the means."""
        return int(np.isnan(self.roc_auc).sum())


def tag_scores(labels: np.ndarray, scores: np.ndarray) -> TagScores:
    """ROC-AUC and average precision of each tag.

    Args:
        labels: 0/1, shape (B, K).
        scores: Any real numbers that rank clips, shape (B, K).

    Raises:
        ValueError: If the shapes differ or no tag can be scored.

    >>> labels = np.array([[1, 0], [0, 0], [1, 0]])
    >>> tag_scores(labels, np.array([[.9, .5], [.1, .5], [.8, .5]])).roc_auc
    array([ 1., nan])
    """
    _check(labels, scores)
    usable = _scorable(labels, axis=0)
    if not usable.any():
        raise ValueError(f"none of the {labels.shape[1]} tags has both positives and negatives; use more clips")
    roc_auc, pr_auc = np.full(len(usable), np.nan), np.full(len(usable), np.nan)
    roc_auc[usable] = roc_auc_score(labels[:, usable], scores[:, usable], average=None)
    pr_auc[usable] = average_precision_score(labels[:, usable], scores[:, usable], average=None)
    return TagScores(roc_auc, pr_auc)


def mean_pr_auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Average precision, averaged over the tags that can be scored; fast enough for every epoch of a probe.

    Args:
        labels: 0/1, shape (B, K).
        scores: Real numbers, shape (B, K).

    Raises:
        ValueError: If the shapes differ or no tag can be scored.

    >>> mean_pr_auc(np.array([[1, 0], [0, 0], [1, 0]]), np.array([[.1, .5], [.2, .5], [.8, .5]]))
    0.8333333333333333
    """
    _check(labels, scores)
    usable = np.flatnonzero(_scorable(labels, axis=0))
    if not len(usable):
        raise ValueError(f"none of the {labels.shape[1]} tags has both positives and negatives; use more clips")
    evenly = np.ones((1, len(labels)))
    return float(np.mean([weighted_auc(labels[:, tag], scores[:, tag], evenly)[1][0] for tag in usable]))


def clip_scores(labels: np.ndarray, scores: np.ndarray) -> TagScores:
    """ROC-AUC and average precision of each clip, over its tags; NaN for a clip without, or with all, tags."""
    return tag_scores(labels.T, scores.T)


def summary(
    labels: np.ndarray, scores: np.ndarray, tracks: np.ndarray, n_resamples: int, seed: int
) -> dict[str, float]:
    """Mean TAG and CLIP scores with 95 % intervals of the TAG scores, under the column names of our tables.

    The intervals are percentiles of the mean score over bootstrap samples of *tracks*: clips of one
    track are not independent, so they are drawn together.

    Args:
        labels: 0/1, shape (B, K).
        scores: Real numbers, shape (B, K).
        tracks: Track of each clip, shape (B,).
        n_resamples: Bootstrap samples.
        seed: Seed of the bootstrap.
    """
    tags, clips = tag_scores(labels, scores), clip_scores(labels, scores)
    roc_auc, pr_auc = bootstrap_tag_means(labels, scores, tracks, n_resamples, seed)
    return {
        "roc_auc_tag": float(np.nanmean(tags.roc_auc)),
        "roc_auc_tag_low": float(np.nanpercentile(roc_auc, 2.5)),
        "roc_auc_tag_high": float(np.nanpercentile(roc_auc, 97.5)),
        "pr_auc_tag": float(np.nanmean(tags.pr_auc)),
        "pr_auc_tag_low": float(np.nanpercentile(pr_auc, 2.5)),
        "pr_auc_tag_high": float(np.nanpercentile(pr_auc, 97.5)),
        "roc_auc_clip": float(np.nanmean(clips.roc_auc)),
        "pr_auc_clip": float(np.nanmean(clips.pr_auc)),
        "n_tags_excluded": tags.n_excluded,
        "n_clips": len(labels),
    }


def bootstrap_tag_means(
    labels: np.ndarray, scores: np.ndarray, tracks: np.ndarray, n_resamples: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean TAG ROC-AUC and PR-AUC of bootstrap samples of tracks, each of shape (n_resamples,).

    A sample counts each clip as often as its track was drawn; tags that a sample leaves without
    positives or negatives are left out of its means. A mean is NaN if that leaves no tag.
    """
    _check(labels, scores)
    _, track_of_clip = np.unique(tracks, return_inverse=True)
    n_tracks = track_of_clip.max() + 1
    draws = np.random.default_rng(seed).multinomial(n_tracks, np.full(n_tracks, 1 / n_tracks), size=n_resamples)
    weights = draws[:, track_of_clip].astype(np.float64)
    per_tag = [weighted_auc(labels[:, tag], scores[:, tag], weights) for tag in np.flatnonzero(_scorable(labels, 0))]
    roc_auc, pr_auc = (_mean_of_scored(np.stack(values)) for values in zip(*per_tag, strict=True))
    return roc_auc, pr_auc


def weighted_auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ROC-AUC and average precision of one tag under many weightings of the clips at once.

    One sort serves all weightings; equal scores are thresholds passed together, as scikit-learn
    does it, and the results are those of its ``sample_weight``.

    Args:
        labels: 0/1, shape (B,).
        scores: Shape (B,).
        weights: Non-negative, one row per weighting, shape (N, B).

    Returns:
        Two arrays of shape (N,); NaN where a weighting leaves no positive or no negative.
    """
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    positive = np.cumsum(weights[:, order] * labels[order], axis=1)[:, last_of_tie]
    total = np.cumsum(weights[:, order], axis=1)[:, last_of_tie]
    gained = np.diff(positive, axis=1, prepend=0)
    lost = np.diff(total - positive, axis=1, prepend=0)
    n_positive, n_negative = positive[:, -1], (total - positive)[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        ranked_above = (positive - gained / 2) * lost
        roc_auc = ranked_above.sum(axis=1) / (n_positive * n_negative)
        precision = np.where(total > 0, positive / total, 0)
        pr_auc = (precision * gained).sum(axis=1) / n_positive
    return roc_auc, np.where(n_negative > 0, pr_auc, np.nan)


def _mean_of_scored(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis without NaN; NaN where nothing is left, as in a sample of one track."""
    n_scored = np.count_nonzero(~np.isnan(values), axis=0)
    return np.where(n_scored > 0, np.nansum(values, axis=0) / np.maximum(n_scored, 1), np.nan)


def _scorable(labels: np.ndarray, axis: int) -> np.ndarray:
    return labels.any(axis=axis) & ~labels.all(axis=axis)


def _check(labels: np.ndarray, scores: np.ndarray) -> None:
    if labels.shape != scores.shape or labels.ndim != 2:
        raise ValueError(f"labels and scores must share one shape (B, K), got {labels.shape} and {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError(f"scores must be finite, found {np.count_nonzero(~np.isfinite(scores))} that are not")
