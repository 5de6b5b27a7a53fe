"""The gallery and the README: tables for readers, and never a thesis value where it does not belong."""

from pathlib import Path

import pandas as pd
import pytest

from clmr.paper import gallery
from clmr.paper.tables import SCORE_COLUMNS, ScoredSystem, score_table
from clmr.paper.thesis import load_thesis, thesis_value

ROOT = Path(__file__).parents[2]
THESIS = load_thesis(ROOT / "references" / "thesis.yaml")
SCORES = {
    "roc_auc_tag": 0.81, "roc_auc_tag_low": 0.8, "roc_auc_tag_high": 0.82,
    "pr_auc_tag": 0.5, "pr_auc_tag_low": 0.45, "pr_auc_tag_high": 0.55,
    "roc_auc_clip": 0.9, "pr_auc_clip": 0.7, "n_tags_excluded": 0, "n_clips": 10,
}  # fmt: skip


def table(corpus: str) -> pd.DataFrame:
    systems = {"a": ScoredSystem("clmr", "run", "s"), "b": ScoredSystem("random_init", "zero", "s")}
    metrics = {name: {"linear": SCORES, "mlp": SCORES} for name in systems}
    return score_table(systems, metrics, {"s": corpus}, {"run": "s", "zero": "s"}, THESIS, "embedded")


def test_rows_have_the_shared_columns_in_order():
    found = table("scores")
    assert tuple(found.columns) == SCORE_COLUMNS
    assert found[["system", "head"]].to_numpy().tolist() == [
        ["clmr", "linear"], ["clmr", "mlp"], ["random_init", "linear"], ["random_init", "mlp"],
    ]  # fmt: skip
    assert found.pretrain_corpus.tolist() == ["scores", "scores", None, None]


def test_untrained_encoders_have_no_corpus_of_their_own():
    systems = {name: ScoredSystem(name, "run", "s") for name in ("cpc", "random_init", "random_init_cpc")}
    metrics = {name: {"linear": SCORES} for name in systems}
    found = score_table(systems, metrics, {"s": "magnatagatune"}, {"run": "s"}, THESIS, "embedded")
    assert found.pretrain_corpus.tolist() == ["magnatagatune", None, None]
    assert found.thesis_pr_auc_tag.iloc[0] == 0.3098
    shown = gallery.score_markdown(found)
    for name in ("| CPC |", "| random initialisation |", "| random initialisation, CPC |"):
        assert name in shown


def test_supervised_rows_have_no_pre_training_corpus():
    systems = {"supervised@p": ScoredSystem("pons", "p", "s")}
    found = score_table(
        systems, {"supervised@p": {"end_to_end": SCORES}}, {"s": "magnatagatune"}, {}, THESIS, "embedded"
    )
    assert found.pretrain_corpus.tolist() == [None]
    assert found[["thesis_roc_auc_tag", "thesis_pr_auc_tag"]].to_numpy().tolist() == [[0.8905, 0.3492]]
    assert "| Pons et al. |  | magnatagatune | supervised, end to end | 81.0" in gallery.score_markdown(found)


def test_thesis_values_stand_beside_their_own_corpus_only():
    assert table("scores")[["thesis_roc_auc_tag", "thesis_pr_auc_tag"]].isna().all(axis=None)
    beside = table("magnatagatune")
    assert beside.thesis_pr_auc_tag.tolist()[:2] == [0.3537, 0.3589]
    assert beside.thesis_roc_auc_tag.isna().tolist() == [False, False, True, True]


def test_ambiguous_thesis_values_are_refused():
    with pytest.raises(ValueError, match="fits .*; name more keys"):
        thesis_value(THESIS, artefact="table_6_1", system="clmr")


def test_readers_see_per_cent_with_intervals():
    shown = gallery.score_markdown(table("scores"))
    assert (
        "| CLMR | scores | scores | linear | 81.0 [80.0, 82.0] | 50.0 [45.0, 55.0] | 90.0 | 70.0 |  |  | embedded |"
        in shown
    )


def test_the_readme_shows_the_committed_table():
    shown = (ROOT / "results" / "tables" / "table_6_1.md").read_text()
    readme = (ROOT / "README.md").read_text()
    assert gallery.with_readme_table(readme, shown) == readme, "run `python -m clmr.paper.gallery`"
    assert len(readme.splitlines()) <= 200


def test_a_readme_without_markers_is_refused():
    with pytest.raises(ValueError, match="must hold the markers"):
        gallery.with_readme_table("# nothing", "| a |\n")
