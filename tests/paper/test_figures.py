"""Figures show what is in their tables, and equal tables give equal files."""

import pandas as pd
import pytest

from clmr.paper import figures
from clmr.pipeline import paths


@pytest.fixture
def tag_scores() -> pd.DataFrame:
    rows = [("piano", "CLMR", 0.9), ("flute", "CLMR", 0.6), ("piano", "SampleCNN", 0.7), ("flute", "SampleCNN", 0.8)]
    return pd.DataFrame(rows, columns=["tag", "system", "roc_auc"])


def test_tags_come_in_the_order_of_the_last_system(tag_scores):
    axes = figures.tag_wise(tag_scores).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["flute", "piano"]
    markers = {line.get_label(): line.get_ydata().tolist() for line in axes.lines if line.get_label()[0] != "_"}
    assert markers == {"CLMR": [0.6, 0.9], "SampleCNN": [0.8, 0.7]}


def test_supervised_systems_are_grey_and_all_are_labelled():
    table = pd.DataFrame(
        {
            "label": ["CLMR, linear", "SampleCNN"],
            "n_parameters": [150_000, 140_000],
            "pr_auc_tag": [0.5, 0.6],
            "supervised": [False, True],
        }
    )
    axes = figures.score_by_parameters(table).axes[0]
    assert [text.get_text() for text in axes.texts] == table.label.tolist()
    assert axes.lines[1].get_color() == "0.55"
    assert axes.lines[0].get_color() != "0.55"


def test_equal_figures_are_equal_bytes_with_their_data_beside_them(tag_scores, tmp_path, monkeypatch):
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))
    written = []
    for _ in range(2):
        figures.save(figures.tag_wise(tag_scores), "fig_6_2", tag_scores)
        written.append(paths.figure_file("fig_6_2").read_bytes())
    assert written[0] == written[1]
    data = pd.read_csv(paths.figure_data_file("fig_6_2"))
    pd.testing.assert_frame_equal(data, tag_scores)
