"""Tags that a reference hears: the second mean of score tables, and the table of all tags.

What belongs here: which systems are references, and what is shown by tag. What does not: the rule by which a tag
counts as audible (:mod:`clmr.evaluation.audible`). References and audible tags are chosen on the validation split.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from clmr.evaluation.audible import audible_tags
from clmr.models.heads import END_TO_END
from clmr.paper.clips import (
    ClipScores,
    Scored,
    bootstrap_deviation,
    on_common_clips,
    precision_by_seed,
    scorable,
)
from clmr.paper.figure_params import ResamplingParams
from clmr.paper.names import LOG_MEL
from clmr.paper.tables import interval_of_mean

REFERENCES = (LOG_MEL, "supervised")
"""References by the name of their columns in the table of tags."""
TAG_COLUMNS = (
    "eval_corpus", "tag", "audible", "prevalence", "n_test_positives",
    *(f"{name}{part}" for name in REFERENCES for part in ("", "_low", "_high")), "supervised_system",
)  # fmt: skip
"""The columns of the table of tags; scores are average precisions on the test split."""


def references(valid: Scored, corpus: str) -> dict[str, ClipScores]:
    """Log-mel statistics, and the supervised system with the highest PR-AUC on the validation split, if there are any.

    Args:
        valid: Scores of validation clips.
        corpus: The corpus.
    """
    here = [clips for clips in valid.values() if clips.scored.eval_corpus == corpus]
    log_mel = [clips for clips in here if clips.scored.system == LOG_MEL]
    supervised = [clips for clips in here if clips.head == END_TO_END]
    best = {LOG_MEL: log_mel[:1], "supervised": sorted(supervised, key=_mean_precision)[-1:]}
    return {name: clips for name, found in best.items() for clips in found}


def audible_by_corpus(valid: Scored) -> dict[str, np.ndarray | None]:
    """Which tags of each corpus a reference hears, shape (K,); None for a corpus without references.

    Args:
        valid: Scores of validation clips. The ROC-AUC of a reference is the mean over its seeds.
    """
    found: dict[str, np.ndarray | None] = {}
    for corpus in dict.fromkeys(clips.scored.eval_corpus for clips in valid.values()):
        asked = list(references(valid, corpus).values())
        if not asked:
            found[corpus] = None
            continue
        asked = on_common_clips(asked)
        found[corpus] = audible_tags(asked[0].labels, [np.stack(clips.by_seed) for clips in asked])
    return found


def with_audible(
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    test: Scored,
    audible: Mapping[str, np.ndarray | None],
    resampling: ResamplingParams,
) -> dict[str, list[dict[str, Any]]]:
    """Rows of scores by stage, with mean average precision over audible tags, its deviation, and the number of tags.

    Nothing is added where no audible tag can be scored.

    Args:
        rows: One mapping per head and seed.
        test: Scores of the test clips, with the seeds in the order of the rows.
        audible: Audible tags by corpus.
        resampling: Bootstrap samples of the deviation.
    """
    added = {key: _second_mean(clips, audible[clips.scored.eval_corpus], resampling) for key, clips in test.items()}
    found: dict[str, list[dict[str, Any]]] = {}
    for stage, of_stage in rows.items():
        means = {head: iter(added[stage, head]) for head in dict.fromkeys(row["head"] for row in of_stage)}
        found[stage] = [dict(row) | next(means[row["head"]]) for row in of_stage]
    return found


def tags_of_corpora(
    valid: Scored, test: Scored, audible: Mapping[str, np.ndarray | None], resampling: ResamplingParams
) -> pd.DataFrame:
    """All tags of all corpora, and what the references score on them; columns :data:`TAG_COLUMNS`.

    Within a corpus the tags that no reference hears come first, else the order is that of the tags.

    Args:
        valid: Scores of validation clips, on which references are chosen.
        test: Scores of test clips, which are shown.
        audible: Audible tags by corpus.
        resampling: Bootstrap samples of the intervals.
    """
    parts = [_tags(valid, test, corpus, heard, resampling) for corpus, heard in audible.items()]
    return pd.concat(parts, ignore_index=True)


def _tags(
    valid: Scored, test: Scored, corpus: str, heard: np.ndarray | None, resampling: ResamplingParams
) -> pd.DataFrame:
    shown = {name: test[chosen.scored.stage, chosen.head] for name, chosen in references(valid, corpus).items()}
    any_system = next(clips for clips in test.values() if clips.scored.eval_corpus == corpus)
    counted = next(iter(shown.values()), any_system)
    columns: dict[str, Any] = {
        "eval_corpus": corpus,
        "tag": counted.tag_names,
        # A truth value, or empty where there is no reference to say.
        "audible": pd.array([None] * len(counted.tag_names) if heard is None else heard, dtype="boolean"),
        "prevalence": counted.labels.mean(axis=0),
        "n_test_positives": counted.labels.sum(axis=0, dtype=np.int64),
        "supervised_system": shown["supervised"].scored.system if "supervised" in shown else None,
    }
    for name in REFERENCES:
        bounds = (
            _precision_by_tag(shown[name], resampling)
            if name in shown
            else np.full((3, len(counted.tag_names)), np.nan)
        )
        columns |= {f"{name}{part}": values for part, values in zip(("", "_low", "_high"), bounds, strict=True)}
    return pd.DataFrame(columns, columns=TAG_COLUMNS).sort_values("audible", kind="stable")


def _precision_by_tag(clips: ClipScores, resampling: ResamplingParams) -> np.ndarray:
    """Average precision of each tag and the bounds of its interval, shape (3, K); NaN where it cannot be scored."""
    found = np.full((3, len(clips.tag_names)), np.nan)
    for number in np.flatnonzero(scorable(clips.labels)):
        tag = np.array([number])
        values, error = precision_by_seed(clips, tag).tolist(), bootstrap_deviation(clips, tag, resampling)
        found[:, number] = np.mean(values), *interval_of_mean(values, [error] * len(values))
    return found


def _second_mean(clips: ClipScores, heard: np.ndarray | None, resampling: ResamplingParams) -> list[dict[str, Any]]:
    """What :func:`with_audible` adds to the row of each seed."""
    usable = np.zeros(len(clips.tag_names), dtype=bool) if heard is None else heard & scorable(clips.labels)
    if not usable.any():
        return [{} for _ in clips.by_seed]
    shared = {"pr_auc_audible_se": bootstrap_deviation(clips, usable, resampling), "n_tags_audible": int(usable.sum())}
    return [{"pr_auc_audible": float(value)} | shared for value in precision_by_seed(clips, usable)]


def _mean_precision(clips: ClipScores) -> float:
    return float(precision_by_seed(clips, scorable(clips.labels)).mean())
