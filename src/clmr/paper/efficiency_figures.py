"""Figures of label efficiency: scores against labels (Figures 6.5 and 6.6), and where supervision is ahead.

Curves of the thesis have a panel and an axis of their own: they are of another corpus, and what can be compared is how
the lines of a panel lie to each other.
"""

import textwrap
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clmr.paper.efficiency import CLIPS, SHARE
from clmr.paper.efficiency_markdown import crossing_sentence
from clmr.paper.figures import WIDTH_INCHES
from clmr.paper.names import THESIS, row_label

# A system has one colour in both panels, whatever others there are.
_ORDER = ("clmr", "sample_cnn", "random_init", "log_mel", "clmr_fine_tuned")
_MARKERS = "os^Dv"
_LABEL = "PR-AUC (TAG)"
_TITLE_CHARACTERS = 40


def label_efficiency(points: pd.DataFrame, corpus: str) -> Figure:
    """PR-AUC against the labels: ours with a band from the lowest to the highest subset, and the curves of the thesis.

    Args:
        points: As :func:`clmr.paper.efficiency.label_points` gives them.
        corpus: Name of the corpus of the thesis.
    """
    figure, panels = plt.subplots(1, 2, figsize=(WIDTH_INCHES, 3.4), layout="constrained")
    of_thesis = points.scale == THESIS
    for axes, here in zip(panels, (points[~of_thesis], points[of_thesis]), strict=True):
        for (system, head), line in here.groupby(["system", "head"], sort=False):
            _line(axes, line, str(system), row_label(str(system), str(head)))
        axes.set(xscale="log", ylabel=_LABEL)
    panels[0].set(title=f"ours, scale {', '.join(points.scale[~of_thesis].unique())}", xlabel="labelled clips")
    panels[1].set(title=f"thesis, {corpus}", xlabel="labels (%)")
    panels[1].set_xticks(100 * points[SHARE][of_thesis].unique())
    for axes in panels:
        axes.minorticks_off()
        axes.xaxis.set_major_formatter("{x:g}")
    numbers = points[CLIPS][~of_thesis].unique()
    panels[0].set_xticks(numbers, [f"{number:.0f}" for number in numbers])
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def crossover(table: pd.DataFrame) -> Figure:
    """The lead of CLMR's frozen encoder over SampleCNN against labelled clips, with intervals, and where it ends.

    Args:
        table: As :func:`clmr.paper.efficiency.crossover_table` gives it.
    """
    corpora = list(dict.fromkeys(table.eval_corpus))
    size = WIDTH_INCHES * max(len(corpora), 1) / 2, 3.0
    figure, panels = plt.subplots(1, len(corpora), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axes, corpus in zip(panels[0], corpora, strict=True):
        here = table[table.eval_corpus == corpus]
        reach = 100 * np.array([here.difference - here.low, here.high - here.difference])
        axes.errorbar(here[CLIPS], 100 * here.difference, yerr=reach, marker="o", markersize=4, color=_colour("clmr"))
        axes.axhline(0, color="0.55", linewidth=1.0, linestyle=":")
        _mark_crossing(axes, here)
        axes.set(xscale="log", xlabel="labelled clips", title=_title(corpus, here))
        axes.minorticks_off()
        axes.set_xticks(here[CLIPS], [f"{number:.0f}" for number in here[CLIPS]])
    panels[0][0].set_ylabel("CLMR minus SampleCNN\n(points of PR-AUC)")
    return figure


def _line(axes: Axes, line: pd.DataFrame, system: str, label: str) -> None:
    places = 100 * line[SHARE] if line[CLIPS].isna().any() else line[CLIPS]
    marker = _MARKERS[_place(system)]
    axes.plot(places, line.pr_auc_tag, marker=marker, markersize=4, color=_colour(system), label=label)
    # Empty where there are no subsets, as in the thesis.
    axes.fill_between(places, line.lowest.astype(float), line.highest.astype(float), color=_colour(system), alpha=0.18)


def _title(corpus: str, here: pd.DataFrame) -> str:
    """The corpus and where supervision gets ahead on it, in lines that are no wider than a panel."""
    return "\n".join([corpus, *textwrap.wrap(crossing_sentence(here), _TITLE_CHARACTERS)])


def _mark_crossing(axes: Axes, here: pd.DataFrame) -> None:
    """A vertical line at the crossing and a span over its interval, cut off at the shares that there are."""
    first, last = here[CLIPS].iloc[[0, -1]]
    low, high = np.clip(here[["crossing_low", "crossing_high"]].iloc[0], first, last)
    axes.axvspan(low, high, color="0.85", zorder=0)
    place = here.crossing.iloc[0]
    if first <= place <= last:
        axes.axvline(place, color="0.4", linewidth=1.0)


def _place(system: str) -> int:
    return _ORDER.index(system) if system in _ORDER else len(_ORDER) - 1


def _colour(system: str) -> Any:
    return sns.color_palette()[_place(system)]
