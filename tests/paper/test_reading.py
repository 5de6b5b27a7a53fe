"""What earlier stages wrote is read as the plan names it, and what is missing is named."""

import numpy as np
import pandas as pd
import pytest

from clmr.paper import reading
from clmr.paper.figure_params import TaggingParams, TagWiseParams
from clmr.paper.planned import ScoredSystem
from clmr.storage import paths
from clmr.storage.strict import from_mapping

from .examples import score_row, system


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
    systems = [system("clmr"), system("cpc"), ScoredSystem("evaluate@far", "clmr", "clmr_scores", "scores", "merlin")]
    assert reading.system_of_run(systems, "clmr_scores", "merlin").stage == "evaluate@far"
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
    found = reading.tag_wise_scores(shown, systems, "main", "primary", "tones")
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
    mapping = {"primary_store": "primary", "secondary_store": "secondary", "t_sne": t_sne, "tag_wise": tag_wise}
    assert from_mapping(TaggingParams, mapping, "tagging").t_sne.n_segments == 60
    for change, message in (
        ({"perplexity": 600.0}, "perplexity must be < 600, the number of points, got 600.0"),
        ({"n_tracks": 1}, "n_tracks must be >= 2, got 1"),
        ({"store": "primary"}, "tagging.t_sne: found unknown key store"),
    ):
        with pytest.raises(ValueError, match=message):
            from_mapping(TaggingParams, mapping | {"t_sne": t_sne | change}, "tagging")
