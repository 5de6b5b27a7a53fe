"""Figures of scores show what is in their tables, and their labels can be read."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from matplotlib.text import Text

from clmr.paper import score_figures
from clmr.paper.scaling import scaling_table
from clmr.paper.tables import scores_by_size, with_chance

from .examples import scaling_run, score_row, system, table_6_1

LEVELS = {corpus: {"pr_auc_tag": 0.1} for corpus in ("scores", "merlin")}


def everything(*corpora):
    """A table in which many systems score nearly the same."""
    parts = []
    for corpus in corpora:
        probes = [system(name, corpus) for name in ("clmr", "cpc", "random_init", "random_init_cpc", "log_mel")]
        parts.append(table_6_1(*probes))
        parts.append(table_6_1(*(system(name, corpus) for name in ("sample_cnn", "pons")), heads=("end_to_end",)))
    table = pd.concat(parts, ignore_index=True)
    table.loc[table.system == "log_mel", "n_parameters"] = pd.NA
    return with_chance(table, LEVELS)


def labels_of(axes):
    axes.figure.draw_without_rendering()
    return [text for text in axes.texts if text.get_text()]


def box(text):
    # The words alone: an annotation's own extent has its line as well.
    return Text.get_window_extent(text)


def overlapping(texts):
    boxes = [box(text) for text in texts]
    return [
        (texts[first].get_text(), texts[second].get_text())
        for first in range(len(boxes))
        for second in range(first)
        if boxes[first].overlaps(boxes[second])
    ]


@pytest.mark.parametrize("seed", range(5))
def test_labels_are_spread_no_further_than_needed(seed):
    positions = np.random.default_rng(seed).uniform(size=9)
    found = score_figures.spread(positions, gap=0.15)
    order = np.argsort(positions)
    assert np.diff(found[order]).min() >= 0.15 - 1e-9
    assert found.mean() == pytest.approx(positions.mean())
    apart = np.arange(5.0)
    np.testing.assert_allclose(score_figures.spread(apart, gap=0.9), apart)


def test_labels_of_figure_1_1_do_not_overlap_and_stand_inside_the_figure():
    figure = score_figures.score_by_parameters(scores_by_size(everything("scores"), "scores"))
    texts = labels_of(figure.axes[0])
    assert {text.get_text() for text in texts} >= {"CLMR, linear", "SampleCNN", "chance, a random order"}
    assert len(texts) == 7
    assert overlapping(texts) == []
    assert all(box(text).x1 <= figure.bbox.x1 for text in texts)


@pytest.mark.parametrize("smallest", [9_000, 120_000, 2_400_000])
@pytest.mark.parametrize("ratio", [1.2, 3.0, 40.0])
def test_labels_of_parameters_do_not_run_into_each_other(smallest, ratio):
    sizes = scores_by_size(everything("scores"), "scores")
    has_size = sizes.n_parameters.notna()
    spread = np.geomspace(smallest, smallest * ratio, has_size.sum()).round().astype(int)
    sizes.loc[has_size, "n_parameters"] = spread
    figure = score_figures.score_by_parameters(sizes)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    low, high = axes.get_xlim()
    shown = [label for label in axes.get_xticklabels() if label.get_text() and low <= label.get_position()[0] <= high]
    assert len(shown) >= 2
    assert overlapping(shown) == []


def test_blocks_have_colours_of_their_own_and_supervised_systems_are_grey():
    axes = score_figures.score_by_parameters(scores_by_size(everything("scores"), "scores")).axes[0]
    colours = [container.lines[0].get_color() for container in axes.containers]
    assert len(colours) == 6
    assert colours.count("0.55") == 2
    assert len({str(colour) for colour in colours}) == 3


def test_chance_is_drawn_in_every_panel():
    axes = score_figures.scores(everything("scores", "merlin"), "pr_auc_tag", "PR-AUC").axes
    for panel in axes:
        dotted = [line for line in panel.lines if line.get_linestyle() == ":"]
        assert [line.get_xdata()[0] for line in dotted] == [0.1]
    sizes = score_figures.score_by_parameters(scores_by_size(everything("scores"), "scores")).axes[0]
    assert [line.get_ydata()[0] for line in sizes.lines if line.get_linestyle() == ":"] == [0.1]


def test_intervals_are_drawn_and_blocks_stand_together():
    axes = score_figures.scores(everything("scores"), "pr_auc_tag", "PR-AUC").axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[:4] == ["CLMR, linear", "CLMR, mlp", "CPC, linear", "CPC, mlp"]
    assert labels[4:6] == ["SampleCNN", "Pons et al."]
    ends = [container.lines[2][0].get_segments()[0][:, 0] for container in axes.containers]
    np.testing.assert_allclose(ends, [[0.45, 0.55]] * len(labels))


def test_a_corpus_without_a_system_has_a_gap_in_its_place():
    table = table_6_1(system("clmr"), system("cpc"), system("cpc", "merlin"), heads=("linear",))
    first, second = score_figures.scores(table, "pr_auc_tag", "PR-AUC").axes
    assert [container.lines[0].get_ydata()[0] for container in first.containers] == [0, 1]
    assert [container.lines[0].get_ydata()[0] for container in second.containers] == [1]


def test_rows_of_one_name_are_drawn_apart():
    table = table_6_1(system("clmr", epochs=1), system("clmr", epochs=2), heads=("linear",))
    axes = score_figures.scores(table, "pr_auc_tag", "PR-AUC").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["CLMR, linear"] * 2
    assert [container.lines[0].get_ydata()[0] for container in axes.containers] == [0, 1]


def test_the_scaling_figure_has_a_line_per_width_and_a_band_per_reference():
    runs = [scaling_run(epochs, width) for width in (16, 32) for epochs in (10, 20, 40)]
    rows = {run.scored.stage: [score_row(pr_auc_tag=0.4 + run.epochs / 1000)] for run in runs}
    table = scaling_table(runs, rows, [16] * 6, everything("scores"), "scores")
    figure = score_figures.scaling(table)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert [list(container.lines[0].get_xdata()) for container in axes.containers] == [
        table.compute[table.width == width].tolist() for width in (16, 32)
    ]
    assert len(axes.patches) == 3
    assert all(same_color(band.get_facecolor()[:3], "0.55") for band in axes.patches)
    texts = labels_of(axes)
    assert len(texts) == 5
    assert overlapping(texts) == []
    assert all(box(text).x1 <= figure.bbox.x1 for text in texts)


def test_without_runs_the_scaling_figure_says_so():
    table = scaling_table([], {}, [], everything("scores"), "scores")
    (axes,) = score_figures.scaling(table).axes
    assert axes.get_title() == "scores: references alone, no run belongs to the experiment scaling"
    assert len(axes.patches) == 3
