"""Figures show what is in their tables."""

import pandas as pd
import pytest

from clmr.paper import figures


@pytest.fixture
def tag_scores() -> pd.DataFrame:
    rows = [("piano", "CLMR", 0.9), ("flute", "CLMR", 0.6), ("piano", "SampleCNN", 0.7), ("flute", "SampleCNN", 0.8)]
    return pd.DataFrame(rows, columns=["tag", "system", "roc_auc"])


def test_tags_come_in_the_order_of_the_last_system(tag_scores):
    axes = figures.tag_wise(tag_scores).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["flute", "piano"]
    markers = {line.get_label(): line.get_ydata().tolist() for line in axes.lines if line.get_label()[0] != "_"}
    assert markers == {"CLMR": [0.6, 0.9], "SampleCNN": [0.8, 0.7]}


@pytest.mark.parametrize(("n_seeds", "n_bands"), [(1, 0), (3, 1)])
def test_several_seeds_are_one_line_in_a_band(n_seeds, n_bands):
    curves = pd.DataFrame(
        [("clmr", seed, epoch, 4.0 - seed / epoch) for seed in range(n_seeds) for epoch in (1, 2, 3)],
        columns=["run", "seed", "epoch", "loss"],
    ).assign(accuracy=0.5)
    left = figures.learning_curves(curves).axes[0]
    line = next(line for line in left.lines if len(line.get_ydata()))
    assert line.get_ydata() == pytest.approx(curves.groupby("epoch").loss.mean().to_numpy())
    assert len([band for band in left.collections if band.get_paths()]) == n_bands


@pytest.mark.parametrize(("n_runs", "inside"), [(6, True), (40, False)])
def test_a_legend_of_many_runs_stands_below_the_curves(n_runs, inside):
    curves = pd.DataFrame({"run": [f"run_{i}" for i in range(n_runs)] * 2, "epoch": [1] * n_runs + [2] * n_runs})
    curves = curves.assign(seed=0, learning_rate=0.1)
    figure = figures.learning_rate(curves)
    assert (figure.axes[0].get_legend() is not None) == inside
    assert len(figure.legends) == (not inside)
    legend = figure.axes[0].get_legend() if inside else figure.legends[0]
    assert len(legend.get_texts()) == n_runs
    figure.draw_without_rendering()
    if not inside:
        below = legend.get_window_extent()
        assert below.y0 >= 0
        assert below.x0 >= 0
        assert below.x1 <= figure.bbox.x1
        assert below.y1 <= figure.axes[0].get_window_extent().y0
