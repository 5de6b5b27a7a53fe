"""ROC-AUC and PR-AUC of multi-label scores, over tags and over clips, with bootstrap intervals.

TAG scores measure for each tag how well it ranks the clips, and average over tags; CLIP scores measure for
each clip how well its tags are ranked, and average over clips (thesis section 2.6.1).
"""

from dataclasses import dataclass

import numpy as np

from clmr.corpora.store import Store


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
        scores: Any real numbers that rank clips, shape (B, K).

    Raises:
        ValueError: If the shapes differ or no tag can be scored.

    >>> labels = np.array([[1, 0], [0, 0], [1, 0]])
    >>> tag_scores(labels, np.array([[.9, .5], [.1, .5], [.8, .5]])).roc_auc
    array([ 1., nan])
    """
    _check(labels, scores)
    usable = _scorable(labels)
    # Not scikit-learn's, with which this agrees up to rounding: importing it takes as long as importing torch.
    evenly = np.ones((1, len(labels)))
    roc_auc, pr_auc = np.full(labels.shape[1], np.nan), np.full(labels.shape[1], np.nan)
    for tag in usable:
        (roc_auc[tag],), (pr_auc[tag],) = weighted_auc(labels[:, tag], scores[:, tag], evenly)
    return TagScores(roc_auc, pr_auc)


def mean_pr_auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Average precision, averaged over the tags that can be scored.

    Args:
        labels: 0/1, shape (B, K).
        scores: Real numbers, shape (B, K).

    Raises:
        ValueError: If the shapes differ or no tag can be scored.

    >>> mean_pr_auc(np.array([[1, 0], [0, 0], [1, 0]]), np.array([[.1, .5], [.2, .5], [.8, .5]]))
    0.8333333333333333
    """
    pr_auc = tag_scores(labels, scores).pr_auc
    return float(np.mean(pr_auc[~np.isnan(pr_auc)]))


def clip_scores(labels: np.ndarray, scores: np.ndarray) -> TagScores:
    """ROC-AUC and average precision of each clip over the tags; NaN for a clip that has no tag, or all of them.

    Source: thesis section 2.6.1; the released code leaves out clips without a tag, too.

    Args:
        labels: 0/1, shape (B, K).
        scores: Real numbers, shape (B, K).

    Raises:
        ValueError: If the shapes differ or no clip can be scored.

    >>> clip_scores(np.array([[1, 0], [0, 0]]), np.array([[.9, .5], [.1, .5]])).roc_auc
    array([ 1., nan])
    """
    return tag_scores(labels.T, scores.T)


def summary_of(store: Store, rows: np.ndarray, scores: np.ndarray, n_resamples: int, seed: int) -> dict[str, float]:
    """:func:`summary` of the scores of some clips of a store.

    Args:
        store: Source of their tags and tracks.
        rows: Rows of the clips in the store, shape (B,).
        scores: Their scores, shape (B, K).
        n_resamples: Bootstrap samples.
        seed: Seed of the bootstrap.
    """
    tracks = store.clips.track_id.to_numpy()[rows]
    return summary(store.tags[rows], scores, tracks, n_resamples, seed)


def summary(
    labels: np.ndarray, scores: np.ndarray, tracks: np.ndarray, n_resamples: int, seed: int
) -> dict[str, float]:
    """Mean TAG and CLIP scores with 95 % intervals of the TAG scores, under the column names of our tables.

    The intervals are percentiles of the mean score over bootstrap samples of *tracks*: clips of one
    track are not independent, so they are drawn together.

    Differs: the thesis gives no intervals.

    Args:
        labels: 0/1, shape (B, K).
        scores: Real numbers, shape (B, K).
        tracks: Track of each clip, shape (B,).
        n_resamples: Bootstrap samples R.
        seed: Seed of the bootstrap.

    Raises:
        ValueError: If the shapes differ or nothing can be scored.

    >>> labels, scores = np.array([[1, 0], [0, 1], [1, 1]]), np.array([[.9, .1], [.1, .7], [.8, .6]])
    >>> summary(labels, scores, np.arange(3), n_resamples=4, seed=0)["pr_auc_tag"]
    1.0
    """
    tags, clips = tag_scores(labels, scores), clip_scores(labels, scores)
    roc_auc, pr_auc = bootstrap_tag_means(labels, scores, tracks, n_resamples, seed)
    if np.isnan(roc_auc).all():
        raise ValueError(
            f"none of {n_resamples} bootstrap samples of {len(np.unique(tracks))} test tracks leaves a tag with both "
            f"positives and negatives; use more test tracks or more resamples"
        )
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
    """Mean TAG ROC-AUC and PR-AUC of R bootstrap samples of tracks, each of shape (R,).

    A sample counts each clip as often as its track was drawn. Tags that have no positives or no negatives
    in a sample are left out of its means; a mean is NaN if no tag is left.

    Args:
        labels: 0/1, shape (B, K).
        scores: Real numbers, shape (B, K).
        tracks: Track of each clip, shape (B,).
        n_resamples: R.
        seed: Seed of the draws.

    Raises:
        ValueError: If the shapes differ or no tag can be scored.

    >>> labels, scores = np.array([[1], [0], [1]]), np.array([[.9], [.1], [.8]])
    >>> [means.shape for means in bootstrap_tag_means(labels, scores, np.arange(3), n_resamples=4, seed=0)]
    [(4,), (4,)]
    """
    _check(labels, scores)
    _, track_of_clip = np.unique(tracks, return_inverse=True)
    n_tracks = track_of_clip.max() + 1
    draws = np.random.default_rng(seed).multinomial(n_tracks, np.full(n_tracks, 1 / n_tracks), size=n_resamples)
    # Counts serve as weights, so one sort per tag serves all samples; repeating clips would mean sorting each anew.
    weights = draws[:, track_of_clip].astype(np.float64)
    per_tag = [weighted_auc(labels[:, tag], scores[:, tag], weights) for tag in _scorable(labels)]
    roc_auc, pr_auc = (_mean_of_scored(np.stack(values)) for values in zip(*per_tag, strict=True))
    return roc_auc, pr_auc


def weighted_auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ROC-AUC and average precision of one tag under R weightings of the clips at once.

    One sort serves all weightings. Equal scores are passed as one threshold, as in scikit-learn, and the
    results are those of its ``sample_weight``.

    Args:
        labels: 0/1, shape (B,).
        scores: Shape (B,).
        weights: Non-negative, one row per weighting, shape (R, B).

    Returns:
        Two arrays of shape (R,); NaN where a weighting leaves no positive or no negative.

    >>> weighted_auc(np.array([1, 0, 1]), np.array([.9, .8, .1]), np.ones((1, 3)))
    (array([0.5]), array([0.83333333]))
    """
    order = np.argsort(-scores, kind="stable")
    # Clips with equal scores have no order among them, so sums are read only where a tie ends.
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    positive = np.cumsum(weights[:, order] * labels[order], axis=1)[:, last_of_tie]
    total = np.cumsum(weights[:, order], axis=1)[:, last_of_tie]
    gained = np.diff(positive, axis=1, prepend=0)
    lost = np.diff(total - positive, axis=1, prepend=0)
    n_positive, n_negative = positive[:, -1], (total - positive)[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        # A positive tied with a negative counts half: the trapezoid under a slanted piece of the ROC curve.
        ranked_above = (positive - gained / 2) * lost
        roc_auc = ranked_above.sum(axis=1) / (n_positive * n_negative)
        # Average precision as a sum of steps; the trapezoid rule would flatter it, as interpolating precision does.
        precision = np.where(total > 0, positive / total, 0)
        pr_auc = (precision * gained).sum(axis=1) / n_positive
    return roc_auc, np.where(n_negative > 0, pr_auc, np.nan)


def _mean_of_scored(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis, ignoring NaN; NaN where nothing is left, as in a sample that drew only one track."""
    n_scored = np.count_nonzero(~np.isnan(values), axis=0)
    return np.where(n_scored > 0, np.nansum(values, axis=0) / np.maximum(n_scored, 1), np.nan)


def _scorable(labels: np.ndarray) -> np.ndarray:
    """Indices of the columns that have both positives and negatives, ascending; there is at least one."""
    columns = np.flatnonzero(labels.any(axis=0) & ~labels.all(axis=0))
    if not len(columns):
        raise ValueError(f"none of the {labels.shape[1]} tags has both positives and negatives; use more clips")
    return columns


def _check(labels: np.ndarray, scores: np.ndarray) -> None:
    if labels.shape != scores.shape or labels.ndim != 2:
        raise ValueError(f"labels and scores must share one shape (B, K), got {labels.shape} and {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError(f"scores must be finite, found {np.count_nonzero(~np.isfinite(scores))} that are not")
