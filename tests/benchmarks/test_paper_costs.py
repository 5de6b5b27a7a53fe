"""Estimates of the paper scale: work of known size, and a table that is up to date."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import paper_costs
from benchmarks.paper_costs import Cost, costs, gpu_flop_per_s, network_flop, table, training_flop, with_table
from clmr.corpora.registry import CORPORA
from clmr.models.cpc import CPCParams
from clmr.params import read_params, runs_of, supervised_runs_of
from clmr.pipeline.plan import planned_stages
from clmr.storage import paths

PARAMS = read_params(paths.params_file(), paths.overlay_file("paper"))
MEASURED = {"device": "cpu", "ours": 348.4}


def one(_):
    return 1.0


def test_training_is_counted_by_tracks_views_epochs_and_seeds():
    run = runs_of(PARAMS)["clmr_primary"]
    # Forward and twice that backward, of two views of each of 3,923 tracks, in 10,000 epochs under three seeds.
    assert training_flop(PARAMS, run, one) == 3 * 2 * 3_923 * 10_000 * 3
    cpc = runs_of(PARAMS)["cpc_primary"]
    assert training_flop(PARAMS, cpc, one) == 3 * 3_923 * 650 * len(cpc.recipe.seeds)
    supervised = supervised_runs_of(PARAMS)["pons_primary"]
    assert training_flop(PARAMS, supervised, one) == 3 * 18_706 * 500 * len(supervised.recipe.seeds)
    assert training_flop(PARAMS, runs_of(PARAMS)["random_init"], one) == 0


def test_disk_is_counted_by_samples_and_by_what_is_fetched_and_unpacked():
    found = {cost.stage: cost for cost in costs(PARAMS, one)}
    assert found["store@primary"].disk_bytes == pytest.approx(25_860 * 29.1 * 22_050 * 2)
    assert found["download@magnatagatune"].disk_bytes == pytest.approx(3_012_000_000 + 3_200_000_000)
    # Ten segments of 2.678 s in 29.1 s.
    seeds = len(runs_of(PARAMS)["clmr_primary"].recipe.seeds)
    assert found["evaluate@clmr_primary"].flop == 25_860 * 10 * seeds


def test_every_stage_that_computes_or_stores_much_is_counted():
    counted = {cost.stage for cost in costs(PARAMS, one)}
    groups = ("download", "store", "pretrain", "supervised", "evaluate", "probe_transfer", "grid")
    assert counted == {stage.name for stage in planned_stages(PARAMS) if stage.name.partition("@")[0] in groups}
    assert set(paper_costs.SIZES) == set(CORPORA.targets) - {"rendered", "unlabelled", "folder"}


def test_the_work_of_cpc_is_what_runs_through_it():
    params = CPCParams("cpc", 8_000, 8_000, 8, 6, (16, 8), (10, 5), (3, 2), "batch")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        params.build().eval()(torch.zeros(1, params.clip_samples))
    assert network_flop(params) == counter.get_total_flops()


def test_a_measured_gpu_replaces_the_assumed_one():
    assumed, words = gpu_flop_per_s(MEASURED)
    assert "assumed" in words
    measured, words = gpu_flop_per_s({"device": "cuda", "ours": 2 * assumed / 1e9})
    assert measured == pytest.approx(2 * assumed)
    assert "measured" in words
    assert "assumed" not in words


def test_the_table_adds_up_and_says_that_it_estimates():
    speed, _ = gpu_flop_per_s(MEASURED)
    text = table([Cost("pretrain@a", 3_600 * speed, 0), Cost("store@b", 0, 2.5e9)], MEASURED)
    assert text.startswith("Estimates")
    assert "| pretrain@a | 225 | 1 |  |" in text
    assert "| store@b |  |  | 2.5 |" in text
    assert text.endswith("| **sum** | 225 | 1 | 2.5 |\n")


def test_only_what_stands_between_the_marks_is_replaced():
    text = f"before\n{paper_costs.BEGIN}old\n{paper_costs.END}after\n"
    assert with_table(text, "new\n") == f"before\n{paper_costs.BEGIN}new\n{paper_costs.END}after\n"
    with pytest.raises(ValueError, match="params/README.md: found no <!-- costs -->"):
        with_table("nothing", "new\n")


def test_the_published_estimates_are_up_to_date():
    published = paper_costs.readme().read_text(encoding="utf-8")
    assert with_table(published, paper_costs.estimates()) == published, "run python -m benchmarks.paper_costs"


def test_sizes_of_the_data_sets_are_the_declared_ones():
    magnatagatune = PARAMS.corpora["magnatagatune"]
    corpus = CORPORA.parameter_class(magnatagatune)(**magnatagatune)
    declared = corpus.declaration()
    assert paper_costs.SIZES["magnatagatune"].n_clips() == sum(declared.counts.values()) - len(declared.left_out)
    for kind in ("million_song", "gtzan"):
        declared = CORPORA.parameter_class({"kind": kind})(kind).declaration()
        assert dict(paper_costs.SIZES[kind].clips) == dict(declared.counts)
