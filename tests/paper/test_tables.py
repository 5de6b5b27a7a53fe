"""Score tables: one row per system and head, seeds averaged, and never a thesis value where it does not belong."""

import io

import pandas as pd
import pytest

from clmr.paper.planned import ScoredSystem
from clmr.paper.tables import SCORE_COLUMNS, score_table, scores_by_size, varied_columns
from clmr.storage.strict import from_mapping

from .examples import THESIS, score_row, system, table_6_1


def test_rows_have_the_shared_columns_in_order():
    found = table_6_1(system("clmr"), system("random_init"))
    assert tuple(found.columns) == SCORE_COLUMNS
    assert found[["system", "head"]].to_numpy().tolist() == [
        ["clmr", "linear"], ["clmr", "mlp"], ["random_init", "linear"], ["random_init", "mlp"],
    ]  # fmt: skip
    assert found.pretrain_corpus.tolist() == ["scores", "scores", None, None]
    assert found.run.tolist()[1:3] == ["clmr_scores", "random_init_scores"]


def test_rows_of_a_corpus_stand_together_in_the_order_of_the_plan():
    found = table_6_1(
        system("clmr", "b"), system("clmr", "a"), system("cpc", "b"), system("cpc", "a"), heads=("linear",)
    )
    assert found[["eval_corpus", "system"]].to_numpy().tolist() == [
        ["b", "clmr"], ["b", "cpc"], ["a", "clmr"], ["a", "cpc"],
    ]  # fmt: skip


def test_one_seed_has_its_own_scores_and_no_deviation():
    row = table_6_1(system("clmr"), heads=("linear",)).iloc[0]
    assert (row.pr_auc_tag, row.pr_auc_tag_low, row.n_seeds) == (0.5, 0.45, 1)
    assert pd.isna(row.pr_auc_tag_sd)
    assert pd.isna(row.roc_auc_tag_sd)


def test_seeds_are_averaged_head_by_head():
    rows = [
        score_row("linear", 0, pr_auc_tag=0.3, pr_auc_tag_low=0.2, n_tags_excluded=1),
        score_row("mlp", 0, pr_auc_tag=0.9),
        score_row("linear", 1, pr_auc_tag=0.5, pr_auc_tag_low=0.3, n_tags_excluded=2),
        score_row("mlp", 1, pr_auc_tag=0.9),
        score_row("linear", 2, pr_auc_tag=0.4, pr_auc_tag_low=0.4, n_tags_excluded=0),
    ]
    clmr = system("clmr")
    linear, mlp = score_table([clmr], {clmr.stage: rows}, THESIS, "table_6_1", "embedded").itertuples()
    assert linear.pr_auc_tag == pytest.approx(0.4)
    # Sample deviation, n - 1: sqrt((0.01 + 0.01 + 0) / 2).
    assert linear.pr_auc_tag_sd == pytest.approx(0.1)
    assert linear.pr_auc_tag_low == pytest.approx(0.3)
    assert (linear.n_seeds, linear.n_tags_excluded) == (3, 2)
    assert (mlp.pr_auc_tag, mlp.n_seeds) == (pytest.approx(0.9), 2)


def test_one_seed_twice_is_refused():
    clmr = system("clmr")
    rows = [score_row(seed=3), score_row(seed=3)]
    with pytest.raises(ValueError, match=r"evaluate@clmr_scores: found seeds \[3, 3\] for the head 'linear'"):
        score_table([clmr], {clmr.stage: rows}, THESIS, "table_6_1", "embedded")


def test_a_grid_s_rows_go_to_the_systems_whose_values_they_have():
    systems = [
        ScoredSystem("grid@fractions", "sample_cnn", "fractions", None, "scores", {"label_fraction": share})
        for share in (0.1, 1.0, 0.5)
    ]
    rows = [
        score_row("end_to_end", seed, pr_auc_tag=share, values={"label_fraction": share})
        for share in (0.1, 1.0)
        for seed in (0, 1)
    ]
    found = score_table(systems[:2], {"grid@fractions": rows}, THESIS, "fig_6_5", "embedded")
    assert found[["label_fraction", "pr_auc_tag", "n_seeds"]].to_numpy().tolist() == [[0.1, 0.1, 2], [1.0, 1.0, 2]]
    with pytest.raises(ValueError, match=r"none of its 4 rows has the values \{'label_fraction': 0.5\}"):
        score_table(systems, {"grid@fractions": rows}, THESIS, "fig_6_5", "embedded")


def test_counts_are_whole_numbers_where_another_row_has_none():
    clmr, log_mel = system("clmr"), ScoredSystem("log_mel@scores", "log_mel", None, None, "scores")
    without = {key: value for key, value in score_row().items() if key != "n_parameters"}
    scores = {clmr.stage: [score_row(n_clips_excluded=2)], log_mel.stage: [without | {"seed": None}]}
    csv = score_table([clmr, log_mel], scores, THESIS, "table_6_1", "embedded").to_csv(float_format="%.6f")
    written = pd.read_csv(io.StringIO(csv), dtype=str, keep_default_na=False)
    assert written.n_parameters.tolist() == ["36959", ""]
    assert written.n_clips_excluded.tolist() == ["2", ""]
    assert written.n_seeds.tolist() == ["1", "1"]


def test_what_the_thesis_varies_is_a_column_and_decides_which_value_stands_beside_a_row():
    systems = [system("clmr", "magnatagatune", batch_size=size, epochs=60) for size in (48, 50)]
    systems = [
        ScoredSystem(f"evaluate@{one.varies['batch_size']}", "clmr", "r", "magnatagatune", "magnatagatune", one.varies)
        for one in systems
    ]
    found = score_table(systems, {one.stage: [score_row()] for one in systems}, THESIS, "table_6_3", "paper")
    assert varied_columns(found) == ["batch_size"]
    assert list(found.columns)[4:6] == ["run", "batch_size"]
    assert found.batch_size.tolist() == [48, 50]
    printed = THESIS.value(artefact="table_6_3", metric="pr_auc_tag", head="linear", batch_size=48)
    assert printed is not None
    assert found.thesis_pr_auc_tag.iloc[0] == printed
    assert pd.isna(found.thesis_pr_auc_tag.iloc[1])


def test_a_table_of_ours_names_what_it_varies_and_has_no_thesis_values():
    systems = [system("clmr", "magnatagatune", projector="linear"), system("log_mel", "magnatagatune")]
    scores = {one.stage: [score_row()] for one in systems}
    found = score_table(systems, scores, THESIS, "table_projector", "paper", varies=("projector",))
    assert found.projector.fillna("").tolist() == ["linear", ""]
    assert found[["thesis_roc_auc_tag", "thesis_pr_auc_tag"]].isna().all(axis=None)


def test_whole_numbers_that_vary_stay_whole_where_a_system_has_none():
    systems = [system("clmr", epochs=60), system("log_mel")]
    found = score_table(systems, {one.stage: [score_row()] for one in systems}, THESIS, "table_6_4", "embedded")
    assert "60," in found.to_csv(float_format="%.6f").splitlines()[1]


def test_a_column_that_no_system_states_is_refused():
    clmr = system("clmr", epochs=60)
    with pytest.raises(ValueError, match="table_6_6: no system states temperature; have the plan list it"):
        score_table([clmr], {clmr.stage: [score_row()]}, THESIS, "table_6_6", "embedded")


def test_systems_of_the_plan_are_read_strictly():
    entry = {"stage": "s", "system": "clmr", "run": "r", "pretrain_corpus": None, "eval_corpus": "c", "varies": {}}
    assert from_mapping(ScoredSystem, entry, "plan") == ScoredSystem("s", "clmr", "r", None, "c")
    with pytest.raises(ValueError, match="plan: found unknown key corpus"):
        from_mapping(ScoredSystem, entry | {"corpus": "c"}, "plan")


def test_thesis_values_stand_beside_their_own_corpus_only():
    own = table_6_1(system("clmr"), system("random_init"))
    assert own[["thesis_roc_auc_tag", "thesis_pr_auc_tag"]].isna().all(axis=None)
    beside = table_6_1(system("clmr", "magnatagatune"), system("random_init", "magnatagatune"))
    assert beside.thesis_pr_auc_tag.tolist()[:2] == [0.3537, 0.3589]
    assert beside.thesis_roc_auc_tag.isna().tolist() == [False, False, True, True]


def test_supervised_rows_have_the_values_of_their_own_head():
    found = table_6_1(system("pons", "magnatagatune"), heads=("end_to_end",))
    assert found[["thesis_roc_auc_tag", "thesis_pr_auc_tag"]].to_numpy().tolist() == [[0.8905, 0.3492]]


def test_size_needs_parameters_and_leaves_out_other_heads_and_corpora():
    clmr, elsewhere, log_mel = system("clmr"), system("clmr", "merlin"), system("log_mel")
    without = {key: value for key, value in score_row().items() if key != "n_parameters"}
    scores = {clmr.stage: [score_row("linear"), score_row("mlp")], elsewhere.stage: [score_row()]}
    table = score_table([clmr, elsewhere, log_mel], scores | {log_mel.stage: [without]}, THESIS, "table_6_1", "smoke")
    sizes = scores_by_size(table, "scores")
    assert sizes[["label", "n_parameters", "supervised"]].to_numpy().tolist() == [["CLMR, linear", 36_959, False]]
