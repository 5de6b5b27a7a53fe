"""The scaling figure's data: what was trained, how much it saw, what it scores, and what it stands beside."""

import pandas as pd
import pytest

from clmr.paper.scaling import SCALING_COLUMNS, line_label, scaling_table, views_seen

from .examples import scaling_run, score_row, system, table_6_1

RUNS = [scaling_run(20), scaling_run(10), scaling_run(10, width=32)]
ROWS = {
    run.scored.stage: [score_row(seed=seed, pr_auc_tag=run.epochs / 100 + seed / 100) for seed in (0, 1)]
    for run in RUNS
}


def references(corpus="scores"):
    probes = table_6_1(system("random_init", corpus), system("log_mel", corpus), heads=("linear", "mlp"))
    return pd.concat([probes, table_6_1(system("sample_cnn", corpus), heads=("end_to_end",))], ignore_index=True)


def test_views_leave_out_the_tracks_that_fill_no_batch():
    # 10 epochs of 2 batches of 8 tracks, two views each.
    assert views_seen(scaling_run(10), n_tracks=23) == 10 * 16 * 2


def test_runs_come_line_by_line_in_order_of_compute_and_before_the_references():
    table = scaling_table(RUNS, ROWS, [16, 16, 16], references(), "scores")
    assert tuple(table.columns) == SCALING_COLUMNS
    assert table.line.tolist() == [
        "CLMR, width 16", "CLMR, width 16", "CLMR, width 32",
        "random initialisation, linear", "SampleCNN", "log-mel statistics, linear",
    ]  # fmt: skip
    assert table.compute.tolist()[:3] == [10 * 32 * 16, 20 * 32 * 16, 10 * 32 * 32]
    assert table.compute.isna().tolist() == [False] * 3 + [True] * 3
    assert table.pr_auc_tag.tolist()[:2] == pytest.approx([0.105, 0.205])
    assert table.n_seeds.tolist() == [2, 2, 2, 1, 1, 1]
    assert (table.pr_auc_tag_low < table.pr_auc_tag).all()


def test_without_runs_the_references_of_the_first_corpus_stand_alone():
    table = scaling_table([], {}, [], pd.concat([references(), references("merlin")]), "scores")
    assert table.eval_corpus.tolist() == ["scores"] * 3
    assert table.compute.isna().all()


def test_lines_are_named_by_what_their_runs_share():
    assert line_label(scaling_run(10, settings={"temperature": 0.1})) == "CLMR, width 16, temperature 0.1"
    assert line_label(scaling_run(10)) == line_label(scaling_run(20))
