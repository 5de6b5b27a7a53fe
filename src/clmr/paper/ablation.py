"""Tables 6.3 to 6.6, the table of projectors, and Figures 6.3 and 6.4, as data.

Numbers of the thesis have rows of their own, with the scale ``thesis``: they are of another corpus, network and
schedule, and can be compared with each other alone.

What belongs here: our rows beside those of the thesis. What does not: which runs are the rows
(:mod:`clmr.ablations`), and drawing (:mod:`clmr.paper.ablation_figures`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from clmr.paper.names import THESIS
from clmr.paper.planned import AblationRow, ScoredSystem
from clmr.paper.tables import over_seeds, rows_by_head, score_table
from clmr.paper.thesis import Thesis

_HEAD = "linear"
_SCORES = ("pr_auc_tag", "pr_auc_tag_sd", "pr_auc_tag_low", "pr_auc_tag_high", "n_seeds")
POINT_COLUMNS = ("scale", "augmentation", "probability", *_SCORES)
"""One row per point of Figures 6.3 and 6.4; scores are those of the linear probe."""

Scores = Mapping[str, Sequence[Mapping[str, Any]]]
"""For each stage, one mapping per head and seed, as for :func:`clmr.paper.tables.score_table`."""


def systems_of(tables: Mapping[str, Sequence[AblationRow]]) -> list[ScoredSystem]:
    """The systems of all tables, each once, though a base run is a row of several."""
    return list({row.scored.stage: row.scored for rows in tables.values() for row in rows}.values())


def ablation_table(
    rows: Sequence[AblationRow], scores: Scores, thesis: Thesis, artefact: str, varied: str, scale: str
) -> pd.DataFrame:
    """A score table of our rows, then those of the thesis.

    Behind ``run`` comes the column that the table varies, and then the other settings of our rows.

    Args:
        rows: Our rows.
        scores: Their scores.
        thesis: Numbers of the thesis.
        artefact: Name of the table.
        varied: What it varies.
        scale: Label of our numbers.
    """
    others = [name for name in rows[0].settings if name != varied]
    systems = [replace(row.scored, varies=row.settings) for row in rows]
    ours = score_table(systems, scores, thesis, artefact, scale, varies=(varied, *others))
    printed = _printed(thesis, artefact, varied)
    if not printed:
        return ours
    # Typed like ours: pandas warns where it has to guess the type of an empty column.
    return pd.concat([ours, pd.DataFrame(printed, columns=ours.columns).astype(ours.dtypes)], ignore_index=True)


def single_transformations(rows: Sequence[AblationRow], scores: Scores, thesis: Thesis, scale: str) -> pd.DataFrame:
    """Figure 6.3: a crop with one other transformation, which is always applied, and the crop alone.

    Args:
        rows: Our rows, the crop alone first.
        scores: Their scores.
        thesis: Numbers of the thesis.
        scale: Label of our numbers.

    Returns:
        Columns :data:`POINT_COLUMNS`.
    """
    always = [row for row in rows if row.scored.varies["probability"] == 1.0]
    return _points([_point(row, scores, scale) for row in always], thesis, "fig_6_3")


def by_probability(rows: Sequence[AblationRow], scores: Scores, thesis: Thesis, scale: str) -> pd.DataFrame:
    """Figure 6.4: transformations of which some are applied with other probabilities than 1.

    Probability 0 is the crop alone: one run, which is a point of every transformation.

    Args:
        rows: Our rows, the crop alone first.
        scores: Their scores.
        thesis: Numbers of the thesis.
        scale: Label of our numbers.

    Returns:
        Columns :data:`POINT_COLUMNS`.
    """
    crop, *others = (_point(row, scores, scale) for row in rows)
    ours = []
    for step in dict.fromkeys(point["augmentation"] for point in others if point["probability"] < 1):
        ours.append(crop | {"augmentation": step, "probability": 0.0})
        ours += sorted((p for p in others if p["augmentation"] == step), key=lambda point: point["probability"])
    return _points(ours, thesis, "fig_6_4")


def _printed(thesis: Thesis, artefact: str, varied: str) -> list[dict[str, Any]]:
    """Rows of the thesis, one per head and value, in ascending order of the values."""
    found: dict[tuple[Any, str], dict[str, Any]] = {}
    for row in thesis.rows:
        if row.artefact == artefact:
            value = getattr(row, varied)
            identity = {"block": THESIS, "system": row.system, "head": row.head, varied: value, "scale": THESIS}
            corpora = {"pretrain_corpus": row.pretrain_corpus, "eval_corpus": row.eval_corpus}
            found.setdefault((value, row.head), identity | corpora)[row.metric] = row.value
    return [found[key] for key in sorted(found)]


def _point(row: AblationRow, scores: Scores, scale: str) -> dict[str, Any]:
    scored = row.scored
    found = over_seeds(rows_by_head(scored, scores[scored.stage])[_HEAD])
    identity = {"augmentation": scored.varies["augmentation"], "probability": scored.varies["probability"]}
    return {"scale": scale} | identity | {name: found[name] for name in _SCORES}


def _points(ours: Iterable[dict[str, Any]], thesis: Thesis, artefact: str) -> pd.DataFrame:
    """Our points, then those of the thesis, which have neither seeds nor intervals."""
    plotted = [
        {"scale": THESIS, "augmentation": row.augmentation, "probability": row.probability, row.metric: row.value}
        for row in thesis.rows
        if row.artefact == artefact
    ]
    points = pd.DataFrame([*ours, *plotted], columns=POINT_COLUMNS)
    # Empty for all, if our rows have one seed each.
    return points.astype({"pr_auc_tag_sd": "float64", "n_seeds": "Int64"})
