"""Figures of ablations: single transformations (Figure 6.3), and their probabilities (Figure 6.4).

Points of the thesis have a panel and an axis of their own: they are of another corpus, and only the order of points
within a panel can be compared with that of the other.
"""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clmr.paper.figures import WIDTH_INCHES
from clmr.paper.names import THESIS

_GREY = "0.55"
_CROP = "crop"
_LABEL = "PR-AUC (TAG)"
_STEP_APART = 0.012
"""Between neighbouring lines at one probability."""


def single_transformations(points: pd.DataFrame) -> Figure:
    """The score of a crop with one other transformation, and of the crop alone, which is the dotted line.

    Args:
        points: As :func:`clmr.paper.ablation.single_transformations` gives them.
    """
    names = list(dict.fromkeys(points.augmentation))
    figure, panels = plt.subplots(
        1, 2, figsize=(WIDTH_INCHES, 0.9 + 0.26 * len(names)), sharey=True, layout="constrained"
    )
    for axes, (scale, here) in zip(panels, _panels(points), strict=True):
        places = [names.index(name) for name in here.augmentation]
        axes.errorbar(here.pr_auc_tag, places, xerr=_reach(here), fmt="o", color=_colour(0), markersize=5)
        for level in here.pr_auc_tag[here.augmentation == _CROP]:
            axes.axvline(level, color=_GREY, linewidth=1.0, linestyle=":")
        axes.set(title=_title(scale), xlabel=_LABEL)
    panels[0].set_yticks(range(len(names)), [name if name == _CROP else f"{_CROP}, {name}" for name in names])
    panels[0].invert_yaxis()
    return figure


def by_probability(points: pd.DataFrame) -> Figure:
    """The score against the probability of each transformation; the crop alone is the point at 0 of all lines.

    Args:
        points: As :func:`clmr.paper.ablation.by_probability` gives them.
    """
    names = list(dict.fromkeys(points.augmentation))
    figure, panels = plt.subplots(1, 2, figsize=(WIDTH_INCHES, 3.2), sharex=True, layout="constrained")
    for axes, (scale, here) in zip(panels, _panels(points), strict=True):
        for number, name in enumerate(names):
            # To either side of the probability, so that intervals do not hide each other.
            aside = _STEP_APART * (number - (len(names) - 1) / 2)
            _line(axes, here[here.augmentation == name], aside, _colour(number), name)
        axes.set(title=_title(scale), xlabel="probability of the transformation", ylabel=_LABEL)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(names), frameon=False)
    return figure


def _line(axes: Axes, points: pd.DataFrame, aside: float, colour: Any, name: str) -> None:
    places, reach = points.probability + aside, _reach(points)
    axes.errorbar(places, points.pr_auc_tag, yerr=reach, marker="o", markersize=4, color=colour, label=name)


def _colour(number: int) -> Any:
    """The same in both panels."""
    return sns.color_palette()[number % len(sns.color_palette())]


def _panels(points: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Our points, then those of the thesis."""
    of_thesis = points.scale == THESIS
    scales = points.scale[~of_thesis].unique()
    return [(", ".join(scales), points[~of_thesis]), (THESIS, points[of_thesis])]


def _title(scale: str) -> str:
    return "thesis, MagnaTagATune" if scale == THESIS else f"ours, scale {scale}"


def _reach(points: pd.DataFrame) -> np.ndarray:
    """How far each interval reaches to either side, shape (2, points); 0 where there is none."""
    low, high = points.pr_auc_tag - points.pr_auc_tag_low, points.pr_auc_tag_high - points.pr_auc_tag
    return np.nan_to_num(np.array([low, high]))
