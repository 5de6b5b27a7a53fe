"""Systems of the plan: each has a stage of its own, and those of ablations say what their tables vary."""

from copy import deepcopy
from pathlib import Path

import pytest

from clmr.params import grids_of, load_params, runs_of, supervised_runs_of
from clmr.pipeline.plan import planned_stages
from clmr.pipeline.systems import (
    ablation_tables,
    encoder_of,
    main_systems,
    prefix_of,
    scaling_runs,
    scoring_stage,
    shown_networks,
    trained_here,
)
from clmr.storage.yaml_files import read_yaml

MAPPING = read_yaml(Path(__file__).parents[2] / "params.yaml")
PARAMS = load_params(MAPPING)
TABLES = ablation_tables(PARAMS)


def test_no_two_systems_have_one_stage():
    ablations = {row.scored.stage: row.scored for rows in TABLES.values() for row in rows}
    stages = [*ablations, *(scored.stage for scored in main_systems(PARAMS))]
    assert len(set(stages)) == len(stages)
    # A base run is the same system in every table.
    assert all(row.scored == ablations[row.scored.stage] for rows in TABLES.values() for row in rows)


@pytest.mark.parametrize(
    ("table", "varies"),
    [
        ("table_6_3", {"batch_size"}),
        ("table_6_4", {"epochs"}),
        ("table_6_5", {"sample_rate_hz"}),
        ("table_6_6", {"temperature"}),
        ("table_projector", {"projector"}),
        ("augmentation", {"augmentation", "probability"}),
    ],
)
def test_rows_state_what_their_table_varies_and_base_runs_that_of_all_their_tables(table, varies):
    for row in TABLES[table]:
        stated = set(row.scored.varies)
        assert stated >= varies if row.scored.stage.startswith("evaluate@") else stated == varies
    shown = {tuple(row.scored.varies[name] for name in sorted(varies)) for row in TABLES[table]}
    assert len(shown) == len(TABLES[table]) > 1


def test_base_rows_have_the_seeds_and_the_settings_of_their_runs():
    runs = runs_of(PARAMS)
    chain = next(row for row in TABLES["table_6_3"] if row.scored.stage == "evaluate@ablation_chain")
    recipe = runs["ablation_chain"].recipe
    assert chain.scored.varies == {
        "batch_size": recipe.batch_size, "epochs": recipe.epochs, "projector": recipe.projector,
    }  # fmt: skip
    assert (chain.settings["width"], chain.settings["optimizer"]) == (recipe.encoder.width, "adam")
    crop = next(row for row in TABLES["table_6_6"] if row.scored.stage == "evaluate@ablation_crop")
    assert (chain.settings["augmented_views"], crop.settings["augmented_views"]) == (2, 0)
    assert {row.settings["augmented_views"] for row in TABLES["augmentation"][1:]} == {1}
    assert crop.scored.varies["augmentation"] == "crop"


def test_sample_rates_are_scored_on_stores_of_one_corpus():
    scored = [row.scored for row in TABLES["table_6_5"]]
    assert len({one.store for one in scored}) == len(scored)
    assert {one.eval_corpus for one in scored} == {"scores"}


def test_a_grid_trains_what_no_run_comes_to():
    grids, epochs = grids_of(PARAMS), runs_of(PARAMS)["ablation_chain"].recipe.epochs
    trained = trained_here(PARAMS, grids["epochs"])
    assert {run.recipe.epochs for run in grids["epochs"]} - {run.recipe.epochs for run in trained} == {epochs}
    stages = {stage.name: stage for stage in planned_stages(PARAMS)}
    planned = [dict(one.values) for one in stages["grid@epochs"].params.combinations]
    assert planned == [dict(run.values) for run in trained]


def test_a_grid_of_which_every_combination_is_a_run_trains_nothing():
    mapping = deepcopy(MAPPING)
    mapping["grids"]["projector"]["grid"] = {"projector": ["linear"]}
    stages = {stage.name: stage.params for stage in planned_stages(load_params(mapping))}
    assert stages["grid@projector"].combinations == ()
    assert [row.scored.stage for row in stages["ablation"].tables["table_projector"]] == ["evaluate@ablation_chain"]


def test_a_point_of_the_scaling_figure_may_be_shown_from_a_run():
    mapping = deepcopy(MAPPING)
    line = {"over": "clmr", "store": "primary", "evaluate_on": "primary", "experiment": "scaling"}
    mapping["runs"]["long"] = line | {"epochs": 7, "seeds": [0, 1]}
    mapping["grids"] |= {"short": line | {"grid": {"epochs": [7, 8]}}}
    params = load_params(mapping)
    points = [one for one in scaling_runs(params) if one.epochs in (7, 8)]
    assert [one.scored.stage for one in points] == ["evaluate@long", "grid@short/epochs=8"]


def test_stages_are_named_after_what_scores_a_run():
    assert scoring_stage(runs_of(PARAMS)["clmr_primary"]) == "evaluate@clmr_primary"
    combination = grids_of(PARAMS)["augmentation"][0]
    assert scoring_stage(combination) == "grid@augmentation/augmentations.polarity.p=0.4"


def test_networks_whose_filters_are_shown_have_their_encoders_and_untrained_twins():
    shown = {network.run: network for network in shown_networks(PARAMS)}
    assert list(shown) == list(MAPPING["interpretability"]["filters"])
    assert (shown["clmr_primary"].architecture, shown["clmr_primary"].trained_on) == ("sample_cnn", "primary")
    assert (shown["random_init_cpc"].architecture, shown["random_init_cpc"].trained_on) == ("cpc", None)
    assert shown["sample_cnn_primary"].system == "sample_cnn"
    supervised = supervised_runs_of(PARAMS)["sample_cnn_primary"]
    assert encoder_of(supervised) == runs_of(PARAMS)["clmr_primary"].recipe.encoder
    assert [prefix_of(run) for run in (runs_of(PARAMS)["clmr_primary"], supervised)] == ["", "encoder."]
    with pytest.raises(ValueError, match="found pons_primary, whose model pons has no encoder; name a run of"):
        encoder_of(supervised_runs_of(PARAMS)["pons_primary"])


def test_supervised_networks_are_probed_beside_their_own_scores():
    found = {scored.stage: scored for scored in main_systems(PARAMS) if scored.system == "sample_cnn"}
    groups, stores = ("supervised@", "probe_transfer@frozen_"), ("primary", "secondary")
    assert set(found) == {f"{group}sample_cnn_{store}" for group in groups for store in stores}
    assert all(scored.pretrain_corpus is None for scored in found.values())
