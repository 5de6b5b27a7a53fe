"""Scores and systems as stages and the plan give them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clmr.models.heads import END_TO_END
from clmr.paper.claims import Role
from clmr.paper.clips import ClipScores
from clmr.paper.figure_params import ResamplingParams
from clmr.paper.planned import AblationRow, ScalingRun, ScoredSystem, TransferRow
from clmr.paper.tables import score_table
from clmr.paper.thesis import load_thesis
from clmr.paper.transfer import CorpusSize, transfer_table
from clmr.paper.verdicts import DIFFERENCE_COLUMNS

ROOT = Path(__file__).parents[2]
THESIS = load_thesis(ROOT / "references" / "thesis.yaml")
RESAMPLING = ResamplingParams(n_resamples=200, seed=0)
ROLES: dict[str, Role] = {"scores": "primary", "merlin": "secondary"}
# Intervals of 1.96 standard deviations: 0.8 to 0.82, and 0.45 to 0.55.
SCORES = {
    "roc_auc_tag": 0.81, "roc_auc_tag_se": 0.01 / 1.96,
    "pr_auc_tag": 0.5, "pr_auc_tag_se": 0.05 / 1.96,
    "roc_auc_clip": 0.9, "pr_auc_clip": 0.7, "n_tags_excluded": 0, "n_clips": 10, "n_parameters": 36_959,
}  # fmt: skip
N_CLIPS, N_TAGS = 120, 3


def score_row(head: str = "linear", seed: int = 0, **changed: Any) -> dict[str, Any]:
    """One row of ``scores.json``."""
    return {"head": head, "seed": seed} | SCORES | changed


def system(name: str, corpus: str = "scores", **varies: Any) -> ScoredSystem:
    """A system of the plan, pre-trained on the corpus it is scored on if it is pre-trained at all."""
    pretrained = corpus if name in ("clmr", "cpc") else None
    run = None if name == "log_mel" else f"{name}_{corpus}"
    return ScoredSystem(f"evaluate@{name}_{corpus}", name, run, pretrained, corpus, f"store_{corpus}", varies)


def ablated(name: str = "clmr", corpus: str = "scores", **varies: Any) -> ScoredSystem:
    """A system of the ablations, with a stage of its own."""
    stage = "/".join(["grid@ablation", corpus, name, *(f"{key}={value}" for key, value in varies.items())])
    return replace(system(name, corpus, **varies), stage=stage, experiment="ablation")


def table_6_1(*systems: ScoredSystem, heads: tuple[str, ...] = ("linear", "mlp")) -> pd.DataFrame:
    """Table 6.1 of systems that all have the same scores."""
    rows = [score_row(head) for head in heads]
    return score_table(systems, {one.stage: rows for one in systems}, THESIS, "table_6_1", "embedded")


def clips(scored: ScoredSystem, head: str = "linear", skill: float = 1.0, n_seeds: int = 1) -> ClipScores:
    """Scores of the same clips by a system: the tags, more or less of them, in noise that depends on the seed."""
    labels = (np.random.default_rng(0).uniform(size=(N_CLIPS, N_TAGS)) < 0.3).astype(np.uint8)
    noises = [np.random.default_rng(seed + 1).normal(size=labels.shape) for seed in range(n_seeds)]
    return ClipScores(
        scored=scored,
        head=head,
        clip_ids=np.array([f"clip{number:03d}" for number in range(N_CLIPS)]),
        labels=labels,
        groups=np.array([f"tune{number // 2:03d}" for number in range(N_CLIPS)]),
        tag_names=("piano", "flute", "march"),
        by_seed=tuple(skill * labels + noise for noise in noises),
    )


def by_key(*several: ClipScores) -> dict[tuple[str, str], ClipScores]:
    """Scores of clips by stage and head."""
    return {(one.scored.stage, one.head): one for one in several}


def supervised(name: str = "sample_cnn", corpus: str = "scores", **given: Any) -> ClipScores:
    """Scores of clips by a system that was trained end to end."""
    return clips(system(name, corpus), END_TO_END, **given)


def difference_row(**changed: Any) -> dict[str, Any]:
    """A row of the table of differences."""
    row = dict.fromkeys(DIFFERENCE_COLUMNS) | {
        "question": "clmr_log_mel", "eval_corpus": "scores", "first": "CLMR, linear",
        "second": "log-mel statistics, linear",
        "difference": 0.031, "low": 0.01, "high": 0.052, "p": 0.004, "p_holm": 0.016, "verdict": "better",
        "n_first_seeds": 3, "n_second_seeds": 1, "detectable": 0.03,
    }  # fmt: skip
    return row | changed


def scaling_run(epochs: int, width: int = 16, **changed: Any) -> ScalingRun:
    """A run of a grid over epochs and width."""
    stage = f"grid@longer/epochs={epochs},encoder.width={width}"
    scored = ScoredSystem(stage, "clmr", "longer", "scores", "scores", "primary", {"epochs": epochs}, "scaling")
    facts = {"train_store": "primary", "splits": ("train",), "clip_samples": 9, "n_views": 2, "batch_size": 8}
    return ScalingRun(**({"scored": scored, "settings": {}, "epochs": epochs, "width": width} | facts | changed))


def ablation_row(
    stage: str, corpus: str = "scores", settings: dict[str, Any] | None = None, **varies: Any
) -> AblationRow:
    """A row of a table of ablations."""
    scored = ScoredSystem(stage, "clmr", stage.partition("@")[2], corpus, corpus, "primary", varies, "ablation")
    return AblationRow(scored, {"width": 16, "batch_size": 32, "epochs": 20} | varies | (settings or {}))


def augmentation_rows() -> tuple[AblationRow, ...]:
    """The crop alone, and two other transformations, one of them with several probabilities."""
    given = (("crop", 1.0), ("filter", 0.8), ("filter", 0.4), ("filter", 1.0), ("gain", 1.0))
    return tuple(ablation_row(f"evaluate@{name}_{p}", augmentation=name, probability=p) for name, p in given)


def transfer_row(
    name: str, corpus: str, epochs: int, blocks: tuple[str, ...] = ("same_steps", "same_epochs"), batch_size: int = 32
) -> TransferRow:
    """A row of Table 6.2, of an encoder that was pre-trained on one corpus and scored on another."""
    stage, varies = f"grid@{name}_{corpus}/epochs={epochs}", dict.fromkeys(blocks, True)
    scored = ScoredSystem(stage, name, f"{name}_{corpus}", corpus, "scores", "primary", varies, "transfer")
    return TransferRow(scored, corpus, ("train",), clip_samples=9, batch_size=batch_size, epochs=epochs, width=4)


def transfer_example() -> pd.DataFrame:
    """Table 6.2 of an encoder on the corpus of evaluation, in both blocks, and of two on a smaller corpus."""
    rows = [
        transfer_row("clmr", "scores", 10),
        transfer_row("clmr", "tunes", 10, ("same_epochs",)),
        transfer_row("clmr", "tunes", 93, ("same_steps",)),
    ]
    sizes = {"scores": CorpusSize(1000, 900, 8.0), "tunes": CorpusSize(120, 114, 1.0)}
    of_row = [score_row("linear", pr_auc_tag=0.5), score_row("mlp", pr_auc_tag=0.6)]
    clips_of_thesis = {"fma": 22413, "billboard": 461, "million_song": 241904}
    scores = {row.scored.stage: of_row for row in rows}
    return transfer_table(rows, sizes, scores, THESIS, clips_of_thesis, "embedded")
