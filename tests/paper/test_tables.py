"""Score tables: one row per system and head, seeds averaged, and never a thesis value where it does not belong."""

import dataclasses
import io

import pandas as pd
import pytest

from clmr.paper.names import BLOCKS
from clmr.paper.planned import ScoredSystem
from clmr.paper.tables import (
    SCORE_COLUMNS,
    interval_of_mean,
    score_table,
    scores_by_size,
    varied_columns,
    with_chance,
)
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
    assert (row.pr_auc_tag, row.n_seeds) == (0.5, 1)
    # Its own interval: 1.96 bootstrap deviations to either side.
    assert (row.pr_auc_tag_low, row.pr_auc_tag_high) == pytest.approx((0.45, 0.55))
    assert pd.isna(row.pr_auc_tag_sd)
    assert pd.isna(row.pr_auc_audible)
    assert pd.isna(row.roc_auc_tag_sd)


def test_seeds_are_averaged_head_by_head():
    rows = [
        score_row("linear", 0, pr_auc_tag=0.3, pr_auc_tag_se=0.02, n_tags_excluded=1),
        score_row("mlp", 0, pr_auc_tag=0.9),
        score_row("linear", 1, pr_auc_tag=0.5, pr_auc_tag_se=0.03, n_tags_excluded=2),
        score_row("mlp", 1, pr_auc_tag=0.9),
        score_row("linear", 2, pr_auc_tag=0.4, pr_auc_tag_se=0.04, n_tags_excluded=0),
    ]
    clmr = system("clmr")
    linear, mlp = score_table([clmr], {clmr.stage: rows}, THESIS, "table_6_1", "embedded").itertuples()
    assert linear.pr_auc_tag == pytest.approx(0.4)
    # Sample deviation, n - 1: sqrt((0.01 + 0.01 + 0) / 2).
    assert linear.pr_auc_tag_sd == pytest.approx(0.1)
    half = 1.96 * ((0.02**2 + 0.03**2 + 0.04**2) / 3 + 0.01 / 3) ** 0.5
    assert (linear.pr_auc_tag_low, linear.pr_auc_tag_high) == pytest.approx((0.4 - half, 0.4 + half))
    assert (linear.n_seeds, linear.n_tags_excluded) == (3, 2)
    assert (mlp.pr_auc_tag, mlp.n_seeds) == (pytest.approx(0.9), 2)


def test_one_seed_twice_is_refused():
    clmr = system("clmr")
    rows = [score_row(seed=3), score_row(seed=3)]
    with pytest.raises(ValueError, match=r"evaluate@clmr_scores: found seeds \[3, 3\] for the head 'linear'"):
        score_table([clmr], {clmr.stage: rows}, THESIS, "table_6_1", "embedded")


def test_combinations_of_a_grid_are_systems_of_their_own():
    systems = [
        ScoredSystem(f"grid@x/{share}", "sample_cnn", "x", None, "scores", "primary", {"label_fraction": share})
        for share in (0.1, 1.0)
    ]
    rows = {one.stage: [score_row("end_to_end", pr_auc_tag=one.varies["label_fraction"])] for one in systems}
    found = score_table(systems, rows, THESIS, "fig_6_5", "embedded")
    assert found[["label_fraction", "pr_auc_tag"]].to_numpy().tolist() == [[0.1, 0.1], [1.0, 1.0]]
    with pytest.raises(ValueError, match="grid@x/0.1: found no row of scores, expected one for each head and seed"):
        score_table(systems, {stage: [] for stage in rows}, THESIS, "fig_6_5", "embedded")


def test_counts_are_whole_numbers_where_another_row_has_none():
    clmr, log_mel = system("clmr"), system("log_mel")
    without = {key: value for key, value in score_row().items() if key != "n_parameters"}
    scores = {clmr.stage: [score_row(n_clips_excluded=2)], log_mel.stage: [without | {"seed": None}]}
    csv = score_table([clmr, log_mel], scores, THESIS, "table_6_1", "embedded").to_csv(float_format="%.6f")
    written = pd.read_csv(io.StringIO(csv), dtype=str, keep_default_na=False)
    assert written.n_parameters.tolist() == ["36959", ""]
    assert written.n_clips_excluded.tolist() == ["2", ""]
    assert written.n_seeds.tolist() == ["1", "1"]


def test_what_the_thesis_varies_is_a_column_and_decides_which_value_stands_beside_a_row():
    systems = [system("clmr", "magnatagatune", batch_size=size, epochs=60) for size in (48, 50)]
    systems = [dataclasses.replace(one, stage=f"evaluate@{one.varies['batch_size']}") for one in systems]
    found = score_table(systems, {one.stage: [score_row()] for one in systems}, THESIS, "table_6_3", "paper")
    assert varied_columns(found) == ["batch_size"]
    assert list(found.columns)[5:7] == ["run", "batch_size"]
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
    entry = {"stage": "s", "system": "clmr", "run": "r", "pretrain_corpus": None, "eval_corpus": "c", "store": "d"}
    assert from_mapping(ScoredSystem, entry, "plan") == ScoredSystem("s", "clmr", "r", None, "c", "d")
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
    assert sizes[["label", "n_parameters", "block"]].to_numpy().tolist() == [
        ["CLMR, linear", 36_959, "self_supervised"]
    ]
    chance = scores_by_size(
        with_chance(table, {corpus: {"pr_auc_tag": 0.1} for corpus in ("scores", "merlin")}), "scores"
    )
    assert chance.label.tolist() == ["CLMR, linear", "chance, a random order"]


def test_blocks_follow_each_other_in_every_corpus():
    found = table_6_1(system("random_init"), system("log_mel"), system("clmr"), system("clmr", "merlin"))
    assert found[["eval_corpus", "block", "system"]].drop_duplicates().to_numpy().tolist() == [
        ["scores", "self_supervised", "clmr"], ["scores", "reference", "random_init"],
        ["scores", "reference", "log_mel"], ["merlin", "self_supervised", "clmr"],
    ]  # fmt: skip
    assert set(found.block) <= set(BLOCKS)


def test_the_interval_of_a_mean_holds_what_clips_and_seeds_change_and_no_impossible_score():
    # Seeds that agree: their number does not narrow what another test split would change.
    assert interval_of_mean([0.4] * 5, [0.02] * 5) == pytest.approx(interval_of_mean([0.4], [0.02]))
    low, high = interval_of_mean([0.38, 0.42], [0.02, 0.02])
    assert low < 0.4 - 1.96 * 0.02
    assert high > 0.4 + 1.96 * 0.02
    assert interval_of_mean([0.99], [0.02])[1] == 1.0
    assert interval_of_mean([0.01], [0.02])[0] == 0.0


def test_the_second_mean_has_deviation_and_interval_as_the_first_has():
    clmr, cpc = system("clmr"), system("cpc")
    second = {"pr_auc_audible_se": 0.02, "n_tags_audible": 25}
    rows = [score_row(seed=seed, pr_auc_audible=value, **second) for seed, value in ((0, 0.5), (1, 0.6))]
    found = score_table([clmr, cpc], {clmr.stage: rows, cpc.stage: [score_row()]}, THESIS, "table_6_1", "embedded")
    row = found.iloc[0]
    assert (row.pr_auc_audible, row.pr_auc_audible_sd) == pytest.approx((0.55, 0.0707), abs=1e-4)
    assert (row.pr_auc_audible_low, row.pr_auc_audible_high) == pytest.approx(
        interval_of_mean([0.5, 0.6], [0.02, 0.02])
    )
    assert found.n_tags_audible.tolist() == [25, pd.NA]
    assert found.pr_auc_audible.isna().tolist() == [False, True]


def test_chance_is_the_last_reference_of_its_corpus():
    table = table_6_1(system("random_init"), system("clmr", "merlin", epochs=3), heads=("linear",))
    levels = {corpus: {"roc_auc_tag": 0.5, "pr_auc_tag": level} for corpus, level in (("scores", 0.1), ("merlin", 0.2))}
    found = with_chance(table, levels)
    assert found[["eval_corpus", "system"]].to_numpy().tolist() == [
        ["scores", "random_init"], ["scores", "chance"], ["merlin", "clmr"], ["merlin", "chance"],
    ]  # fmt: skip
    chance = found[found.system == "chance"]
    assert chance.pr_auc_tag.tolist() == [0.1, 0.2]
    assert chance.block.tolist() == ["reference"] * 2
    assert chance[["head", "run", "pr_auc_tag_low", "n_seeds", "n_parameters"]].isna().all(axis=None)
    pd.testing.assert_series_equal(found.dtypes, table.dtypes)
