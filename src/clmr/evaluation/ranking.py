"""Areas under the ROC and the precision-recall curve of rankings: of many tags at once, or of one under many weights.

What belongs here: rankings and their areas. What does not: means over tags, and intervals
(:mod:`clmr.evaluation.metrics`).
"""

import numpy as np


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
    ranked = -scores[order]
    places = np.flatnonzero(labels[order])
    # Clips with equal scores have no order among them, so sums are read only where a tie begins or ends. Both
    # areas need them at the positives alone, which are few.
    begins, ends = (np.searchsorted(ranked, ranked[places], side) for side in ("left", "right"))
    # Weightings are neighbours in memory: sums of them are then sums of whole rows, five times as fast.
    rows = weights.T
    positive, every = _running_sums(rows, order[places]), _running_sums(rows, order)
    first, last = np.searchsorted(places, begins), np.searchsorted(places, ends)
    above = every[begins] - positive[first]
    return _areas(rows[order[places]], positive[last], above, every[ends], every[-1])


def areas_by_tag(labels: np.ndarray, stacked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ROC-AUC and average precision of each of P probes and K tags, shape (P, K); all tags are sorted at once.

    Args:
        labels: 0/1, each tag with positives and negatives, shape (B, K).
        stacked: Shape (P, B, K).

    >>> areas_by_tag(np.array([[1], [0], [1]]), np.array([[[.9], [.8], [.1]]]))
    (array([[0.5]]), array([[0.83333333]]))
    """
    n_clips, falling = len(labels), -stacked.swapaxes(0, 1)
    order = np.argsort(falling, axis=0, kind="stable")
    ranked = np.take_along_axis(falling, order, axis=0)
    gained = np.take_along_axis(np.broadcast_to(labels[:, None].astype(np.int64), falling.shape), order, axis=0)
    positive = np.concatenate([np.zeros_like(gained[:1]), np.cumsum(gained, axis=0)])
    # For each place in the ranking: where its tie begins, and where the next one does.
    changes = np.diff(ranked, axis=0) > 0
    places = np.arange(1, n_clips).reshape(-1, 1, 1)
    begins, ends = np.zeros(order.shape, dtype=np.int64), np.full(order.shape, n_clips)
    begins[1:] = np.maximum.accumulate(np.where(changes, places, 0), axis=0)
    ends[:-1] = np.minimum.accumulate(np.where(changes, places, n_clips)[::-1], axis=0)[::-1]
    above = begins - np.take_along_axis(positive, begins, axis=0)
    return _areas(gained, np.take_along_axis(positive, ends, axis=0), above, ends, np.asarray(n_clips))


def _areas(
    gained: np.ndarray, positive: np.ndarray, above: np.ndarray, reached: np.ndarray, total: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """ROC-AUC and average precision along the first axis, on which lie places in a ranking, all positives among them.

    Args:
        gained: Weight of each place's positive, 0 without one.
        positive: Weight of the positives with at least its score.
        above: Weight of the negatives with a higher score.
        reached: Weight of all with at least its score.
        total: Weight of all.
    """
    n_positive = gained.sum(axis=0)
    n_negative = total - n_positive
    # A positive of weight zero may rank above all that have weight; what it adds is multiplied by its weight.
    precision = np.divide(positive, reached, out=np.zeros(gained.shape), where=reached > 0)
    # A negative tied with a positive counts half: the trapezoid under a slanted piece of the ROC curve.
    wrongly_above = above + reached - positive
    with np.errstate(invalid="ignore", divide="ignore"):
        roc_auc = 1 - (gained * wrongly_above).sum(axis=0) / (2.0 * n_positive * n_negative)
        # Average precision as a sum of steps; the trapezoid rule would flatter it, as interpolating precision does.
        pr_auc = (gained * precision).sum(axis=0) / n_positive
    return roc_auc, np.where(n_negative > 0, pr_auc, np.nan)


def _running_sums(rows: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Sums of the first 0, 1, ... rows in an order, in the rows' own type, shape (len(order) + 1, R)."""
    sums = np.zeros((len(order) + 1, rows.shape[1]), dtype=rows.dtype)
    # Not cumsum, which goes down column by column, and needs sorted rows: with both this takes a third of the time.
    for place, row in enumerate(order):
        np.add(sums[place], rows[row], out=sums[place + 1])
    return sums
