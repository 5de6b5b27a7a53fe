"""Runs: what a line or a combination comes to, and which come to the same."""

from dataclasses import replace
from pathlib import Path

import pytest

from clmr.params import load_params, runs_of
from clmr.runs import resolved_grid
from clmr.storage.yaml_files import read_yaml

PARAMS = load_params(read_yaml(Path(__file__).parents[1] / "params.yaml"))
RUNS = runs_of(PARAMS)
LINE = {"over": "ablation", "store": "primary", "evaluate_on": "primary", "experiment": "ablation"}


def grid(*parts, **changes):
    return list(resolved_grid(PARAMS, "x", LINE | changes | {"grid": list(parts)}))


def test_a_list_of_grids_is_one_grid():
    found = grid({"temperature": [0.1], "epochs": [3, 4]}, {"projector": ["identity"]})
    assert [(run.recipe.temperature, run.recipe.epochs, run.recipe.projector) for run in found[:2]] == [
        (0.1, 3, "linear"),
        (0.1, 4, "linear"),
    ]
    assert found[2].recipe.projector == "identity"
    assert [dict(run.values) for run in found[1:]] == [{"temperature": 0.1, "epochs": 4}, {"projector": "identity"}]


def test_a_combination_may_come_to_the_recipe_of_a_line():
    base = RUNS["ablation_chain"]
    same, other = grid({"epochs": [base.recipe.epochs, 3]})
    assert base.recipe.seeds != same.recipe.seeds
    assert same.covered_by(base)
    assert not other.covered_by(base)


def test_a_combination_is_not_shown_from_a_line_that_lacks_one_of_its_heads():
    base = replace(RUNS["ablation_chain"], heads=("linear",))
    both, linear = grid({"epochs": [base.recipe.epochs]}) + grid({"epochs": [base.recipe.epochs]}, heads=["linear"])
    assert both.heads == ("linear", "mlp")
    assert not both.covered_by(base)
    assert linear.covered_by(base)


@pytest.mark.parametrize("change", [{"experiment": "other"}, {"evaluate_on": "secondary"}, {"over": "crop_only"}])
def test_runs_of_other_experiments_and_stores_have_scores_of_their_own(change):
    base = RUNS["ablation_chain"]
    (found,) = grid({"epochs": [base.recipe.epochs]}, **change)
    assert not found.covered_by(base)


def test_methods_do_not_have_to_share_their_settings():
    assert not RUNS["cpc_primary"].covered_by(RUNS["clmr_primary"])
    assert not replace(RUNS["clmr_primary"], recipe=RUNS["cpc_primary"].recipe).covered_by(RUNS["clmr_primary"])
