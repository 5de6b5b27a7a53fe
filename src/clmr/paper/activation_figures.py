"""Figures 7.4 to 7.6, 7.8 and that of section 7.5: activations, factors, tags and agreement between corpora."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from clmr.interpret.activations import Activations
from clmr.interpret.out_of_domain import Agreement
from clmr.interpret.tag_occurrence import TagOccurrence
from clmr.paper.figures import WIDTH_INCHES

_GREY = "0.55"
_ROW_INCHES = 0.15
ACTIVATION_COLUMNS = ("run", "store", "rank", "feature", "mean", "low", "high")
"""Features in the order of their mean; ``low`` and ``high`` are the 10th and 90th percentile over segments."""


def mean_activations(every: Sequence[Activations]) -> pd.DataFrame:
    """Mean activation of each feature over all test segments, largest first; columns :data:`ACTIVATION_COLUMNS`.

    Args:
        every: Activations of one encoder or of several.
    """
    parts = []
    for one in every:
        mean = one.values.mean(axis=0)
        low, high = np.percentile(one.values, [10, 90], axis=0)
        order = np.argsort(-mean, kind="stable")
        columns = (one.run, one.store, np.arange(1, len(mean) + 1), order, mean[order], low[order], high[order])
        parts.append(pd.DataFrame(dict(zip(ACTIVATION_COLUMNS, columns, strict=True))))
    return pd.concat(parts, ignore_index=True)


def activations(data: pd.DataFrame) -> Figure:
    """Features sorted by their mean activation, with the range of 80 % of the segments (thesis Figures 7.4, 7.5).

    Each encoder has a panel and an axis of its own: the scale of an activation means nothing beyond its network.

    Args:
        data: As :func:`mean_activations` gives it.
    """
    shown = list(data.groupby(["run", "store"], sort=False))
    figure, panels = plt.subplots(1, len(shown), figsize=(WIDTH_INCHES, 2.8), squeeze=False, layout="constrained")
    for axes, ((run, store), own) in zip(panels[0], shown, strict=True):
        axes.fill_between(own["rank"], own.low, own.high, alpha=0.25, linewidth=0, label="80 % of the segments")
        axes.plot(own["rank"], own["mean"], linewidth=1.4, label="mean over all test segments")
        axes.set(title=f"{run} on {store}", xlabel="feature, by mean activation", xlim=(1, len(own)), ylim=(0, None))
    panels[0][0].set_ylabel("activation (no unit)")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def factors(strongest: pd.DataFrame) -> Figure:
    """Loadings of the strongest features of each component (thesis Figure 7.6).

    Args:
        strongest: As :func:`clmr.interpret.factors.strongest_features` gives it.
    """
    components = list(strongest.groupby("component"))
    n_features = strongest["rank"].max()
    size = (WIDTH_INCHES, 0.7 + _ROW_INCHES * n_features)
    figure, panels = plt.subplots(1, len(components), figsize=size, sharex=True, squeeze=False, layout="constrained")
    for number, (axes, (component, own)) in enumerate(zip(panels[0], components, strict=True)):
        colour = sns.color_palette()[number % len(sns.color_palette())]
        axes.barh(own["rank"], own.loading, color=colour, height=0.7)
        axes.set_yticks(own["rank"], own.feature.astype(str), fontsize=7)
        axes.axvline(0, color=_GREY, linewidth=0.8)
        axes.set(title=f"component {component}", xlabel="loading", ylim=(n_features + 0.6, 0.4))
        axes.grid(False, axis="y")
    panels[0][0].set_ylabel("feature")
    return figure


def tag_occurrence(found: TagOccurrence | None) -> Figure:
    """Share of the clips of each feature's strongest segments that have a tag, beside that of the corpus (Figure 7.8).

    Cells that chance explains are left white. Tags are sorted by their frequency, features by the tag of which they
    have the largest surplus.

    Args:
        found: The counts; None for a corpus without tags, which gives a sentence.
    """
    if found is None:
        return _sentence("This corpus has no tags, so there are none to count.")
    tags = np.argsort(-found.frequency, kind="stable")
    meant = found.over_represented()[:, tags]
    surplus = np.where(meant, found.shares[:, tags] - found.frequency[tags], 0.0)
    # Features without such a tag come last.
    leading = np.where(meant.any(axis=1), surplus.argmax(axis=1), len(tags))
    features = np.lexsort((-surplus.max(axis=1), leading))
    cells = np.where(meant, found.shares[:, tags], np.nan)[features].T
    figure = plt.figure(figsize=(WIDTH_INCHES, 1.1 + _ROW_INCHES * len(tags)), layout="constrained")
    grid = GridSpec(1, 2, figure=figure, width_ratios=[5, 1])
    heat, bars = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    image = heat.imshow(cells, aspect="auto", cmap="viridis_r", vmin=0, vmax=1, interpolation="none")
    heat.set_yticks(range(len(tags)), [found.tag_names[tag] for tag in tags], fontsize=7)
    heat.set(xlabel=f"feature, by leading tag ({len(features)} features)", xticks=[])
    heat.grid(False)
    bars.barh(range(len(tags)), found.frequency[tags], color=_GREY, height=0.7)
    bars.set(ylim=heat.get_ylim(), yticks=[], xlabel="share of\nall clips", xlim=(0, 1))
    figure.colorbar(image, ax=bars, label="share of the feature's clips", fraction=0.12, pad=0.12)
    return figure


def out_of_domain(found: Agreement | None, home: str, elsewhere: str) -> Figure:
    """How far the tags of features agree between two corpora: same feature and different ones, and tag by tag.

    Args:
        found: The agreement; None where nothing could be compared, which gives a sentence.
        home: Name of the corpus that the encoder was trained on.
        elsewhere: Name of the other.
    """
    if found is None:
        return _sentence(f"{home} and {elsewhere} have too few tags in common to compare features by them.")
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH_INCHES, 3.2), layout="constrained")
    bins = np.linspace(-1, 1, 25)
    for values, label, colour in (
        (found.others, "two different features", _GREY),
        (found.own, "the same feature", sns.color_palette()[0]),
    ):
        left.hist(values, bins, weights=np.full(len(values), 1 / len(values)), alpha=0.6, color=colour, label=label)
        left.axvline(values.mean(), color=colour, linewidth=1.2, linestyle="--")
    left.set(xlabel="correlation of tag profiles", ylabel="share", xlim=(-1, 1))
    left.legend(loc="upper left", framealpha=1.0)
    names = np.tile(found.common_tags, len(found.features))
    palette = sns.color_palette("husl", len(found.common_tags))
    points = pd.DataFrame({"home": found.profiles[0].ravel(), "elsewhere": found.profiles[1].ravel(), "tag": names})
    sns.scatterplot(points, x="home", y="elsewhere", hue="tag", palette=palette, s=10, linewidth=0, ax=right)
    right.axhline(0, color=_GREY, linewidth=0.8)
    right.axvline(0, color=_GREY, linewidth=0.8)
    right.set(xlabel=f"surplus of the tag, {home}", ylabel=f"surplus of the tag, {elsewhere}")
    right.legend(title="", frameon=False, fontsize=7, bbox_to_anchor=(1.0, 1.0), loc="upper left", markerscale=1.6)
    return figure


def _sentence(text: str) -> Figure:
    """A figure that says why there is none."""
    figure, axes = plt.subplots(figsize=(WIDTH_INCHES, 0.8), layout="constrained")
    axes.text(0.5, 0.5, text, ha="center", va="center")
    axes.set_axis_off()
    return figure
