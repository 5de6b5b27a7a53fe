"""Scores of single clips, for all that a score table cannot tell: differences, audible tags, chance.

What belongs here: the clips that systems share, their resampling, and differences. What does not: reading them
(:mod:`clmr.paper.reading`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from clmr.evaluation import comparison
from clmr.evaluation.comparison import Difference, Resampled
from clmr.evaluation.metrics import mean_pr_auc
from clmr.paper.figure_params import ResamplingParams
from clmr.paper.planned import ScoredSystem


@dataclass(frozen=True)
class ClipScores:
    """What a system with one head says about the clips of one split.

    Attributes:
        scored: The system.
        head: Its head.
        clip_ids: The clips that it scored, shape (B,).
        labels: Their tags, 0/1, shape (B, K).
        groups: Group of each clip, whose clips are drawn together, shape (B,).
        tag_names: The K tags.
        by_seed: Scores of each seed, shape (B, K), or (P, B, K) from P probes.
    """

    scored: ScoredSystem
    head: str
    clip_ids: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    tag_names: tuple[str, ...]
    by_seed: tuple[np.ndarray, ...]

    def of(self, clip_ids: np.ndarray) -> "ClipScores":
        """The same for some of its clips, in the given order."""
        rows = {clip: row for row, clip in enumerate(self.clip_ids)}
        chosen = np.array([rows[clip] for clip in clip_ids], dtype=np.intp)
        return replace(
            self,
            clip_ids=self.clip_ids[chosen],
            labels=self.labels[chosen],
            groups=self.groups[chosen],
            by_seed=tuple(scores[..., chosen, :] for scores in self.by_seed),
        )


Scored = Mapping[tuple[str, str], ClipScores]
"""Scores of clips by stage and head."""


def on_common_clips(several: Sequence[ClipScores]) -> list[ClipScores]:
    """The same for the clips that all of them scored, in one order.

    Systems with long inputs leave out short clips, and only on clips that all have scored is a comparison fair.

    Raises:
        ValueError: If there is no such clip.
    """
    kept = set.intersection(*(set(one.clip_ids) for one in several))
    if not kept:
        names = ", ".join(one.scored.stage for one in several)
        raise ValueError(f"found no clip that all of {names} scored; score them on stores of one corpus")
    common = np.array([clip for clip in several[0].clip_ids if clip in kept])
    return [one.of(common) for one in several]


def resampled(clips: ClipScores, resampling: ResamplingParams) -> Resampled:
    """Macro PR-AUC of each seed, and its mean over seeds in bootstrap samples of groups of clips."""
    return comparison.resampled(clips.labels, clips.by_seed, clips.groups, resampling.n_resamples, resampling.seed)


def resampled_pairs(
    pairs: Sequence[tuple[ClipScores, ClipScores]], resampling: ResamplingParams
) -> list[tuple[Resampled, Resampled]]:
    """Both systems of each pair, resampled by the same draws, on the clips that all systems of their corpus scored.

    Args:
        pairs: Two systems each, scored on one corpus.
        resampling: Bootstrap samples.
    """
    found: dict[int, Resampled] = {}
    for corpus in dict.fromkeys(first.scored.eval_corpus for first, _ in pairs):
        # By identity: each system is resampled once, however many it is compared with.
        here = {id(one): one for pair in pairs for one in pair if pair[0].scored.eval_corpus == corpus}
        common = zip(here, on_common_clips(list(here.values())), strict=True)
        found |= {key: resampled(clips, resampling) for key, clips in common}
    return [(found[id(first)], found[id(second)]) for first, second in pairs]


def difference_cells(difference: Difference, p_holm: float) -> dict[str, Any]:
    """What every table of differences says of one, but for its verdict, whose words are the table's own.

    Args:
        difference: The difference.
        p_holm: Its p-value, corrected over the rows or claims of its family.
    """
    return {
        "difference": difference.estimate,
        "low": difference.low,
        "high": difference.high,
        "p": difference.p_value,
        "p_holm": p_holm,
        "n_first_seeds": difference.n_first_seeds,
        "n_second_seeds": difference.n_second_seeds,
        "detectable": comparison.detectable_difference(difference.sd),
    }


def precision_by_seed(clips: ClipScores, tags: np.ndarray) -> np.ndarray:
    """Average precision of each seed, averaged over probes and over some tags, shape (seeds,).

    Args:
        clips: Scores of clips.
        tags: Columns of the mean, as indices or a mask of shape (K,); those that cannot be scored are left out.
    """
    return np.array([np.mean(mean_pr_auc(clips.labels[:, tags], scores[..., tags])) for scores in clips.by_seed])


def bootstrap_deviation(clips: ClipScores, tags: np.ndarray, resampling: ResamplingParams) -> float:
    """Standard deviation of the mean average precision over some tags, over bootstrap samples of groups of clips.

    It is that of the first seed, and of its first probe. Others hear the same clips, and have nearly the same
    deviation; resampling them all takes many times as long.

    Args:
        clips: Scores of clips.
        tags: Columns of the mean, as indices or a mask of shape (K,).
        resampling: Number of samples, and seed of the draws.
    """
    one = clips.by_seed[0].reshape(-1, *clips.labels.shape)[0]
    drawn = comparison.resampled(clips.labels, [one], clips.groups, resampling.n_resamples, resampling.seed, tags)
    return float(np.nanstd(drawn.means))


def scorable(labels: np.ndarray) -> np.ndarray:
    """Whether each tag has both a positive and a negative among the clips, shape (K,).

    >>> scorable(np.array([[1, 0], [0, 0]]))
    array([ True, False])
    """
    return np.asarray(labels.any(axis=0) & ~labels.all(axis=0))
