"""Figures of scores: systems side by side, against their size, and against what their training cost.

What belongs here: drawing scores of systems, with intervals, chance and labels that do not overlap. What does not:
other figures (:mod:`clmr.paper.figures`), and choosing what is shown.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any, Literal, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullFormatter
from scipy.optimize import isotonic_regression

from clmr.paper.figures import WIDTH_INCHES
from clmr.paper.names import BLOCKS, CHANCE
from clmr.paper.tables import row_labels

_GREY = "0.55"
_LABEL_POINTS = 8
_LINE_INCHES = 0.16
"""Height that a label takes, with the space to the next one."""


class _End(NamedTuple):
    """What a label names: a point, or a horizontal line if it has no x."""

    label: str
    x: float | None
    height: float


def spread(positions: Sequence[float], gap: float) -> np.ndarray:
    """Positions moved as little as possible, by least squares, so that they lie at least ``gap`` apart, order kept.

    Args:
        positions: Any numbers, in any order.
        gap: Smallest distance between neighbours.

    >>> spread([5.0, 1.0, 1.2], gap=1.0)
    array([5. , 0.6, 1.6])
    """
    order = np.argsort(positions, kind="stable")
    # Less their places in the order, times the gap, positions that are apart enough never fall.
    offsets = gap * np.arange(len(order))
    moved = np.empty(len(order))
    moved[order] = isotonic_regression(np.asarray(positions, dtype=float)[order] - offsets).x + offsets
    return moved


def scores(table: pd.DataFrame, metric: str, label: str) -> Figure:
    """A score of each system with its 95 % interval, one panel per evaluation corpus, coloured by block.

    The dotted line is chance.

    Args:
        table: A score table.
        metric: Column to show; its bounds are the columns ``<metric>_low`` and ``<metric>_high``.
        label: Label of the axis.
    """
    shown = table[table.system != CHANCE].assign(label=lambda rows: row_labels(rows))
    # Rows are told apart by number as well: two of one name would be drawn on top of each other.
    shown["again"] = shown.groupby(["eval_corpus", "label"], sort=False).cumcount()
    names = _in_blocks(shown)
    corpora = list(dict.fromkeys(shown.eval_corpus))
    figure, panels = plt.subplots(
        1, len(corpora), figsize=(WIDTH_INCHES, 1.1 + 0.22 * len(names)), sharex=True, sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for axes, corpus in zip(panels[0], corpora, strict=True):
        here = shown[shown.eval_corpus == corpus]
        for row in here.to_dict("records"):
            place, bounds = names.index((row["block"], row["label"], row["again"])), _reach(row, metric)
            axes.errorbar(row[metric], place, xerr=bounds, fmt="o", color=_colour(row["block"]), markersize=5)
        _draw_chance(axes.axvline, table, corpus, metric)
        axes.set(title=corpus, xlabel=label)
    panels[0][0].set_yticks(range(len(names)), [name for _, name, _ in names])
    panels[0][0].invert_yaxis()
    _block_legend(figure, shown.block, "outside lower center")
    return figure


def score_by_parameters(table: pd.DataFrame) -> Figure:
    """Score against size (thesis Figure 1.1): supervised systems in grey, others in colour, chance as a line.

    Args:
        table: Columns label, block, system, n_parameters, pr_auc_tag, pr_auc_tag_low, pr_auc_tag_high.
    """
    figure, axes = plt.subplots(figsize=(WIDTH_INCHES, 3.6))
    systems = table[table.system != CHANCE]
    for row in systems.to_dict("records"):
        axes.errorbar(
            row["n_parameters"], row["pr_auc_tag"], yerr=_reach(row, "pr_auc_tag"), fmt="o", color=_colour(row["block"])
        )
    for level in table.pr_auc_tag[table.system == CHANCE]:
        axes.axhline(level, color=_GREY, linewidth=1.0, linestyle=":")
    axes.set(xlabel="trainable parameters of encoder and head", ylabel="PR-AUC (TAG)")
    axes.margins(x=0.15, y=0.08)
    _log_x(axes)
    figure.subplots_adjust(left=0.09, right=0.66, top=0.97, bottom=0.24)
    places = zip(table.label, table.n_parameters, table.pr_auc_tag, strict=True)
    _label_at_the_right(axes, [_End(label, None if pd.isna(x) else x, height) for label, x, height in places])
    _block_legend(figure, systems.block, "lower center")
    return figure


def scaling(table: pd.DataFrame) -> Figure:
    """Score against the compute of pre-training, one panel per corpus, beside references as lines with their intervals.

    Args:
        table: As :func:`clmr.paper.scaling.scaling_table` gives it.
    """
    corpora = list(dict.fromkeys(table.eval_corpus))
    height = 3.4 * len(corpora)
    # One above the other, with room for the labels beside them.
    figure, panels = plt.subplots(len(corpora), 1, figsize=(WIDTH_INCHES, height), squeeze=False)
    figure.subplots_adjust(left=0.09, right=0.7, top=1 - 0.34 / height, bottom=0.55 / height, hspace=0.4)
    for axes, corpus in zip(panels[:, 0], corpora, strict=True):
        here = table[table.eval_corpus == corpus]
        runs, references = here[here.compute.notna()], here[here.compute.isna()]
        ends = [*_draw_runs(axes, runs), *_draw_references(axes, references)]
        if len(runs):
            axes.set(title=corpus, xlabel="compute: views seen × width of the encoder")
            _log_x(axes)
        else:
            axes.set(xticks=[], title=f"{corpus}: references alone, no run belongs to the experiment scaling")
        axes.set_ylabel("PR-AUC (TAG)")
        _label_at_the_right(axes, ends)
    return figure


def _log_x(axes: Axes) -> None:
    """Make the x axis logarithmic, with at least two labels that do not run into each other; for drawn data."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    # Labels at 1, 2 and 5 only: those of all minor ticks would run into each other. Any range from one to the fivefold
    # has two of them; in a narrower one matplotlib would place up to eight labels of its own.
    narrow = high / low < 5
    axes.xaxis.set_major_locator(MaxNLocator(4) if narrow else LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _draw_runs(axes: Axes, runs: pd.DataFrame) -> list[_End]:
    """Lines through the runs, with their intervals; where each ends."""
    ends: list[_End] = []
    for number, (line, rows) in enumerate(runs.groupby("line", sort=False)):
        bounds = (rows.pr_auc_tag - rows.pr_auc_tag_low, rows.pr_auc_tag_high - rows.pr_auc_tag)
        colour = sns.color_palette()[number % len(sns.color_palette())]
        axes.errorbar(rows.compute, rows.pr_auc_tag, yerr=bounds, marker="o", markersize=4, color=colour)
        ends.append(_End(str(line), rows.compute.iloc[-1], rows.pr_auc_tag.iloc[-1]))
    return ends


def _draw_references(axes: Axes, references: pd.DataFrame) -> list[_End]:
    """Horizontal lines in bands as wide as their intervals; where to label them."""
    ends: list[_End] = []
    for row, style in zip(references.itertuples(), cycle(("--", "-.", ":"))):
        axes.axhspan(row.pr_auc_tag_low, row.pr_auc_tag_high, color=_GREY, alpha=0.15, linewidth=0)
        axes.axhline(row.pr_auc_tag, color=_GREY, linestyle=style)
        ends.append(_End(str(row.line), None, row.pr_auc_tag))
    return ends


def _label_at_the_right(axes: Axes, ends: Sequence[_End]) -> None:
    """Labels in a column beside the axes, each with a thin line to what it names.

    Called last: limits and size of the axes must not change any more.
    """
    figure, (low, high) = axes.figure, axes.get_ylim()
    # For the type checker: our axes belong to a whole figure.
    assert isinstance(figure, Figure)
    height_inches = axes.get_position().height * figure.get_figheight()
    places = spread([end.height for end in ends], gap=_LINE_INCHES / height_inches * (high - low))
    edge = axes.get_xlim()[1]
    for end, place in zip(ends, places, strict=True):
        axes.annotate(
            end.label, (edge if end.x is None else end.x, end.height), xytext=(1.04, place),
            textcoords=axes.get_yaxis_transform(), va="center", fontsize=_LABEL_POINTS, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "0.7", "linewidth": 0.6, "relpos": (0, 0.5), "shrinkA": 0},
        )  # fmt: skip


def _draw_chance(draw: Callable[..., Any], table: pd.DataFrame, corpus: str, metric: str) -> None:
    """A dotted line at the level of chance on a corpus, if the table has it."""
    for level in table[metric][(table.system == CHANCE) & (table.eval_corpus == corpus)].dropna():
        draw(level, color=_GREY, linewidth=1.0, linestyle=":")


def _in_blocks(rows: pd.DataFrame) -> list[tuple[str, str, int]]:
    """Block, label and number of each different row, block by block."""
    found = dict.fromkeys(zip(rows.block, rows.label, rows.again, strict=True))
    return sorted(found, key=lambda row: list(BLOCKS).index(row[0]))


def _reach(row: Mapping[Any, Any], metric: str) -> np.ndarray:
    """How far the interval of a score reaches to either side, shape (2, 1)."""
    return np.array([[row[metric] - row[f"{metric}_low"]], [row[f"{metric}_high"] - row[metric]]])


def _colour(block: str) -> Any:
    """Colour of a block: supervised systems are grey, as in the thesis."""
    palette = sns.color_palette()
    return {"self_supervised": palette[0], "supervised": _GREY, "reference": palette[1]}[block]


def _block_legend(figure: Figure, blocks: Iterable[str], loc: Literal["lower center", "outside lower center"]) -> None:
    """A legend of the blocks below the figure."""
    handles = [
        Line2D([], [], marker="o", linestyle="", color=_colour(block), label=words)
        for block, words in BLOCKS.items()
        if block in set(blocks)
    ]
    handles.append(Line2D([], [], color=_GREY, linewidth=1.0, linestyle=":", label="chance"))
    figure.legend(handles=handles, loc=loc, ncols=2, fontsize=_LABEL_POINTS, frameon=False)
