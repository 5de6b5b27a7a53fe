"""Cells of tables for readers: numbers as text, scores in per cent."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd


def markdown(header: Iterable[str], rows: Iterable[Sequence[Any]]) -> str:
    r"""A Markdown table; what would end a cell or a row is escaped.

    >>> print(markdown(["tag", "clips"], [["rock|pop", 3]]), end="")
    | tag | clips |
    | --- | --- |
    | rock\|pop | 3 |
    """
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(_escaped(str(cell)) for cell in line) + " |\n" for line in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")


def score_cell(row: dict[Any, Any], metric: str) -> str:
    """A score with the deviation over seeds, if there are several, and its interval, if it has one.

    >>> row = {"pr_auc_tag": 0.449, "pr_auc_tag_sd": 0.006, "pr_auc_tag_low": 0.428, "pr_auc_tag_high": 0.49}
    >>> score_cell(row, "pr_auc_tag"), score_cell(row | {"pr_auc_tag_sd": None}, "pr_auc_tag")
    ('44.9 ± 0.6 [42.8, 49.0]', '44.9 [42.8, 49.0]')
    """
    deviation = percent(row[f"{metric}_sd"])
    spread = f" ± {deviation}" if deviation else ""
    return interval_cell(row, metric, spread)


SCORES = {
    "roc_auc_tag": "ROC-AUC TAG",
    "pr_auc_tag": "PR-AUC TAG",
    "roc_auc_clip": "ROC-AUC CLIP",
    "pr_auc_clip": "PR-AUC CLIP",
}
"""Heads of the columns that :func:`score_cells` fills, by metric; those over tags have an interval."""


def score_cells(row: dict[Any, Any], others: Iterable[dict[Any, Any]]) -> list[str]:
    """The scores of a row, one cell for each of :data:`SCORES`, behind each those of other heads in round brackets.

    >>> row = {"roc_auc_clip": 0.9, "pr_auc_clip": 0.7}
    >>> row |= {f"{metric}{end}": 0.5 for metric in ("roc_auc_tag", "pr_auc_tag") for end in ("", "_low", "_high")}
    >>> row |= {"roc_auc_tag_sd": None, "pr_auc_tag_sd": None}
    >>> score_cells(row, [row | {"pr_auc_tag": 0.6, "roc_auc_clip": None}])
    ['50.0 [50.0, 50.0] (50.0)', '50.0 [50.0, 50.0] (60.0)', '90.0', '70.0 (70.0)']
    """
    others, cells = list(others), []
    for metric in SCORES:
        own = score_cell(row, metric) if metric.endswith("_tag") else percent(row[metric])
        # The thesis has not every score of every head.
        behind = [percent(other[metric]) for other in others if percent(other[metric])]
        cells.append(own + "".join(f" ({cell})" for cell in behind))
    return cells


def interval_cell(row: dict[Any, Any], name: str, spread: str = "") -> str:
    """A score and its interval; chance has none, and a cell without a score is empty.

    >>> row = {"log_mel": 0.5, "log_mel_low": 0.4, "log_mel_high": 0.6}
    >>> interval_cell(row, "log_mel"), interval_cell(row | {"log_mel_low": None}, "log_mel")
    ('50.0 [40.0, 60.0]', '50.0')
    """
    low, high = percent(row[f"{name}_low"]), percent(row[f"{name}_high"])
    return percent(row[name]) + spread + (f" [{low}, {high}]" if low and high else "")


def difference_cell(row: dict[Any, Any]) -> str:
    """A difference in points with its sign and its interval; empty if there is none.

    >>> difference_cell({"difference": -0.012, "low": -0.03, "high": 0.006})
    '-1.2 [-3.0, +0.6]'
    """
    if pd.isna(row["difference"]):
        return ""
    estimate, low, high = (f"{100 * row[name]:+.1f}" for name in ("difference", "low", "high"))
    return f"{estimate} [{low}, {high}]"


def p_value(value: float) -> str:
    """A p-value as text.

    >>> p_value(0.0321), p_value(1e-9)
    ('0.032', '< 0.001')
    """
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def percent(value: float | None) -> str:
    """A score on the 0-1 scale in per cent; empty if there is none.

    >>> percent(0.4494), percent(None)
    ('44.9', '')
    """
    return "" if value is None or pd.isna(value) else f"{100 * value:.1f}"


def shown(value: Any) -> str:
    """Any cell as text; empty if there is no value, whole numbers without decimals.

    >>> shown(None), shown(22050.0), shown(0.1), shown("scores")
    ('', '22050', '0.1', 'scores')
    """
    if pd.isna(value):
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
