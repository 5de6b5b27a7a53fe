"""Statistics of activations on bootstrap samples of a test split: how evenly features respond, and to which tags.

Whole groups of clips are drawn, since clips of one tune family are alike. What differs between networks that were
trained from another seed is not in these intervals: each is of one network.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clmr.evaluation.comparison import Resampled
from clmr.interpret.activations import Activations, moved
from clmr.interpret.tag_occurrence import clips_of

# A sample leaves out about a third of the clips and repeats others, so this many times the wanted segments hold enough.
_MARGIN = 8


def group_draws(groups: np.ndarray, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each group comes in each bootstrap sample, shape (R, groups), groups in sorted order.

    >>> group_draws(np.array(["a", "b", "b"]), 3, np.random.default_rng(0)).sum(axis=1)
    array([2, 2, 2])
    """
    n_groups = len(np.unique(groups))
    return rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_resamples)


def evenness(values: np.ndarray) -> np.ndarray:
    """How evenly each feature responds: (mean of a)^2 / mean of a^2, in [0, 1], shape (F,).

    1 if it responds to all segments alike, 1 / B if to one of B alone, and 0 if to none. It is the share of the
    segments that a feature would respond to, were its response either nothing or one value.

    Args:
        values: Activations, none negative, shape (B, F).

    >>> evenness(np.array([[1.0, 4.0, 0.0], [1.0, 0.0, 0.0]]))
    array([1. , 0.5, 0. ])
    """
    return _evenness(values.sum(axis=0), np.square(values, dtype=np.float64).sum(axis=0), len(values))


def resampled_evenness(activations: Activations, n_resamples: int, rng: np.random.Generator) -> Resampled:
    """Mean evenness of all features, and its value on bootstrap samples.

    Args:
        activations: Activations, none negative.
        n_resamples: Samples of the groups of clips.
        rng: Source of the samples.
    """
    groups = activations.segments.group_id.to_numpy()
    _, group_of = np.unique(groups, return_inverse=True)
    n_groups = group_of.max() + 1
    values = activations.values.astype(np.float64)
    totals = [np.zeros((n_groups, values.shape[1])) for _ in range(2)]
    for total, powers in zip(totals, (values, np.square(values)), strict=True):
        np.add.at(total, group_of, powers)
    draws = group_draws(groups, n_resamples, rng)
    sizes = draws @ np.bincount(group_of)
    means = _evenness(draws @ totals[0], draws @ totals[1], sizes[:, None]).mean(axis=1)
    return Resampled(np.array([evenness(values).mean()]), means)


def resampled_lifts(
    activations: Activations,
    tag_groups: Sequence[Sequence[str]],
    n_segments: int,
    n_resamples: int,
    rng: np.random.Generator,
) -> list[Resampled]:
    """How many times more frequent tags are among the clips of the strongest segments than in the corpus.

    Mean over the features that enough segments move, and over the tags of a group. The samples are the same for all
    groups, so differences between them are paired.

    Args:
        activations: Activations with tags.
        tag_groups: Names of tags, each a tag of the corpus that some clip has.
        n_segments: Strongest segments of each feature.
        n_resamples: Samples of the groups of clips.
        rng: Source of the samples.

    Raises:
        ValueError: If no feature is moved by as many segments.
    """
    firsts, clip_of = clips_of(activations)
    columns = [[activations.tag_names.index(tag) for tag in tags] for tags in tag_groups]
    used = sorted({column for group in columns for column in group})
    tags = activations.tags[firsts][:, used].astype(np.float64)
    order = _strongest_of_moving(activations.values, n_segments)
    clips = clip_of[order]
    # Of several segments of one clip the strongest counts, and the others only take up room.
    first_of_clip = np.stack([~pd.Series(row).duplicated().to_numpy() for row in clips])
    groups = activations.segments.group_id.to_numpy()[firsts]
    _, group_of_clip = np.unique(groups, return_inverse=True)
    draws = group_draws(groups, n_resamples, rng)

    def lifts(times: np.ndarray) -> np.ndarray:
        weights = times[clips]
        within = np.cumsum(weights, axis=1) - weights < n_segments
        counted = weights * within * first_of_clip
        shares = np.stack([(counted * tag[clips]).sum(axis=1) for tag in tags.T], axis=1)
        frequency = (times[:, None] * tags).sum(axis=0) / times.sum()
        # A tag that a sample lacks is as frequent among its strongest segments as in the sample: not at all.
        ratio = np.divide(
            shares / counted.sum(axis=1, keepdims=True), frequency, where=frequency > 0, out=np.ones_like(shares)
        )
        return np.array([ratio[:, [used.index(column) for column in group]].mean() for group in columns])

    observed = lifts(np.ones(len(firsts)))
    samples = np.stack([lifts(draw[group_of_clip].astype(np.float64)) for draw in draws])
    return [Resampled(observed[[number]], samples[:, number]) for number in range(len(columns))]


def _strongest_of_moving(values: np.ndarray, n_segments: int) -> np.ndarray:
    """Segments of each feature that moves, the strongest first, shape (features that move, segments)."""
    moving = moved(values, n_segments)
    if not moving.any():
        raise ValueError(
            f"found no feature of {values.shape[1]} that at least {n_segments} segments move; ask for fewer n_segments"
        )
    return np.argsort(-values[:, moving], axis=0, kind="stable")[: _MARGIN * n_segments].T


def _evenness(sums: np.ndarray, squares: np.ndarray, n: np.ndarray | int) -> np.ndarray:
    return np.divide(np.square(sums), n * squares, out=np.zeros_like(squares), where=squares > 0)
