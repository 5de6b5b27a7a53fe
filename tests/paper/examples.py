"""Scores and systems as stages and the plan give them."""

from pathlib import Path
from typing import Any

import pandas as pd

from clmr.paper.planned import ScoredSystem
from clmr.paper.tables import score_table
from clmr.paper.thesis import load_thesis

ROOT = Path(__file__).parents[2]
THESIS = load_thesis(ROOT / "references" / "thesis.yaml")
SCORES = {
    "roc_auc_tag": 0.81, "roc_auc_tag_low": 0.8, "roc_auc_tag_high": 0.82,
    "pr_auc_tag": 0.5, "pr_auc_tag_low": 0.45, "pr_auc_tag_high": 0.55,
    "roc_auc_clip": 0.9, "pr_auc_clip": 0.7, "n_tags_excluded": 0, "n_clips": 10, "n_parameters": 36_959,
}  # fmt: skip


def score_row(head: str = "linear", seed: int = 0, **changed: Any) -> dict[str, Any]:
    """One row of ``scores.json``."""
    return {"head": head, "seed": seed} | SCORES | changed


def system(name: str, corpus: str = "scores", **varies: Any) -> ScoredSystem:
    """A system of the plan, pre-trained on the corpus it is scored on if it is pre-trained at all."""
    pretrained = corpus if name in ("clmr", "cpc") else None
    return ScoredSystem(f"evaluate@{name}_{corpus}", name, f"{name}_{corpus}", pretrained, corpus, varies)


def table_6_1(*systems: ScoredSystem, heads: tuple[str, ...] = ("linear", "mlp")) -> pd.DataFrame:
    """Table 6.1 of systems that all have the same scores."""
    rows = [score_row(head) for head in heads]
    return score_table(systems, {one.stage: rows for one in systems}, THESIS, "table_6_1", "embedded")
