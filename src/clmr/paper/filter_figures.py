"""Figures 7.1 to 7.3: spectra of filters, and where training moves them."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clmr.interpret.filters import NetworkSpectra, Objective
from clmr.paper.figures import WIDTH_INCHES
from clmr.paper.filter_table import peaks_of, untrained_twin
from clmr.paper.names import system_name
from clmr.paper.planned import ShownNetwork

_ROW_INCHES, _HEADER_INCHES = 1.75, 0.75
_MAP = "magma"
_BINS_TOGETHER = 3
_LIMIT = "white"


def figure_networks(networks: Sequence[ShownNetwork], figure: str) -> list[ShownNetwork]:
    """The networks of a figure, each followed by the untrained one of its kind."""
    found = []
    for network in networks:
        if network.figure == figure:
            twin = untrained_twin(network, networks)
            found += [network, *([twin] if twin else [])]
    return found


def filter_spectra(
    networks: Sequence[ShownNetwork],
    spectra: Mapping[str, NetworkSpectra],
    layers: Sequence[int],
    objective: Objective,
    content_limits_hz: Mapping[str, float],
) -> Figure:
    """Spectra of the filters of some layers, sorted by their peak: a row per network, a column per layer.

    A line marks the limit of the content of the corpus that a network was trained on; the axis ends at half the sample
    rate. On untrained networks the line is that of the network above.

    Args:
        networks: The networks, those without training below the ones that they are compared with.
        spectra: Spectra by run.
        layers: Numbers of the layers; those that a network lacks stay empty.
        objective: What was made large.
        content_limits_hz: Limit of the content of each store.
    """
    size = (WIDTH_INCHES, _HEADER_INCHES + _ROW_INCHES * len(networks))
    figure, panels = plt.subplots(
        len(networks), len(layers), figsize=size, squeeze=False, sharey=True, layout="constrained"
    )
    image, limit_hz = None, None
    for row, network in zip(panels, networks, strict=True):
        limit_hz = content_limits_hz.get(network.trained_on or "", limit_hz)
        for axes, number in zip(row, layers, strict=True):
            if number in spectra[network.run].layers:
                image = _spectra_panel(axes, spectra[network.run], number, objective)
                if limit_hz is not None:
                    axes.axhline(limit_hz / 1_000, color=_LIMIT, linewidth=0.9, linestyle="--")
            else:
                axes.set_axis_off()
        row[0].set_ylabel(f"{_short(network)}\nfrequency (kHz)", fontsize=8)
    for axes, number in zip(panels[0], layers, strict=True):
        axes.set_title(f"layer {number}", pad=3)
    figure.supxlabel("filter, by peak", fontsize=9)
    if image is not None:
        figure.colorbar(image, ax=panels, label="magnitude, largest = 1", shrink=min(1.0, 1.6 / len(networks) + 0.2))
    return figure


def spectra_data(
    networks: Sequence[ShownNetwork], spectra: Mapping[str, NetworkSpectra], layers: Sequence[int], objective: Objective
) -> pd.DataFrame:
    """The peak of every filter that a figure shows; columns run, layer, filter, peak_hz, in the order of the figure.

    Whole spectra would be a thousand times as many numbers; they are in the data of the stage.
    """
    parts = []
    for network in {one.run: one for one in networks}.values():
        for number in (one for one in layers if one in spectra[network.run].layers):
            peaks = peaks_of(spectra[network.run], number, objective)
            order = np.argsort(peaks, kind="stable")
            parts.append(pd.DataFrame({"run": network.run, "layer": number, "filter": order, "peak_hz": peaks[order]}))
    return pd.concat(parts, ignore_index=True)


def _spectra_panel(axes: Axes, spectra: NetworkSpectra, number: int, objective: Objective) -> plt.cm.ScalarMappable:
    values = spectra.layers[number].values[objective]
    order = np.argsort(peaks_of(spectra, number, objective), kind="stable")
    extent = (0, len(values), 0, spectra.sample_rate_hz / 2_000)
    # A panel has fewer dots than a spectrum has bins: without the maximum, narrow peaks would fall between them.
    starts = np.arange(0, values.shape[1], _BINS_TOGETHER)
    drawn = np.maximum.reduceat(values[order], starts, axis=1)
    image = axes.imshow(
        drawn.T, origin="lower", aspect="auto", extent=extent, cmap=_MAP, vmin=0, vmax=1, interpolation="none"
    )
    axes.grid(False)
    return image


def _short(network: ShownNetwork) -> str:
    """Name of a network beside its row."""
    if network.trained_on is None:
        return "untrained"
    return f"{system_name(network.system)}, {network.trained_on}"
