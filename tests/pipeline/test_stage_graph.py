"""Which stages need which, told from dvc.yaml and the parameters of each scale."""

from pathlib import Path

import pytest

from clmr.params import read_params
from clmr.pipeline.plan import planned_stages
from clmr.pipeline.stage_graph import grouped, needed_by, needing, stage_files
from clmr.storage.overlays import with_overlay
from clmr.storage.yaml_files import read_yaml

ROOT = Path(__file__).parents[2]
PIPELINE = read_yaml(ROOT / "dvc.yaml")
PARAMS = read_yaml(ROOT / "params.yaml")
PAPER = with_overlay(PARAMS, ROOT / "params" / "paper.yaml")


@pytest.mark.parametrize("scale", [None, "paper", "own_music"])
def test_the_graph_has_the_stages_of_the_plan(scale):
    overlay = ROOT / "params" / f"{scale}.yaml" if scale else None
    planned = {stage.name for stage in planned_stages(read_params(ROOT / "params.yaml", overlay))}
    params = with_overlay(PARAMS, overlay) if overlay else PARAMS
    assert {name.removesuffix("@thesis") for name in stage_files(PIPELINE, params)} == planned | {"plan"}


def test_what_needs_a_corpus_is_reached_through_stores_runs_and_tables():
    graph = stage_files(PIPELINE, PAPER)
    needed = needing("download@million_song", graph)
    assert {"store@secondary", "store@secondary_16k", "pretrain@clmr_secondary", "evaluate@clmr_secondary"} <= needed
    assert {"probe_transfer@random_init_secondary", "supervised@pons_secondary"} <= needed
    assert {"tagging@thesis", "report@thesis"} <= needed
    assert not needed & {"plan", "download@magnatagatune", "store@primary", "pretrain@clmr_primary", "grid@epochs"}
    # Reads its scores from a folder that others write into.
    assert "tagging@thesis" in needing("log_mel@primary", graph)
    assert needing("report@thesis", graph) == {"report@thesis"}


def test_what_a_notebook_needs_is_reached_through_the_folders_that_it_reads():
    needed = needed_by("tagging@thesis", stage_files(PIPELINE, PARAMS))
    assert {"plan", "download@scores", "store@secondary", "pretrain@clmr_primary", "grid@scaling"} <= needed
    assert {"log_mel@primary", "probe_transfer@frozen_sample_cnn_primary"} <= needed
    assert not needed & {"claims@thesis", "grid@epochs", "store@primary_22k", "efficiency_training@primary"}
    assert needed_by("plan", stage_files(PIPELINE, PARAMS)) == {"plan"}


def test_a_template_without_a_value_is_named():
    one = {"stages": {"fit": {"cmd": "a", "deps": ["data/${tagging.nothing}"]}}}
    with pytest.raises(ValueError, match=r"dvc.yaml: found \$\{tagging.nothing\}, which params.yaml lacks"):
        stage_files(one, PARAMS)


def test_stages_are_listed_by_group():
    assert grouped({"b@y", "report", "b@x", "a@z"}) == "a: z; b: x, y; report"
