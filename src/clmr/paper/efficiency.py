"""Label efficiency as data: scores on shares of the labels, and from how many labels on supervision is ahead.

What belongs here: rows of Figures 6.5 and 6.6 and of the table, and the crossover. What does not: which systems are
compared (:mod:`clmr.efficiency`), and drawing (:mod:`clmr.paper.efficiency_figures`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clmr.evaluation import comparison
from clmr.evaluation.comparison import Resampled
from clmr.evaluation.metrics import bootstrap_tag_means
from clmr.models.heads import END_TO_END
from clmr.paper.clips import ClipScores, Scored, on_common_clips, precision_by_seed
from clmr.paper.figure_params import ResamplingParams
from clmr.paper.names import THESIS
from clmr.paper.planned import ScoredSystem
from clmr.paper.tables import over_seeds, rows_by_head, score_table
from clmr.paper.thesis import Thesis

SHARE, CLIPS = "label_fraction", "n_labelled_clips"
POINT_COLUMNS = (
    "scale", "system", "head", SHARE, CLIPS, "pr_auc_tag", "lowest", "highest", "pr_auc_tag_low", "pr_auc_tag_high",
    "n_seeds", "n_tags_without_positives",
)  # fmt: skip
"""One row per point of Figures 6.5 and 6.6; ``lowest`` and ``highest`` are those of its subsets of labels."""
CROSSOVER_COLUMNS = (
    "eval_corpus", SHARE, CLIPS, "difference", "low", "high", "p", "crossing", "crossing_low", "crossing_high",
    "share_never",
)  # fmt: skip
"""One row per corpus and share; what begins with ``crossing``, and the last, are the same for all shares of a corpus.

A crossing of 0 is below the smallest share, and one of infinity beyond the largest.
"""
_FROZEN, _SUPERVISED = ("clmr", "linear"), ("sample_cnn", END_TO_END)

Scores = Mapping[str, Sequence[Mapping[str, Any]]]
"""For each stage, one mapping per head and seed, as for :func:`clmr.paper.tables.score_table`."""


def label_points(
    systems: Sequence[ScoredSystem], scores: Scores, thesis: Thesis, artefact: str, scale: str
) -> pd.DataFrame:
    """Figure 6.5 or 6.6: PR-AUC against labels, ours on one corpus and those of the thesis.

    Args:
        systems: Our systems on one corpus.
        scores: Their scores.
        thesis: Numbers of the thesis.
        artefact: Name of the figure.
        scale: Label of our numbers.

    Returns:
        Columns :data:`POINT_COLUMNS`, systems in order of appearance, shares ascending.
    """
    numbers = labelled_clips(systems, scores)
    ours = [_point(system, scores, numbers) | {"scale": scale} for system in systems]
    identity = [(point["system"], point["head"]) for point in ours]
    ours.sort(key=lambda point: (identity.index((point["system"], point["head"])), point[SHARE]))
    printed = [
        {"scale": THESIS, "system": row.system, "head": row.head, SHARE: row.label_fraction, row.metric: row.value}
        for row in thesis.rows
        if row.artefact == artefact
    ]
    points = pd.DataFrame([*ours, *printed], columns=POINT_COLUMNS)
    return points.astype({"n_seeds": "Int64", "n_tags_without_positives": "Int64"})


def labelled_clips(systems: Sequence[ScoredSystem], scores: Scores) -> dict[tuple[str, float], float]:
    """Mean number of labelled clips over the subsets of each corpus and share.

    Systems that are trained on all labels for another table do not count them, and need not: others do.
    """
    found: dict[tuple[str, float], list[float]] = {}
    for system in systems:
        counted = [row[CLIPS] for row in scores[system.stage] if CLIPS in row]
        found.setdefault((system.eval_corpus, system.varies[SHARE]), []).extend(counted)
    return {key: float(np.mean(counts)) for key, counts in found.items() if counts}


def efficiency_table(
    systems: Sequence[ScoredSystem], scores: Scores, thesis: Thesis, artefact: str, scale: str
) -> pd.DataFrame:
    """A score table of all systems on all shares, with the number of labelled clips behind the share.

    Args:
        systems: The systems.
        scores: Their scores.
        thesis: Numbers of the thesis.
        artefact: Name of the table.
        scale: Label of our numbers.
    """
    table = score_table(systems, scores, thesis, artefact, scale, varies=(SHARE,))
    numbers = labelled_clips(systems, scores)
    counts = [numbers[key] for key in zip(table.eval_corpus, table[SHARE], strict=True)]
    table.insert(int(table.columns.get_indexer([SHARE])[0]) + 1, CLIPS, counts)
    return table


def crossover_table(
    systems: Sequence[ScoredSystem], scores: Scores, clips: Scored, resampling: ResamplingParams
) -> pd.DataFrame:
    """CLMR's frozen encoder minus SampleCNN on every share that both were trained on, and where the sign changes.

    Differences are those of :func:`clmr.evaluation.comparison.difference`. The crossing is the number of labelled
    clips from which on supervision is ahead on all larger shares, between two shares on a line over the logarithm. Its
    interval has the percentiles of bootstrap samples, each of which draws groups of test clips and, with replacement,
    subsets of labels, the same for both systems.

    Args:
        systems: The systems.
        scores: Their scores, for the numbers of clips.
        clips: Scores of the test clips.
        resampling: Bootstrap samples.

    Returns:
        Columns :data:`CROSSOVER_COLUMNS`.
    """
    numbers = labelled_clips(systems, scores)
    rows: list[dict[str, Any]] = []
    for corpus in dict.fromkeys(system.eval_corpus for system in systems):
        here = [one for one in clips.values() if one.scored.eval_corpus == corpus]
        pairs = _pairs(here, corpus)
        if not pairs:
            raise ValueError(f"found no share of the labels of {corpus} on which both CLMR and SampleCNN were scored")
        labels = np.array([numbers[corpus, share] for share in pairs])
        curves = _curves(pairs, resampling)
        found = [comparison.difference(one.resampled, other.resampled) for one, other in curves]
        drawn = np.array([_drawn_difference(one, other, resampling.seed) for one, other in curves]).T
        shared = _crossing_cells(labels, np.array([one.estimate for one in found]), drawn)
        rows += [
            {"eval_corpus": corpus, SHARE: share, CLIPS: number, "difference": one.estimate}
            | {"low": one.low, "high": one.high, "p": one.p_value}
            | shared
            for share, number, one in zip(pairs, labels, found, strict=True)
        ]
    return pd.DataFrame(rows, columns=CROSSOVER_COLUMNS)


def crossing(labels: np.ndarray, differences: np.ndarray) -> np.ndarray:
    """Number of labels from which on a difference is negative, shape (R,); 0 if it always is, inf if it never stays so.

    Args:
        labels: Numbers of labels, ascending, shape (F,).
        differences: Differences at each of them, shape (R, F).

    >>> crossing(np.array([10.0, 100.0]), np.array([[0.1, -0.1], [-0.1, -0.2], [0.1, 0.2]])).round(1).tolist()
    [31.6, 0.0, inf]
    """
    ahead, last = differences > 0, len(labels) - 1
    # The last share at which the first system is ahead.
    before = np.where(ahead.any(axis=1), last - np.argmax(ahead[:, ::-1], axis=1), 0)
    after = np.minimum(before + 1, last)
    high, low = (np.take_along_axis(differences, at[:, None], axis=1)[:, 0] for at in (before, after))
    # Of those that do cross, high > 0 >= low.
    crosses = ahead.any(axis=1) & ~ahead[:, -1]
    share = np.divide(high, high - low, out=np.zeros_like(high), where=crosses)
    found = np.exp((1 - share) * np.log(labels[before]) + share * np.log(labels[after]))
    return np.where(ahead[:, -1], np.inf, np.where(crosses, found, 0.0))


@dataclass(frozen=True)
class _Curve:
    """One system on one share: its score, and that of each seed in each bootstrap sample, shape (S, R)."""

    resampled: Resampled
    seed_samples: np.ndarray


def _point(system: ScoredSystem, scores: Scores, numbers: Mapping[tuple[str, float], float]) -> dict[str, Any]:
    # Systems that are trained end to end have one head, and probes the linear one alone.
    ((head, rows),) = rows_by_head(system, scores[system.stage]).items()
    found, values = over_seeds(rows), [row["pr_auc_tag"] for row in rows]
    share = system.varies[SHARE]
    identity = {"system": system.system, "head": head, SHARE: share, CLIPS: numbers[system.eval_corpus, share]}
    spread = {"lowest": min(values), "highest": max(values)}
    return identity | spread | {name: found[name] for name in POINT_COLUMNS if name in found}


def _pairs(here: Sequence[ClipScores], corpus: str) -> dict[float, tuple[ClipScores, ClipScores]]:
    """The two systems on each share that has scores of both, shares ascending, on the clips that all have scored."""
    chosen = [one for one in here if (one.scored.system, one.head) in (_FROZEN, _SUPERVISED)]
    common = on_common_clips(chosen) if chosen else []
    found = {(one.scored.system, one.scored.varies[SHARE]): one for one in common}
    shares = sorted(share for system, share in found if system == _FROZEN[0] and (_SUPERVISED[0], share) in found)
    return {share: (found[_FROZEN[0], share], found[_SUPERVISED[0], share]) for share in shares}


def _curves(
    pairs: Mapping[float, tuple[ClipScores, ClipScores]], resampling: ResamplingParams
) -> list[tuple[_Curve, _Curve]]:
    return [(_curve(first, resampling), _curve(second, resampling)) for first, second in pairs.values()]


def _curve(clips: ClipScores, resampling: ResamplingParams) -> _Curve:
    samples = np.array(
        [
            bootstrap_tag_means(clips.labels, scores, clips.groups, resampling.n_resamples, resampling.seed)[1]
            for scores in clips.by_seed
        ]
    )
    by_seed = precision_by_seed(clips, np.arange(clips.labels.shape[1]))
    return _Curve(Resampled(by_seed, samples.mean(axis=0)), samples)


def _drawn_difference(first: _Curve, second: _Curve, seed: int) -> np.ndarray:
    """Difference in each bootstrap sample, shape (R,), each with subsets drawn with replacement.

    The draws are the same for every share, and, where the numbers of subsets are the same, for both systems.
    """
    means = []
    for curve in (first, second):
        n_seeds, n_samples = curve.seed_samples.shape
        # Anew for each, so that equal numbers of seeds give equal draws.
        chosen = np.random.default_rng(seed).integers(n_seeds, size=(n_seeds, n_samples))
        drawn = np.take_along_axis(curve.seed_samples, chosen, axis=0).mean(axis=0)
        centre = curve.seed_samples.mean(axis=0)
        # Means of n drawn out of n vary (n - 1) / n times as much as those of n new ones.
        means.append(centre + math.sqrt(n_seeds / max(n_seeds - 1, 1)) * (drawn - centre))
    return means[0] - means[1]


def _crossing_cells(labels: np.ndarray, estimates: np.ndarray, drawn: np.ndarray) -> dict[str, float]:
    """The crossing, its interval, and the share of bootstrap samples in which supervision never stays ahead."""
    (estimate,), samples = crossing(labels, estimates[None]), crossing(labels, drawn)
    # Between two samples, not between infinity and a number.
    low, high = np.percentile(samples, [2.5, 97.5], method="nearest")
    return {
        "crossing": float(estimate),
        "crossing_low": float(low),
        "crossing_high": float(high),
        "share_never": float(np.isinf(samples).mean()),
    }
