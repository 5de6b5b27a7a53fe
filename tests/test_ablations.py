"""Tables of ablations: their rows, where each is shown from, and what a row may not differ in."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from clmr.ablations import augmentation_of, shown_run, table_rows, varied_value
from clmr.params import grids_of, load_params, runs_of
from clmr.storage.yaml_files import read_yaml

MAPPING = read_yaml(Path(__file__).parents[1] / "params.yaml")
LINE = {"store": "primary", "evaluate_on": "primary", "experiment": "ablation"}


def rows(table: str, mapping: dict[str, Any] = MAPPING):
    params = load_params(mapping)
    return table_rows(table, params.ablation.tables()[table], runs_of(params), grids_of(params))


def with_grid(table: str, line: dict[str, Any]) -> dict[str, Any]:
    """The parameters with another grid in the place of those of a table."""
    mapping = deepcopy(MAPPING)
    mapping["grids"]["x"] = LINE | line
    mapping["ablation"][table]["grids"] = ["x"]
    return mapping


def test_numbers_ascend_and_the_base_run_is_among_them():
    found = rows("table_6_4", with_grid("table_6_4", {"over": "ablation", "grid": {"epochs": [90, 3]}}))
    base = runs_of(load_params(MAPPING))["ablation_chain"].recipe.epochs
    assert [varied_value("table_6_4", run) for run in found] == [3, base, 90]
    assert [run.name for run in found] == ["x", "ablation_chain", "x"]


def test_what_has_no_order_follows_the_base_run_as_listed():
    grid = {"over": "ablation", "grid": {"projector": ["nonlinear", "linear", "identity"]}}
    found = rows("table_projector", with_grid("table_projector", grid))
    assert [run.recipe.projector for run in found] == ["linear", "nonlinear", "identity"]


def test_a_combination_that_comes_to_a_run_is_shown_from_there_with_its_seeds():
    params = load_params(MAPPING)
    runs, grids = runs_of(params), grids_of(params)
    combination = next(run for run in grids["projector"] if run.recipe.projector == "linear")
    assert shown_run(combination, runs) is runs["ablation_chain"]
    assert len(runs["ablation_chain"].recipe.seeds) > len(combination.recipe.seeds)
    assert shown_run(grids["epochs"][0], runs) is grids["epochs"][0]


def test_two_rows_may_come_to_the_same_recipe_and_are_both_shown():
    mapping = with_grid("table_6_4", {"over": "ablation", "grid": {"epochs": [3]}})
    mapping["grids"]["y"] = mapping["grids"]["x"]
    mapping["ablation"]["table_6_4"]["grids"] = ["x", "y"]
    assert [run.name for run in rows("table_6_4", mapping)] == ["x", "y", "ablation_chain"]


def test_a_row_of_the_augmentations_is_told_by_its_transformation():
    base, *others = rows("augmentation")
    assert augmentation_of(base, base) == ("crop", 1.0)
    assert {augmentation_of(row, base) for row in others} >= {("filter", 0.4), ("filter", 1.0), ("noise", 1.0)}


WRONG = [
    (
        "table_6_4",
        {"over": "ablation", "temperature": 0.1, "grid": {"epochs": [3]}},
        r"ablation.table_6_4: the row x {'epochs': 3} differs from its base run ablation_chain in epochs, temperature, "
        "allowed is epochs alone",
    ),
    ("table_6_3", {"over": "crop_only", "grid": {"batch_size": [8]}}, "differs from its base run ablation_chain in"),
    (
        "augmentation",
        {"over": "crop_only", "grid": {"augmentations.gain.p": [1.0], "augmentations.pitch.p": [1.0]}},
        r"in augmentations.gain.p, augmentations.pitch.p, allowed is augmentations.\*.p alone",
    ),
    (
        "augmentation",
        {"over": "crop_only", "grid": {"augmentations.gain.gain_db": [[-3.0, 0.0]]}},
        "in augmentations.gain.gain_db, allowed is",
    ),
    (
        "table_6_6",
        {"over": "crop_only", "experiment": "other", "grid": {"temperature": [0.4]}},
        "ablation.table_6_6: experiment of x must be ablation, got 'other'",
    ),
    (
        "table_6_4",
        {"over": "cpc", "grid": {"epochs": [3]}},
        "ablation.table_6_4: method of x must be clmr, got 'cpc'",
    ),
]


@pytest.mark.parametrize(("table", "line", "message"), WRONG)
def test_a_row_that_differs_in_something_else_is_refused(table, line, message):
    with pytest.raises(ValueError, match=message):
        load_params(with_grid(table, line))


def test_single_transformations_stand_beside_crops_alone():
    mapping = deepcopy(MAPPING)
    mapping["bases"]["crop_only"]["augmentations"]["gain"]["p"] = 0.3
    with pytest.raises(ValueError, match=r"augmentations of ablation_crop must be none, each with p: 0.0.*\['gain'\]"):
        load_params(mapping)
