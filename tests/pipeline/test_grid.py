"""A grid: each combination has a folder with the scores of its clips, and one recipe is trained once."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from clmr.evaluation.scores import load_clip_scores, load_score_rows
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import Combination, GridStage
from clmr.pipeline.stages import grid
from clmr.storage import paths
from clmr.storage.files import read_json
from clmr.storage.layering import combination_name
from tests.evaluation.probes import probe_params
from tests.training.recipes import clmr_recipe, supervised_recipe

RECIPE = clmr_recipe(epochs=1, seeds=(0, 1))
PROBE = probe_params(n_probe_seeds=1, max_epochs=2, patience_epochs=2, n_resamples=20)


@pytest.fixture
def tones(store, repository, monkeypatch):
    """The repository with the store of tones in its place; runs are trained in this process, where they are counted."""
    monkeypatch.setenv("CLMR_WORKERS", "1")
    shutil.copytree(store.folder, paths.store_dir("tones"))
    return store


def combination(values: dict[str, float], recipe) -> Combination:
    return Combination(combination_name(values), values, recipe)


def stage(*combinations: Combination) -> Stage[GridStage]:
    params = GridStage(combinations, PROBE, evaluate_on="tones", experiment="ablation")
    return Stage("grid@x", "x", params, {"clmr.x": "a"})


def trained(monkeypatch) -> list[int]:
    """Seed of each encoder that is trained from now on."""
    runs, pretrain = [], grid.pretrain

    def counted(recipe, seed, *rest):
        runs.append(seed)
        return pretrain(recipe, seed, *rest)

    monkeypatch.setattr(grid, "pretrain", counted)
    return runs


def test_every_combination_has_a_folder_with_the_scores_of_its_clips(tones, monkeypatch):
    warm = combination({"temperature": 0.3}, replace(RECIPE, temperature=0.3, seeds=(0,)))
    usual = combination({"temperature": 0.5}, RECIPE)
    runs = trained(monkeypatch)
    grid.work(stage(usual, warm))
    assert runs == [0, 1, 0]
    folder = paths.scores_dir("grid@x/temperature=0.5", "ablation")
    rows = load_score_rows(folder)
    assert [(row["seed"], row["head"]) for row in rows] == [(0, "linear"), (0, "mlp"), (1, "linear"), (1, "mlp")]
    for split in ("test", "valid"):
        for seed in (0, 1):
            by_head, clips = load_clip_scores(folder, seed, split)
            np.testing.assert_array_equal(clips, tones.rows(split))
            assert set(by_head) == {"linear", "mlp"}
    assert len(load_score_rows(paths.scores_dir("grid@x/temperature=0.3", "ablation"))) == 2
    named = read_json(paths.combinations_file("grid@x", "ablation"))
    assert named == {"temperature=0.5": {"temperature": 0.5}, "temperature=0.3": {"temperature": 0.3}}
    # With one more combination, only that is trained.
    grid.work(stage(usual, warm, combination({"temperature": 0.9}, replace(RECIPE, temperature=0.9, seeds=(1,)))))
    assert runs == [0, 1, 0, 1]


def test_two_combinations_of_one_recipe_are_trained_once_and_both_have_its_scores(tones, monkeypatch):
    recipe = replace(RECIPE, seeds=(0,))
    runs = trained(monkeypatch)
    grid.work(stage(combination({"temperature": 0.5}, recipe), combination({"epochs": 1}, recipe)))
    assert runs == [0]
    names = ("temperature=0.5", "epochs=1")
    first, second = (load_score_rows(paths.scores_dir(f"grid@x/{name}", "ablation")) for name in names)
    assert first == second


def test_supervised_runs_keep_the_scores_of_their_clips_as_well(tones):
    grid.work(stage(combination({"label_fraction": 1.0}, supervised_recipe(max_epochs=1))))
    folder = paths.scores_dir("grid@x/label_fraction=1.0", "ablation")
    assert [row["head"] for row in load_score_rows(folder)] == ["end_to_end"]
    assert set(load_clip_scores(folder, 0, "valid")[0]) == {"end_to_end"}


def test_a_grid_without_combinations_leaves_its_folder(repository):
    grid.work(stage())
    assert read_json(paths.combinations_file("grid@x", "ablation")) == {}
