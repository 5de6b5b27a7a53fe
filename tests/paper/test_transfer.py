"""Table 6.2 as data: sizes are counted, rows stand in their blocks, and the thesis stands apart."""

import numpy as np
import pandas as pd
import pytest

from clmr.paper.planned import ScoredSystem, TransferRow
from clmr.paper.transfer import POINT_COLUMNS, VARIED, CorpusSize, corpus_size, n_steps, size_points
from clmr.paper.transfer_figures import score_by_size
from clmr.paper.transfer_markdown import transfer_markdown
from clmr.paper.writing import read_table, save_table

from .examples import THESIS, transfer_example, transfer_row


def test_sizes_count_what_training_reads(store):
    row = transfer_row("clmr", "tones", epochs=3, batch_size=4)
    found = corpus_size(store, row)
    used = store.clips[store.clips.split == "train"]
    assert (found.n_clips, found.n_tracks) == (len(used), used.track_id.nunique())
    assert found.hours == pytest.approx(used.n_samples.sum() / 8_000 / 3600)
    assert n_steps(row, found) == 3 * (found.n_tracks // 4)
    longer = TransferRow(row.scored, "tones", ("train",), int(used.n_samples.max()) + 1, 4, 3, 4)
    assert corpus_size(store, longer) == CorpusSize(0, 0, 0.0)


def test_a_row_of_both_blocks_is_shown_in_both():
    table = transfer_example()
    ours = table[(table.scale == "embedded") & (table["head"] == "linear")]
    shown = [
        tuple(row) for row in ours[["held", "system", "pretrain_corpus", "epochs", "steps"]].itertuples(index=False)
    ]
    assert shown == [
        ("steps", "clmr", "scores", 10, 280),
        ("steps", "clmr", "tunes", 93, 279),
        ("epochs", "clmr", "scores", 10, 280),
        ("epochs", "clmr", "tunes", 10, 30),
    ]
    assert set(VARIED) <= set(table.columns)


def test_every_row_of_the_thesis_stands_in_its_own_block():
    table = transfer_example()
    printed = table[table.scale == "thesis"]
    numbers = [row for row in THESIS.rows if row.artefact == "table_6_2"]
    assert set(printed.held) == set(printed.block) == {"thesis"}
    assert len(printed) == len({(row.system, row.pretrain_corpus, row.head) for row in numbers})
    for row in numbers:
        here = printed[
            (printed.system == row.system)
            & (printed.pretrain_corpus == row.pretrain_corpus)
            & (printed["head"] == row.head)
        ]
        assert here[row.metric].tolist() == [row.value]
    sizes = printed.drop_duplicates("pretrain_corpus").set_index("pretrain_corpus").clips
    assert (sizes["billboard"], sizes["fma"]) == (461, 22413)
    assert pd.isna(sizes["gtzan"])


def test_points_are_linear_and_in_order_of_size():
    points = size_points(transfer_example())
    assert tuple(points.columns) == POINT_COLUMNS
    first = points[points.held == "steps"]
    assert first.clips.tolist() == [120, 1000]
    assert first.in_domain.tolist() == [False, True]
    assert points[points.scale == "thesis"].in_domain.sum() == 0


def test_readers_see_blocks_sizes_and_layers_in_brackets(repository):
    table = transfer_example()
    shown = transfer_markdown(table)
    lines = shown.splitlines()
    assert lines[0].startswith("| system | pre-trained on | clips | hours | epochs | steps | ROC-AUC TAG |")
    assert "| **scores: as many steps on every corpus** |" in shown
    assert "| **scores: as many epochs on every corpus** |" in shown
    assert "| **magnatagatune: as printed** |" in shown
    assert (
        "| CLMR | tunes | 120 | 1.0 | 93 | 279 | 81.0 [80.0, 82.0] (81.0) | 50.0 [45.0, 55.0] (60.0) | "
        "90.0 (90.0) | 70.0 (70.0) | 1 | embedded |" in shown
    )
    assert "| CPC | fma | 22413 |  |  |  | 86.3 (87.8) | 30.7 (32.5) |  |  |  | thesis |" in shown
    assert "In the first block encoders took 279 to 280 steps, in the second 10 epochs." in lines[-1]
    assert len({line.count("|") for line in lines[:-2]}) == 1
    save_table(table, "table_6_2")
    assert transfer_markdown(read_table("table_6_2")) == shown


def test_ours_share_an_axis_that_the_thesis_has_not():
    points = size_points(transfer_example())
    figure = score_by_size(points)
    steps, epochs, thesis = figure.axes
    assert [axes.get_title() for axes in figure.axes] == [
        "ours, as many steps", "ours, as many epochs", "thesis, MagnaTagATune",
    ]  # fmt: skip
    assert steps.get_shared_y_axes().joined(steps, epochs)
    assert not steps.get_shared_y_axes().joined(steps, thesis)
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "hours of pre-training", "hours of pre-training", "clips of pre-training",
    ]  # fmt: skip
    assert {axes.get_xscale() for axes in figure.axes} == {"log"}
    # Interval and marker of the one point on another corpus, and of the one on the same.
    elsewhere, own = steps.containers[:2]
    np.testing.assert_allclose(elsewhere.lines[0].get_xdata(orig=False), [1.0])
    assert own.lines[0].get_markerfacecolor() == "white"
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["CLMR", "CPC", "on the same corpus"]
    # The thesis's line of CLMR has all four corpora, small ones first; MSD's size is known, GTZAN's not here.
    assert len(thesis.lines[0].get_xdata()) == 4


def test_systems_of_the_plan_say_which_block_they_are_in():
    row = transfer_row("cpc", "tunes", epochs=3)
    assert isinstance(row.scored, ScoredSystem)
    assert row.scored.varies == {"same_steps": True, "same_epochs": True}
