"""Tables as data: the columns that all score tables share, and the tags of a corpus.

What belongs here: pure functions from plain values to tables. What does not: files (:mod:`clmr.paper.reading`,
:mod:`clmr.paper.writing`) and the form that readers see (:mod:`clmr.paper.markdown`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from clmr.models.heads import END_TO_END
from clmr.paper.planned import ScoredSystem
from clmr.paper.thesis import Thesis

IDENTITY = ("system", "pretrain_corpus", "eval_corpus", "head")
"""The columns that identify a row of a score table, besides those that its table varies."""
SCORES = (
    "roc_auc_tag", "roc_auc_tag_low", "roc_auc_tag_high",
    "pr_auc_tag", "pr_auc_tag_low", "pr_auc_tag_high",
    "roc_auc_clip", "pr_auc_clip",
)  # fmt: skip
COUNTS = ("n_seeds", "n_parameters", "n_tags_excluded", "n_tags_without_positives", "n_clips_excluded")
SCORE_COLUMNS = (
    *IDENTITY, "run",
    "roc_auc_tag", "roc_auc_tag_sd", "roc_auc_tag_low", "roc_auc_tag_high",
    "pr_auc_tag", "pr_auc_tag_sd", "pr_auc_tag_low", "pr_auc_tag_high",
    "roc_auc_clip", "pr_auc_clip", "n_seeds", "scale", "thesis_roc_auc_tag", "thesis_pr_auc_tag",
    "n_parameters", "n_tags_excluded", "n_tags_without_positives", "n_clips_excluded",
)  # fmt: skip
"""The columns of every score table; those that a table varies come after ``run``."""
SYSTEM_NAMES = {
    "clmr": "CLMR",
    "cpc": "CPC",
    "random_init": "random initialisation",
    "random_init_cpc": "random initialisation, CPC",
    "log_mel": "log-mel statistics",
    "sample_cnn": "SampleCNN",
    "pons": "Pons et al.",
    "dieleman": "1-D CNN (Dieleman and Schrauwen)",
}


def score_table(
    systems: Iterable[ScoredSystem],
    scores: Mapping[str, Sequence[Mapping[str, Any]]],
    thesis: Thesis,
    artefact: str,
    scale: str,
    varies: Sequence[str] = (),
) -> pd.DataFrame:
    """One row per system and head, grouped by evaluation corpus, else in the order given.

    Scores are means over the seeds of a run, ``roc_auc_tag_sd`` and ``pr_auc_tag_sd`` their sample standard
    deviations, empty with one seed. The bounds are means as well: each seed's interval spans resampled test tracks,
    and the mean of the bounds is the interval of a typical seed, to which the deviation between seeds is not added.
    Counts are the largest over the seeds.

    A thesis value stands beside a row only where system, corpora, head and everything that the thesis varies in this
    artefact are the same; so never beside an embedded corpus.

    Args:
        systems: The systems of the table.
        scores: For each system's stage, one mapping per head and seed, with the columns of
            :func:`clmr.evaluation.metrics.summary`. Where one stage scored many systems, as a grid does, each mapping
            says by ``values`` to which it belongs: the one whose ``varies`` has them.
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
    corpora = list(dict.fromkeys(scored.eval_corpus for scored in systems))
    # Sorting is stable, so within a corpus the order of the plan remains.
    ordered = sorted(systems, key=lambda scored: corpora.index(scored.eval_corpus))
    rows = [
        _row(scored, head, of_head, columns) | {"scale": scale}
        for scored in ordered
        for head, of_head in _by_head(scored, scores[scored.stage]).items()
    ]
    for row in rows:
        identity = {key: row[key] for key in (*IDENTITY, *thesis.varies(artefact))}
        for metric in ("roc_auc_tag", "pr_auc_tag"):
            row[f"thesis_{metric}"] = thesis.value(artefact=artefact, metric=metric, **identity)
    return _typed(rows, columns)


def _row(
    scored: ScoredSystem, head: str, of_head: Sequence[Mapping[str, Any]], columns: Sequence[str]
) -> dict[str, Any]:
    """A row without scale and thesis."""
    identity = {key: getattr(scored, key) for key in (*IDENTITY[:-1], "run")} | {"head": head}
    return identity | {column: scored.varies.get(column) for column in columns} | over_seeds(of_head)


def over_seeds(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Means and deviations of scores, and the largest of each count, over the rows of one head.

    >>> bounds = {f"{metric}_{end}": 0.5 for metric in ("roc_auc_tag", "pr_auc_tag") for end in ("low", "high")}
    >>> row = bounds | {"roc_auc_tag": 0.5, "roc_auc_clip": 0.5, "pr_auc_clip": 0.5}
    >>> found = over_seeds([row | {"pr_auc_tag": 0.3}, row | {"pr_auc_tag": 0.5}])
    >>> round(found["pr_auc_tag"], 3), round(found["pr_auc_tag_sd"], 3), found["n_seeds"]
    (0.4, 0.141, 2)
    """
    means = {column: float(np.mean([row[column] for row in rows])) for column in SCORES}
    # Divided by n - 1, since a few seeds are a sample of all seeds there are.
    deviations = {
        f"{metric}_sd": float(np.std([row[metric] for row in rows], ddof=1)) if len(rows) > 1 else None
        for metric in ("roc_auc_tag", "pr_auc_tag")
    }
    counts = {
        column: max(row[column] for row in rows if column in row)
        for column in COUNTS
        if any(column in row for row in rows)
    }
    return means | deviations | counts | {"n_seeds": len(rows)}


def _by_head(scored: ScoredSystem, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of each head of a system, heads in order of appearance."""
    heads: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if all(scored.varies.get(key) == value for key, value in row.get("values", {}).items()):
            heads.setdefault(row["head"], []).append(row)
    if not heads:
        raise ValueError(f"{scored.stage}: none of its {len(rows)} rows has the values {scored.varies}; rerun it")
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
    floats = {name: "float64" for name in names if name.endswith("_sd") or name.startswith("thesis_")}
    typed = table.astype(floats | dict.fromkeys(COUNTS, "Int64"))
    # A table has already turned whole numbers beside an empty cell into floats; the rows still have them.
    return typed.assign(**{column: pd.array([row[column] for row in rows]) for column in columns})


def varied_columns(table: pd.DataFrame) -> list[str]:
    """The columns of a score table besides those that all score tables share."""
    return [column for column in table.columns if column not in SCORE_COLUMNS]


def system_name(system: str) -> str:
    """Name of a system for readers; the identifier if it has no entry in :data:`SYSTEM_NAMES`.

    >>> system_name("cpc"), system_name("my_encoder")
    ('CPC', 'my encoder')
    """
    return SYSTEM_NAMES.get(system, system.replace("_", " "))


def row_label(system: str, head: str, varied: Mapping[str, Any] | None = None) -> str:
    """Label of a row of a score table, in figures.

    Args:
        system: Identifier of the system.
        head: Its head; one trained end to end is not named.
        varied: Values of the columns that the table varies.

    >>> row_label("clmr", "linear"), row_label("sample_cnn", "end_to_end")
    ('CLMR, linear', 'SampleCNN')
    >>> row_label("clmr", "linear", {"batch_size": 96})
    'CLMR, linear, batch size 96'
    """
    parts = [system_name(system), *([] if head == END_TO_END else [head])]
    stated = {key: value for key, value in (varied or {}).items() if not pd.isna(value)}
    return ", ".join(parts + [f"{key.replace('_', ' ')} {value}" for key, value in stated.items()])


def row_labels(table: pd.DataFrame) -> list[str]:
    """The label of each row of a score table, with the values that the table varies."""
    varied = varied_columns(table)
    return [row_label(row["system"], row["head"], {key: row[key] for key in varied}) for _, row in table.iterrows()]


def scores_by_size(table: pd.DataFrame, corpus: str) -> pd.DataFrame:
    """Figure 1.1: PR-AUC and number of parameters of linear probes and end-to-end systems on one corpus.

    Systems without a number of parameters, such as log-mel statistics, are left out.

    Returns:
        Columns label, system, head, n_parameters, pr_auc_tag, supervised.
    """
    chosen = table[(table.eval_corpus == corpus) & table["head"].isin(["linear", END_TO_END])]
    chosen = chosen[chosen.n_parameters.notna()].reset_index(drop=True)
    return pd.DataFrame(
        {
            "label": row_labels(chosen),
            "system": chosen.system,
            "head": chosen["head"],
            "n_parameters": chosen.n_parameters.astype(int),
            "pr_auc_tag": chosen.pr_auc_tag,
            "supervised": chosen["head"] == END_TO_END,
        }
    )


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
