"""Figures of ablations show their points, and never ours on one axis with the thesis's."""

import numpy as np
import pytest

from clmr.paper import ablation_figures
from clmr.paper.ablation import by_probability, single_transformations

from .examples import THESIS, augmentation_rows, score_row

ROWS = augmentation_rows()
SCORES = {row.scored.stage: [score_row(pr_auc_tag=0.3 + number / 100)] for number, row in enumerate(ROWS)}


def test_ours_and_the_thesis_s_have_panels_and_axes_of_their_own():
    single = single_transformations(ROWS, SCORES, THESIS, "embedded")
    often = by_probability(ROWS, SCORES, THESIS, "embedded")
    for figure in (ablation_figures.single_transformations(single), ablation_figures.by_probability(often)):
        ours, thesis = figure.axes
        assert (ours.get_title(), thesis.get_title()) == ("ours, scale embedded", "thesis, MagnaTagATune")
        shared = ours.get_shared_x_axes() if figure.axes[0].get_xlabel() == "PR-AUC (TAG)" else ours.get_shared_y_axes()
        assert not shared.joined(ours, thesis)


def test_single_transformations_have_a_line_each_and_the_crop_is_the_dotted_line():
    points = single_transformations(ROWS, SCORES, THESIS, "embedded")
    ours, thesis = ablation_figures.single_transformations(points).axes
    labels = [label.get_text() for label in ours.get_yticklabels()]
    assert labels[:3] == ["crop", "crop, filter", "crop, gain"]
    assert len(labels) == 8
    assert ours.containers[0].lines[0].get_xdata().tolist() == pytest.approx([0.3, 0.33, 0.34])
    assert [line.get_xdata()[0] for line in ours.lines if line.get_linestyle() == ":"] == [0.3]
    crop = THESIS.value(artefact="fig_6_3", augmentation="crop")
    assert [line.get_xdata()[0] for line in thesis.lines if line.get_linestyle() == ":"] == [crop]


def test_lines_over_probabilities_have_intervals_and_one_colour_in_both_panels():
    points = by_probability(ROWS, SCORES, THESIS, "embedded")
    figure = ablation_figures.by_probability(points)
    ours, thesis = figure.axes
    # The thesis's other transformations have no point of ours.
    (line,) = (container for container in ours.containers if len(container.lines[0].get_ydata()))
    assert line.get_label() == "filter"
    np.testing.assert_allclose(line.lines[0].get_ydata(orig=False), [0.3, 0.32, 0.31, 0.33])
    heights = [segment[:, 1] for segment in line.lines[2][0].get_segments()]
    np.testing.assert_allclose(heights[0], [0.25, 0.35])
    of_thesis = {container.get_label(): container.lines[0] for container in thesis.containers}
    assert of_thesis["filter"].get_color() == line.lines[0].get_color()
    assert len(of_thesis) == 5
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(of_thesis)
