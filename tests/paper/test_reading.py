"""What earlier stages wrote is read as the plan names it, and what is missing is named."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clmr.evaluation.scores import save_score_rows
from clmr.paper import reading
from clmr.paper.figure_params import TaggingParams, TagWiseParams
from clmr.paper.planned import ScoredSystem
from clmr.storage import paths
from clmr.storage.strict import from_mapping

from .examples import scaling_run, score_row, system


def test_curves_come_run_by_run_without_those_of_no_epoch(repository):
    for run, rows in {"long": "0,1,2.0\n0,2,1.5\n1,1,2.1\n", "untrained": ""}.items():
        path = paths.curve_file(run, "main")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("seed,epoch,loss\n" + rows)
    found = reading.curves(["untrained", "long"], "main")
    assert found[["run", "seed", "epoch"]].to_numpy().tolist() == [["long", 0, 1], ["long", 0, 2], ["long", 1, 1]]
    with pytest.raises(ValueError, match="found no epoch in the curves of untrained"):
        reading.curves(["untrained"], "main")


def test_a_run_is_found_by_the_corpus_it_was_scored_on():
    far = ScoredSystem("evaluate@far", "clmr", "clmr_scores", "scores", "merlin", "secondary")
    systems = [system("clmr"), system("cpc"), far]
    assert reading.system_of_run(systems, "clmr_scores", "merlin").stage == "evaluate@far"
    probed = replace(systems[0], stage="probe_transfer@frozen")
    assert reading.system_of_run([probed, *systems], probed.run, probed.eval_corpus) == systems[0]
    with pytest.raises(ValueError, match="found 0 systems of run 'pons' scored on scores, .* are clmr_scores, cpc_sc"):
        reading.system_of_run(systems, "pons", "scores")


def test_tags_are_scored_with_the_first_seed_and_unscorable_ones_left_out(store, monkeypatch):
    rows = store.rows("test")
    systems = [system(name, "tones") for name in ("clmr", "cpc", "pons")]
    heads = {"clmr": "linear", "cpc": "linear", "pons": "end_to_end"}
    asked = []

    def load_clip_scores(folder, seed):
        asked.append((folder.name, seed))
        head = heads[next(name for name in heads if name in folder.name)]
        return {head: store.tags[rows].astype(float)}, rows

    monkeypatch.setattr(reading, "open_store", lambda folder: store)
    monkeypatch.setattr(reading, "load_score_rows", lambda folder: [score_row(seed=7), score_row(seed=8)])
    monkeypatch.setattr(reading, "load_clip_scores", load_clip_scores)
    shown = TagWiseParams(clmr="clmr_tones", cpc="cpc_tones", supervised="pons_tones")
    found = reading.tag_wise_scores(shown, systems, "primary", "tones")
    assert asked == [("evaluate_clmr_tones", 7), ("evaluate_cpc_tones", 7), ("evaluate_pons_tones", 7)]
    assert list(dict.fromkeys(found.system)) == ["CLMR, linear", "CPC, linear", "Pons et al."]
    assert set(found.tag) == {"high", "low"}
    np.testing.assert_array_equal(found.roc_auc, 1.0)


def test_tags_of_a_store_are_counted_by_split(store, monkeypatch):
    monkeypatch.setattr(reading, "open_store", lambda folder: store)
    counts = reading.tag_counts("primary")
    assert counts.columns.tolist() == ["tag", "train", "valid", "test", "clips"]
    pd.testing.assert_series_equal(
        counts[["train", "valid", "test"]].sum(axis=1), counts.clips, check_names=False, check_dtype=False
    )
    assert counts.set_index("tag").clips["never"] == 0


def test_the_figures_are_told_what_to_show_strictly():
    t_sne = {"run": "clmr_primary", "n_tracks": 10, "n_segments": 60, "perplexity": 30.0, "seed": 0}
    tag_wise = {"clmr": "a", "cpc": "b", "supervised": "c"}
    mapping = {
        "primary_store": "primary", "secondary_store": "secondary", "resampling": {"n_resamples": 9, "seed": 0},
        "t_sne": t_sne, "tag_wise": tag_wise,
    }  # fmt: skip
    assert from_mapping(TaggingParams, mapping, "tagging").t_sne.n_segments == 60
    for change, message in (
        ({"perplexity": 600.0}, "perplexity must be < 600, the number of points, got 600.0"),
        ({"n_tracks": 1}, "n_tracks must be >= 2, got 1"),
        ({"store": "primary"}, "tagging.t_sne: found unknown key store"),
    ):
        with pytest.raises(ValueError, match=message):
            from_mapping(TaggingParams, mapping | {"t_sne": t_sne | change}, "tagging")


def test_scores_of_clips_come_by_system_and_head_with_tags_and_groups(store, monkeypatch):
    rows = store.rows("test")[1:]
    scored = system("clmr", "tones")
    asked = []

    def load_clip_scores(folder, seed, split):
        asked.append((folder.name, seed, split))
        return {
            head: np.full((2, len(rows), len(store.tag_names)), seed + len(head)) for head in ("linear", "mlp")
        }, rows

    monkeypatch.setattr(reading, "open_store", lambda folder: store)
    monkeypatch.setattr(reading, "load_clip_scores", load_clip_scores)
    score_rows = [score_row("linear", 7), score_row("mlp", 7), score_row("linear", 3), score_row("mlp", 3)]
    found = reading.clip_scores([scored], {scored.stage: score_rows}, "valid")
    assert list(found) == [(scored.stage, "linear"), (scored.stage, "mlp")]
    # Each file is read once, whatever the number of heads.
    assert asked == [("evaluate_clmr_tones", 7, "valid"), ("evaluate_clmr_tones", 3, "valid")]
    linear = found[scored.stage, "linear"]
    assert [scores[0, 0, 0] for scores in linear.by_seed] == [13, 9]
    assert linear.clip_ids.tolist() == store.clips.clip_id.iloc[rows].tolist()
    assert linear.groups.tolist() == store.clips.group_id.iloc[rows].tolist()
    np.testing.assert_array_equal(linear.labels, store.tags[rows])
    assert linear.tag_names == store.tag_names


def test_scores_are_read_from_the_experiment_of_their_system(repository):
    grid = ScoredSystem("grid@x/epochs=5", "clmr", "x", "scores", "scores", "primary", {"epochs": 5}, "ablation")
    for folder, seed in (("main/evaluate_clmr_scores", 1), ("ablation/grid_x/epochs=5", 2)):
        save_score_rows(repository / "data" / "scores" / folder, [score_row(seed=seed)])
    found = reading.scores([system("clmr"), grid])
    assert {stage: rows[0]["seed"] for stage, rows in found.items()} == {
        "evaluate@clmr_scores": 1,
        "grid@x/epochs=5": 2,
    }
    assert reading.first_seed(grid) == 2


def test_tracks_that_a_run_was_trained_on_have_a_clip_that_is_long_enough(store, monkeypatch):
    monkeypatch.setattr(reading, "open_store", lambda folder: store)
    longest = int(store.clips.n_samples.max())
    expected = store.clips[store.clips.split.isin(["train", "valid"])].track_id.nunique()
    assert reading.n_tracks(scaling_run(1, splits=("train", "valid"), clip_samples=longest)) == expected
    assert reading.n_tracks(scaling_run(1, clip_samples=longest + 1)) == 0
