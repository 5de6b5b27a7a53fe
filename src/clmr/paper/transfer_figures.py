"""The figure of Table 6.2: scores against the size of the corpus of pre-training.

Points of the thesis have a panel and axes of their own: they are of other corpora, whose hours it does not state.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from clmr.paper.figures import WIDTH_INCHES
from clmr.paper.names import THESIS, system_name
from clmr.paper.transfer import EPOCHS, STEPS

_APART = 1.03
"""Factor between the sizes at which neighbouring methods are drawn."""
_TITLES = {STEPS: "ours, as many steps", EPOCHS: "ours, as many epochs", THESIS: "thesis, MagnaTagATune"}


def score_by_size(points: pd.DataFrame) -> Figure:
    """PR-AUC of linear probes against the hours of pre-training, one line per method; panels as in the table.

    A hollow marker is an encoder that was pre-trained on the corpus that it is evaluated on; no line leads there.

    Args:
        points: As :func:`clmr.paper.transfer.size_points` gives them.
    """
    figure, panels = plt.subplots(1, 3, figsize=(WIDTH_INCHES, 2.9), layout="constrained")
    systems = list(dict.fromkeys(points.system))
    for axes, (held, title) in zip(panels, _TITLES.items(), strict=True):
        here = points[points.held == held]
        size = "clips" if held == THESIS else "hours"
        for number, system in enumerate(systems):
            # To the side, so that intervals do not hide each other.
            aside = here[here.system == system].astype({size: "float64"})
            aside[size] *= _APART**number
            _draw(axes, aside, size, sns.color_palette()[number])
        axes.set(title=title, xlabel=f"{size} of pre-training")
        axes.set_xscale("log")
        # Labels of all sizes of the thesis, from hundreds to hundred thousands, would run into each other.
        axes.xaxis.set_major_locator(LogLocator(subs=(1,) if held == THESIS else (1, 2, 5)))
        axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
        axes.xaxis.set_minor_formatter(NullFormatter())
    panels[0].set_ylabel("PR-AUC (TAG)")
    # Our two panels can be compared with each other.
    panels[1].sharey(panels[0])
    panels[0].autoscale()
    _legend(figure, systems)
    return figure


def _draw(axes: Axes, points: pd.DataFrame, size: str, colour: tuple[float, float, float]) -> None:
    """The points of one method with their intervals, and a line through those of other corpora."""
    own = points.in_domain.astype(bool)
    elsewhere = points[~own]
    axes.plot(elsewhere[size], elsewhere.pr_auc_tag, color=colour, linewidth=1.0)
    for filled, chosen in ((True, elsewhere), (False, points[own])):
        reach = [chosen.pr_auc_tag - chosen.pr_auc_tag_low, chosen.pr_auc_tag_high - chosen.pr_auc_tag]
        axes.errorbar(
            chosen[size], chosen.pr_auc_tag, yerr=np.nan_to_num(np.array(reach, dtype=float)), fmt="o", color=colour,
            markersize=5, markerfacecolor=colour if filled else "white",
        )  # fmt: skip


def _legend(figure: Figure, systems: list[str]) -> None:
    handles = [
        Line2D([], [], marker="o", color=sns.color_palette()[number], label=system_name(system))
        for number, system in enumerate(systems)
    ]
    hollow = Line2D([], [], marker="o", linestyle="", color="0.4", markerfacecolor="white", label="on the same corpus")
    figure.legend(handles=[*handles, hollow], loc="outside lower center", ncols=len(systems) + 1, frameon=False)
