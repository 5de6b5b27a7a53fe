"""Tables as data: the columns that all score tables share, and the tags of a corpus.

What belongs here: pure functions from plain values to tables. What does not: files (:mod:`clmr.paper.reading`,
:mod:`clmr.paper.writing`) and the form that readers see (:mod:`clmr.paper.markdown`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from clmr.models.heads import END_TO_END
from clmr.paper.names import BLOCKS, CHANCE, block_of, row_label
from clmr.paper.planned import ScoredSystem
from clmr.paper.thesis import Thesis

IDENTITY = ("system", "pretrain_corpus", "eval_corpus", "head")
"""The columns that identify a row of a score table, besides those that its table varies."""
CLIP_SCORES = ("roc_auc_clip", "pr_auc_clip")
INTERVALS = ("roc_auc_tag", "pr_auc_tag", "pr_auc_audible")
"""Scores with a deviation over seeds and an interval; the last is the mean over the tags that a reference hears."""
COUNTS = (
    "n_seeds", "n_parameters", "n_tags_audible", "n_tags_excluded", "n_tags_without_positives", "n_clips_excluded",
)  # fmt: skip
SCORE_COLUMNS = (
    "block", *IDENTITY, "run",
    *(f"{metric}{part}" for metric in INTERVALS for part in ("", "_sd", "_low", "_high")),
    "roc_auc_clip", "pr_auc_clip", "n_seeds", "scale", "thesis_roc_auc_tag", "thesis_pr_auc_tag",
    "n_parameters", "n_tags_audible", "n_tags_excluded", "n_tags_without_positives", "n_clips_excluded",
)  # fmt: skip
"""The columns of every score table; those that a table varies come after ``run``."""
_NORMAL_95 = 1.96


def score_table(
    systems: Iterable[ScoredSystem],
    scores: Mapping[str, Sequence[Mapping[str, Any]]],
    thesis: Thesis,
    artefact: str,
    scale: str,
    varies: Sequence[str] = (),
) -> pd.DataFrame:
    """One row per system and head, grouped by evaluation corpus and block, else in the order given.

    Scores are means over the seeds of a run, columns that end in ``_sd`` their sample standard deviations, empty with
    one seed, and the bounds those of :func:`interval_of_mean`. Counts are the largest over the seeds.

    A thesis value stands beside a row only where system, corpora, head and everything that the thesis varies in this
    artefact are the same; so never beside an embedded corpus.

    Args:
        systems: The systems of the table.
        scores: For each system's stage, one mapping per head and seed, with the columns of
            :func:`clmr.evaluation.metrics.summary`, and those of :func:`clmr.paper.audible.with_audible` if there are
            any.
        thesis: Numbers to compare with.
        artefact: Name of the table; what the thesis varies in it becomes a column each.
        scale: Label of the numbers.
        varies: Further columns from the systems' ``varies``; empty where a system does not state them.

    Raises:
        ValueError: If no system states a column that varies, a system has no scores, or two of one head and seed.
    """
    systems = tuple(systems)
    columns = tuple(dict.fromkeys((*thesis.varies(artefact), *varies)))
    for column in columns:
        if not any(column in scored.varies for scored in systems):
            raise ValueError(f"{artefact}: no system states {column}; have the plan list it in their 'varies'")
    rows = [
        _row(scored, head, of_head, columns) | {"scale": scale}
        for scored in systems
        for head, of_head in rows_by_head(scored, scores[scored.stage]).items()
    ]
    for row in rows:
        identity = {key: row[key] for key in (*IDENTITY, *thesis.varies(artefact))}
        for metric in ("roc_auc_tag", "pr_auc_tag"):
            row[f"thesis_{metric}"] = thesis.value(artefact=artefact, metric=metric, **identity)
    return _typed(_grouped(rows), columns)


def _grouped(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows by corpus, in order of appearance, and within a corpus by block."""
    corpora, blocks = list(dict.fromkeys(row["eval_corpus"] for row in rows)), list(BLOCKS)
    # Sorting is stable, so within a block the order of the plan remains.
    return sorted(rows, key=lambda row: (corpora.index(row["eval_corpus"]), blocks.index(row["block"])))


def _row(
    scored: ScoredSystem, head: str, of_head: Sequence[Mapping[str, Any]], columns: Sequence[str]
) -> dict[str, Any]:
    """A row without scale and thesis."""
    identity = {key: getattr(scored, key) for key in (*IDENTITY[:-1], "run")} | {"head": head}
    identity["block"] = block_of(scored.system, scored.pretrain_corpus, head)
    return identity | {column: scored.varies.get(column) for column in columns} | over_seeds(of_head)


def over_seeds(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means, deviations and intervals of scores, and the largest of each count, over the rows of one head.

    >>> scores = dict.fromkeys(("roc_auc_tag", "roc_auc_tag_se", "pr_auc_tag_se", "roc_auc_clip", "pr_auc_clip"), 0.1)
    >>> found = over_seeds([scores | {"pr_auc_tag": 0.3}, scores | {"pr_auc_tag": 0.5}])
    >>> round(found["pr_auc_tag"], 3), round(found["pr_auc_tag_sd"], 3), found["n_seeds"]
    (0.4, 0.141, 2)
    """
    found: dict[str, Any] = {name: float(np.mean([row[name] for row in rows])) for name in CLIP_SCORES}
    for metric in INTERVALS:
        # Tables without the scores of single clips, such as those of grids, have no second mean.
        if metric in rows[0]:
            values, errors = ([row[name] for row in rows] for name in (metric, f"{metric}_se"))
            low, high = interval_of_mean(values, errors)
            found |= {metric: float(np.mean(values)), f"{metric}_low": low, f"{metric}_high": high}
            # Divided by n - 1, since a few seeds are a sample of all seeds there are.
            found[f"{metric}_sd"] = float(np.std(values, ddof=1)) if len(rows) > 1 else None
    for column in COUNTS:
        if any(column in row for row in rows):
            found[column] = max(row[column] for row in rows if column in row)
    return found | {"n_seeds": len(rows)}


def interval_of_mean(values: Sequence[float], errors: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean over seeds, within [0, 1]: mean -/+ 1.96 sqrt(mean of se^2 + s^2 / n).

    The first term is what another test split would change. It is not divided by n, since all seeds are scored on the
    same clips. The second, with the sample variance s^2 over n seeds, is what other seeds would change; one seed says
    nothing about it, so it is left out, and the interval is that of this one seed.

    Args:
        values: The score of each seed.
        errors: The standard deviation se of each over bootstrap samples of the test split.

    >>> low, high = interval_of_mean([0.3, 0.5], [0.03, 0.03])
    >>> round(low, 3), round(high, 3)
    (0.195, 0.605)
    """
    between_seeds = np.var(values, ddof=1) / len(values) if len(values) > 1 else 0.0
    half = _NORMAL_95 * np.sqrt(np.mean(np.square(errors)) + between_seeds)
    # No score lies outside, as the bounds of a score near its limit would.
    low, high = np.clip(np.mean(values) + np.array([-half, half]), 0, 1)
    return float(low), float(high)


def with_chance(table: pd.DataFrame, chance: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """A score table with one more reference per corpus: the scores of a random order.

    Args:
        table: A score table.
        chance: Scores by corpus, as :func:`clmr.paper.chance.chance_by_corpus` gives them.
    """
    parts = []
    for corpus, rows in table.groupby("eval_corpus", sort=False):
        row = {"block": "reference", "system": CHANCE, "eval_corpus": corpus, "scale": rows.scale.iloc[0]}
        # Typed like the table: pandas warns where it has to guess the type of an empty column.
        added = pd.DataFrame([row | dict(chance[str(corpus)])], columns=table.columns).astype(table.dtypes)
        parts += [rows, added]
    return pd.concat(parts, ignore_index=True)


def rows_by_head(scored: ScoredSystem, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of each head of a system, heads in order of appearance."""
    heads: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        heads.setdefault(row["head"], []).append(row)
    if not heads:
        raise ValueError(f"{scored.stage}: found no row of scores, expected one for each head and seed; rerun it")
    for head, of_head in heads.items():
        seeds = [row.get("seed") for row in of_head]
        if len(set(seeds)) < len(seeds):
            raise ValueError(
                f"{scored.stage}: found seeds {seeds} for the head {head!r}, expected one row each; rerun it"
            )
    return heads


def _typed(rows: list[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """The rows as a table; counts, and whole numbers that vary, stay whole even where some cells are empty."""
    names = list(SCORE_COLUMNS)
    behind_run = names.index("run") + 1
    names[behind_run:behind_run] = columns
    table = pd.DataFrame(rows, columns=names)
    # Those that may have no value at all, which pandas would take for objects.
    optional = ("_sd", "_low", "_high", "pr_auc_audible")
    floats = {name: "float64" for name in names if name.endswith(optional) or name.startswith("thesis_")}
    typed = table.astype(floats | dict.fromkeys(COUNTS, "Int64"))
    # A table has already turned whole numbers beside an empty cell into floats; the rows still have them.
    return typed.assign(**{column: pd.array([row[column] for row in rows]) for column in columns})


def varied_columns(table: pd.DataFrame) -> list[str]:
    """The columns of a score table besides those that all score tables share."""
    return [column for column in table.columns if column not in SCORE_COLUMNS]


def row_labels(table: pd.DataFrame) -> list[str]:
    """The label of each row of a score table, with the values that the table varies."""
    varied = varied_columns(table)
    return [row_label(row["system"], row["head"], {key: row[key] for key in varied}) for _, row in table.iterrows()]


def scores_by_size(table: pd.DataFrame, corpus: str) -> pd.DataFrame:
    """Figure 1.1: PR-AUC and number of parameters of linear probes and end-to-end systems on one corpus, and chance.

    Systems without a number of parameters, such as log-mel statistics, are left out; chance has none, and stays.

    Returns:
        Columns label, block, system, head, n_parameters, pr_auc_tag, pr_auc_tag_low, pr_auc_tag_high.
    """
    shown = (table["head"].isin(["linear", END_TO_END]) & table.n_parameters.notna()) | (table.system == CHANCE)
    chosen = table[(table.eval_corpus == corpus) & shown].reset_index(drop=True)
    columns = ["block", "system", "head", "n_parameters", "pr_auc_tag", "pr_auc_tag_low", "pr_auc_tag_high"]
    return pd.DataFrame({"label": row_labels(chosen)} | {name: chosen[name] for name in columns})


def tag_table(tag_names: Sequence[str], tags: np.ndarray, splits: np.ndarray) -> pd.DataFrame:
    """Tables 4.1 and 4.2: positives of each tag in each split; columns tag, train, valid, test, clips (the sum).

    Args:
        tag_names: The K tags.
        tags: 0/1, shape (clips, K).
        splits: Split of each clip, shape (clips,).

    >>> print(tag_table(["piano"], np.array([[1], [1], [0]]), np.array(["train", "test", "test"])).to_string())
         tag  train  valid  test  clips
    0  piano      1      0     1      2
    """
    counts = {split: tags[splits == split].sum(axis=0) for split in ("train", "valid", "test")}
    return pd.DataFrame({"tag": tag_names, **counts, "clips": tags.sum(axis=0)})
