"""Figures: each a pure function from a table to a matplotlib figure, and one function that saves them.

Only cheap stages import this module, so that a change of style never reruns training.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from clmr.paper.tables import row_label
from clmr.pipeline import paths
from clmr.storage.files import replacing, write_text

WIDTH_INCHES = 7.0
_DPI = 150


def style() -> None:
    """Set the look of all figures."""
    sns.set_theme(style="whitegrid", context="paper", palette="colorblind")
    plt.rcParams.update({"figure.dpi": 110, "savefig.dpi": _DPI, "font.size": 9, "axes.titlesize": 10})


def save(figure: Figure, name: str, data: pd.DataFrame) -> Figure:
    """Write a figure as PNG and what it shows as CSV beside it; the figure itself, for display.

    The PNG carries no software version, so equal figures are equal bytes.
    """
    with replacing(paths.figure_file(name)) as temporary:
        figure.savefig(temporary, format="png", dpi=_DPI, bbox_inches="tight", metadata={"Software": None})
    save_csv(data, paths.figure_data_file(name))
    plt.close(figure)
    return figure


def save_table(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Write a table as CSV; the table itself, for display."""
    save_csv(table, paths.table_file(name))
    return table


def save_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table with six decimals and Unix line ends."""
    write_text(path, table.to_csv(index=False, float_format="%.6f", lineterminator="\n"))


def tag_distribution(tags: pd.DataFrame, title: str) -> Figure:
    """Clips per tag, most frequent first (thesis Figures 4.1 and 4.2).

    Args:
        tags: Columns tag and clips.
        title: Names the corpus.
    """
    ordered = tags.sort_values("clips", ascending=False, kind="stable")
    figure, axes = plt.subplots(figsize=(WIDTH_INCHES, 3.0))
    sns.barplot(ordered, x="tag", y="clips", color=sns.color_palette()[0], ax=axes)
    axes.tick_params(axis="x", labelrotation=90)
    axes.set(xlabel="", ylabel="clips with this tag", title=title)
    return figure


def learning_rate(curves: pd.DataFrame) -> Figure:
    """Learning rate at the end of each epoch (thesis Figure 5.1); columns run, epoch, learning_rate."""
    figure, axes = plt.subplots(figsize=(WIDTH_INCHES, 2.6))
    sns.lineplot(curves, x="epoch", y="learning_rate", hue="run", style="run", ax=axes)
    axes.set(xlabel="epoch", ylabel="learning rate", ylim=(0, None))
    return figure


def learning_curves(curves: pd.DataFrame) -> Figure:
    """Contrastive loss and accuracy over epochs; columns run, epoch, loss, accuracy."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH_INCHES, 2.6), layout="constrained")
    sns.lineplot(curves, x="epoch", y="loss", hue="run", style="run", ax=left)
    sns.lineplot(curves, x="epoch", y="accuracy", hue="run", style="run", legend=False, ax=right)
    left.set(ylabel="contrastive loss (nats)")
    right.set(ylabel="accuracy of the contrastive task", ylim=(0, 1))
    return figure


def t_sne(points: pd.DataFrame) -> Figure:
    """Segments in the plane, one colour per track (thesis Figure 6.1); columns track_id, x, y."""
    figure, axes = plt.subplots(figsize=(4.6, 4.6))
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


def scores(table: pd.DataFrame, metric: str, label: str) -> Figure:
    """A score of each system with its 95 % interval, one panel per evaluation corpus.

    Args:
        table: A score table.
        metric: Column to show; its bounds are the columns ``<metric>_low`` and ``<metric>_high``.
        label: Label of the axis.
    """
    corpora = list(dict.fromkeys(table.eval_corpus))
    height = 0.8 + 0.22 * table.groupby("eval_corpus").size().max()
    figure, panels = plt.subplots(
        1, len(corpora), figsize=(WIDTH_INCHES, height), sharex=True, squeeze=False, layout="constrained"
    )
    for axes, corpus in zip(panels[0], corpora, strict=True):
        rows = table[table.eval_corpus == corpus].iloc[::-1]
        names = [row_label(*pair) for pair in rows[["system", "head"]].itertuples(index=False)]
        axes.hlines(names, rows[f"{metric}_low"], rows[f"{metric}_high"], linewidth=2)
        axes.plot(rows[metric], names, "o")
        axes.set(title=corpus, xlabel=label)
        axes.label_outer()
    return figure


def score_by_parameters(table: pd.DataFrame) -> Figure:
    """Score against size (thesis Figure 1.1): supervised systems in grey, encoders with probes in colour.

    Args:
        table: Columns label, n_parameters, pr_auc_tag, supervised.
    """
    figure, axes = plt.subplots(figsize=(WIDTH_INCHES, 3.4), layout="constrained")
    colours = {False: sns.color_palette()[0], True: "0.55"}
    for row in table.itertuples():
        axes.plot(row.n_parameters, row.pr_auc_tag, "o", markersize=8, color=colours[row.supervised])
        axes.annotate(row.label, (row.n_parameters, row.pr_auc_tag), xytext=(7, 0), textcoords="offset points",
                      va="center", fontsize=8)  # fmt: skip
    axes.set(xscale="log", xlabel="trainable parameters of encoder and head", ylabel="PR-AUC (TAG)")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.3, y=0.12)
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
