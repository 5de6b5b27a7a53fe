"""Figures of filters: a row per network with the untrained one below, an axis in Hz, and the limit of the corpus."""

import numpy as np

from clmr.paper.filter_figures import figure_networks, filter_spectra, spectra_data

from .chapter_7 import NETWORKS, SPECTRA


def test_each_network_stands_above_the_untrained_one():
    assert [one.run for one in figure_networks(NETWORKS, "fig_7_1")] == ["clmr_primary", "random_init"]
    assert [one.run for one in figure_networks(NETWORKS, "fig_7_2")] == ["clmr_small", "random_init"]


def test_axes_end_at_half_the_rate_and_mark_the_limit():
    shown = figure_networks(NETWORKS, "fig_7_1")
    figure = filter_spectra(shown, SPECTRA, (1, 2), "mean", {"primary": 3_500.0})
    panels = figure.axes[:4]
    assert [axes.get_title() for axes in panels] == ["layer 1", "layer 2", "", ""]
    for axes in panels:
        assert axes.get_ylim() == (0, 4)
        assert axes.lines[0].get_ydata()[0] == 3.5
    assert "kHz" in panels[0].get_ylabel()


def test_a_layer_that_a_network_lacks_stays_empty():
    figure = filter_spectra(NETWORKS[:1], SPECTRA, (1, 7), "mean", {})
    assert figure.axes[0].images
    assert not figure.axes[1].images


def test_the_data_have_every_filter_in_the_order_of_its_peak():
    data = spectra_data(NETWORKS[:1], SPECTRA, (1, 2), "mean")
    assert len(data) == 64
    assert (np.diff(data[data.layer == 2].peak_hz) >= 0).all()
    assert sorted(data["filter"][data.layer == 2]) == list(range(32))
