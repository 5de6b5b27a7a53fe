"""Figures: each a pure function from a table to a matplotlib figure.

What belongs here: drawing. What does not: scores of systems (:mod:`clmr.paper.score_figures`), files
(:mod:`clmr.paper.writing`) and choosing what is shown, which is the notebooks'. Only cheap stages import these
modules, so that a change of style never reruns training.
"""

import math

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH_INCHES = 7.0
DPI = 150
_MOST_RUNS_INSIDE = 8
"""Longer legends would hide the curves, and are placed below them."""
_LEGEND_COLUMNS = 4
_LEGEND_ROW_INCHES = 0.16


def style() -> None:
    """Set the look of all figures."""
    sns.set_theme(style="whitegrid", context="paper", palette="colorblind")
    plt.rcParams.update({"figure.dpi": 110, "savefig.dpi": DPI, "font.size": 9, "axes.titlesize": 10})


def tag_distribution(tags: pd.DataFrame, title: str) -> Figure:
    """Clips per tag, most frequent first (thesis Figures 4.1 and 4.2).

    Args:
        tags: Columns tag and clips.
        title: Title of the figure, which names the corpus.
    """
    ordered = tags.sort_values("clips", ascending=False, kind="stable")
    figure, axes = plt.subplots(figsize=(WIDTH_INCHES, 3.0))
    sns.barplot(ordered, x="tag", y="clips", color=sns.color_palette()[0], ax=axes)
    axes.tick_params(axis="x", labelrotation=90)
    axes.set(xlabel="", ylabel="clips with this tag", title=title)
    return figure


def learning_rate(curves: pd.DataFrame) -> Figure:
    """Learning rate at the end of each epoch (thesis Figure 5.1), one line per run.

    Args:
        curves: Columns run, seed, epoch, learning_rate; of the runs to show.
    """
    figure, axes = plt.subplots(figsize=(WIDTH_INCHES, 2.6), layout="constrained")
    _lines(curves, "learning_rate", axes)
    axes.set(xlabel="epoch", ylabel="learning rate", ylim=(0, None))
    _move_long_legend(axes)
    return figure


def learning_curves(curves: pd.DataFrame) -> Figure:
    """Contrastive loss and accuracy over epochs: the mean over a run's seeds, with a band of one standard deviation.

    Args:
        curves: Columns run, seed, epoch, loss, accuracy; of the runs to show.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH_INCHES, 2.6), layout="constrained")
    _lines(curves, "loss", left)
    _lines(curves, "accuracy", right)
    right.get_legend().remove()
    left.set(ylabel="contrastive loss (nats)")
    right.set(ylabel="accuracy of the contrastive task", ylim=(0, 1))
    _move_long_legend(left)
    return figure


def _lines(curves: pd.DataFrame, column: str, axes: Axes) -> None:
    # seaborn's default band is a bootstrap interval, which draws random numbers and would change from run to run.
    sns.lineplot(curves, x="epoch", y=column, hue="run", style="run", errorbar="sd", ax=axes)


def _move_long_legend(axes: Axes) -> None:
    """Put a legend of many runs below its figure, which becomes taller by as much."""
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) <= _MOST_RUNS_INSIDE:
        return
    legend, figure = axes.get_legend(), axes.figure
    # For the type checker: seaborn has drawn a legend, and our axes belong to a whole figure.
    assert legend is not None
    assert isinstance(figure, Figure)
    legend.remove()
    n_rows = math.ceil(len(labels) / _LEGEND_COLUMNS)
    # So that the axes keep their height: otherwise the legend would take its room from them.
    figure.set_figheight(figure.get_figheight() + n_rows * _LEGEND_ROW_INCHES)
    figure.legend(handles, labels, loc="outside lower center", ncols=_LEGEND_COLUMNS, fontsize=7, frameon=False)


def t_sne(points: pd.DataFrame) -> Figure:
    """Segments in the plane, one colour per track (thesis Figure 6.1); columns track_id, x, y."""
    figure, axes = plt.subplots(figsize=(4.6, 4.6))
    # Not the palette of the other figures, whose ten colours would repeat.
    n_tracks = points.track_id.nunique()
    sns.scatterplot(
        points,
        x="x",
        y="y",
        hue="track_id",
        palette=sns.color_palette("husl", n_tracks),
        s=14,
        linewidth=0,
        ax=axes,
    )
    axes.set(xlabel="", ylabel="", xticks=[], yticks=[])
    axes.legend(title="track", bbox_to_anchor=(1.02, 1), loc="upper left", frameon=False)
    return figure


def tag_wise(scores: pd.DataFrame) -> Figure:
    """ROC-AUC of every tag for a few systems (thesis Figure 6.2), easiest tag of the last system first.

    Args:
        scores: Columns tag, system, roc_auc; one row per tag and system.
    """
    wide = scores.pivot(index="tag", columns="system", values="roc_auc")[list(dict.fromkeys(scores.system))]
    wide = wide.sort_values(wide.columns[-1], ascending=False, kind="stable")
    figure, axes = plt.subplots(figsize=(WIDTH_INCHES, 3.6), layout="constrained")
    axes.vlines(range(len(wide)), wide.min(axis=1), wide.max(axis=1), color="0.8", zorder=1)
    for system, marker in zip(wide.columns, "os^Dv", strict=False):
        axes.plot(range(len(wide)), wide[system], marker, markersize=4.5, label=system)
    axes.axhline(0.5, color="0.5", linewidth=0.8, linestyle=":")
    axes.set_xticks(range(len(wide)), list(wide.index), rotation=90)
    axes.set(ylabel="ROC-AUC", xlim=(-0.7, len(wide) - 0.3))
    axes.legend(frameon=True, ncols=len(wide.columns))
    return figure
