"""Score tables: one row per probed or end-to-end system, in the columns that all score tables share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clmr.models.heads import END_TO_END
from clmr.paper.thesis import ThesisRow, thesis_value

SCORE_COLUMNS = (
    "system", "pretrain_corpus", "eval_corpus", "head", "run",
    "roc_auc_tag", "roc_auc_tag_low", "roc_auc_tag_high",
    "pr_auc_tag", "pr_auc_tag_low", "pr_auc_tag_high",
    "roc_auc_clip", "pr_auc_clip", "n_seeds", "scale", "thesis_roc_auc_tag", "thesis_pr_auc_tag",
    "n_parameters", "n_tags_excluded", "n_tags_without_positives", "n_clips_excluded",
)  # fmt: skip
SYSTEM_NAMES = {
    "clmr": "CLMR",
    "cpc": "CPC",
    "random_init": "random initialisation",
    "random_init_cpc": "random initialisation, CPC",
    "log_mel": "log-mel statistics",
    "sample_cnn": "SampleCNN",
    "pons": "Pons et al.",
    "dieleman": "1-D CNN (Dieleman and Schrauwen)",
}
"""What readers call the systems."""
_NOT_PRETRAINED = ("random_init", "random_init_cpc", "log_mel", "sample_cnn", "pons", "dieleman")


@dataclass(frozen=True)
class ScoredSystem:
    """What a row of a score table is about: system, the run its weights are from (log-mel: None), the store scored."""

    system: str
    run: str | None
    store: str


def score_table(
    systems: Mapping[str, ScoredSystem],
    metrics: Mapping[str, Mapping[str, Mapping[str, float]]],
    corpus_of_store: Mapping[str, str],
    store_of_run: Mapping[str, str],
    thesis: tuple[ThesisRow, ...],
    scale: str,
) -> pd.DataFrame:
    """Table 6.1: one row per system and head, in the order of the parameters.

    A thesis value stands beside a row only where system, corpora and head are the same, so never
    beside an embedded corpus.

    Args:
        systems: What was probed, or trained end to end, by name.
        metrics: Scores by the same name, and head.
        corpus_of_store: Corpus of each store.
        store_of_run: Store each pre-training run was trained on.
        thesis: Numbers to compare with.
        scale: Label of the numbers.
    """
    rows = []
    for name, scored in systems.items():
        trained_on = None if scored.system in _NOT_PRETRAINED else corpus_of_store[store_of_run[scored.run]]
        for head, scores in metrics[name].items():
            identity = {
                "system": scored.system,
                "pretrain_corpus": trained_on,
                "eval_corpus": corpus_of_store[scored.store],
                "head": head,
            }
            rows.append(
                identity
                | {"run": scored.run, "n_seeds": 1, "scale": scale}
                | {column: scores[column] for column in SCORE_COLUMNS if column in scores}
                | _thesis_columns(thesis, identity)
            )
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


def _thesis_columns(thesis: tuple[ThesisRow, ...], identity: dict[str, Any]) -> dict[str, float | None]:
    return {
        f"thesis_{metric}": thesis_value(thesis, artefact="table_6_1", metric=metric, **identity)
        for metric in ("roc_auc_tag", "pr_auc_tag")
    }


def row_label(system: str, head: str) -> str:
    """What readers call a row of a score table, in figures.

    >>> row_label("clmr", "linear"), row_label("sample_cnn", "end_to_end")
    ('CLMR, linear', 'SampleCNN')
    """
    return SYSTEM_NAMES[system] if head == END_TO_END else f"{SYSTEM_NAMES[system]}, {head}"


def scores_by_size(table: pd.DataFrame, corpus: str) -> pd.DataFrame:
    """Figure 1.1: PR-AUC beside the number of parameters, of linear probes and end-to-end systems on one corpus.

    Systems without parameters of their own, such as log-mel statistics, have no place in it.

    Returns:
        Columns label, system, head, n_parameters, pr_auc_tag, supervised.
    """
    chosen = table[(table.eval_corpus == corpus) & table["head"].isin(["linear", END_TO_END])]
    chosen = chosen[chosen.n_parameters.notna()].reset_index(drop=True)
    labels = [row_label(*pair) for pair in chosen[["system", "head"]].itertuples(index=False)]
    return pd.DataFrame(
        {
            "label": labels,
            "system": chosen.system,
            "head": chosen["head"],
            "n_parameters": chosen.n_parameters.astype(int),
            "pr_auc_tag": chosen.pr_auc_tag,
            "supervised": chosen["head"] == END_TO_END,
        }
    )


def tag_table(tag_names: tuple[str, ...], tags: Any, splits: Any) -> pd.DataFrame:
    """Tables 4.1 and 4.2: positives of each tag in each split; columns tag, train, valid, test, clips (the sum)."""
    counts = {split: tags[splits == split].sum(axis=0) for split in ("train", "valid", "test")}
    return pd.DataFrame({"tag": tag_names, **counts, "clips": tags.sum(axis=0)})
