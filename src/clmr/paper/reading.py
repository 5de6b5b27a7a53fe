"""Reading what earlier stages wrote, in the form the figures want; iterates over parameters, never over files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clmr.corpora.store import STORE_NAME, open_store
from clmr.evaluation.frozen import EvaluationParams
from clmr.evaluation.metrics import tag_scores
from clmr.evaluation.projection import TSNEParams
from clmr.evaluation.scores import load_scores
from clmr.models.heads import END_TO_END
from clmr.paper.tables import ScoredSystem, row_label, score_table, tag_table
from clmr.paper.thesis import load_thesis
from clmr.pipeline import paths
from clmr.storage.files import read_json
from clmr.storage.strict import from_mapping

LOG_MEL = "log_mel"


@dataclass(frozen=True)
class TagWiseParams:
    """Figure 6.2.

    Attributes:
        store: The store whose tags are shown.
        clmr: Evaluation of a CLMR encoder on it.
        cpc: Evaluation of a CPC encoder on it.
        supervised: Run of supervised training on it.
    """

    store: str
    clmr: str
    cpc: str
    supervised: str


@dataclass(frozen=True)
class TaggingParams:
    """What the figures of the tagging stage show.

    Attributes:
        primary_store: A store of the first labelled corpus, MagnaTagATune's role.
        secondary_store: A store of the second labelled corpus, the Million Song Dataset's role.
        t_sne: Figure 6.1.
        tag_wise: Figure 6.2.
    """

    primary_store: str
    secondary_store: str
    t_sne: TSNEParams
    tag_wise: TagWiseParams


def tag_counts(store: str) -> pd.DataFrame:
    """Tags of a store with their positives per split."""
    opened = open_store(paths.store_dir(store))
    return tag_table(opened.tag_names, opened.tags, opened.clips.split.to_numpy())


def corpus_of(store: str) -> str:
    """The corpus a store was made from."""
    return read_json(paths.store_dir(store) / STORE_NAME)["corpus"]


def curves(runs: Iterable[str]) -> pd.DataFrame:
    """Learning curves of the runs that were trained at all, with a column ``run``."""
    read = {run: pd.read_csv(paths.curve_file(run)) for run in runs}
    return pd.concat([curve.assign(run=run) for run, curve in read.items() if len(curve)], ignore_index=True)


def table_6_1(
    evaluations: Mapping[str, Any], supervised_runs: Iterable[str], stores: Iterable[str], scale: str
) -> pd.DataFrame:
    """Scores of all evaluations, of all supervised runs, then of the log-mel baseline on all stores.

    Args:
        evaluations: The section ``evaluations`` of the parameters.
        supervised_runs: Names of the runs that were trained end to end.
        stores: Names of the stores that have the baseline.
        scale: Label of the numbers.
    """
    listed = {
        name: from_mapping(EvaluationParams, mapping, f"params.yaml: evaluations.{name}")
        for name, mapping in evaluations.items()
    }
    systems = {name: ScoredSystem(entry.system, entry.run, entry.store) for name, entry in listed.items()}
    metrics = {name: read_json(paths.metrics_file(f"evaluate@{name}")) for name in systems}
    for run in supervised_runs:
        recipe, stage = read_json(paths.recipe_file(run)), f"supervised@{run}"
        systems[stage] = ScoredSystem(recipe["model"]["kind"], run, recipe["store"])
        metrics[stage] = read_json(paths.metrics_file(stage))
    for store in stores:
        systems[f"{LOG_MEL}_{store}"] = ScoredSystem(LOG_MEL, run=None, store=store)
        metrics[f"{LOG_MEL}_{store}"] = read_json(paths.metrics_file(f"{LOG_MEL}@{store}"))
    runs = {entry.run for entry in listed.values()}
    store_of_run = {run: read_json(paths.recipe_file(run))["store"] for run in sorted(runs)}
    used = {*store_of_run.values(), *(entry.store for entry in systems.values())}
    thesis = load_thesis(paths.root() / "references" / "thesis.yaml")
    table = score_table(systems, metrics, {store: corpus_of(store) for store in used}, store_of_run, thesis, scale)
    return table.sort_values(
        "eval_corpus", key=lambda column: column.map(_order(column)), kind="stable", ignore_index=True
    )


def tag_wise_scores(params: TagWiseParams) -> pd.DataFrame:
    """ROC-AUC of every tag that can be scored; columns tag, system, roc_auc."""
    store = open_store(paths.store_dir(params.store))
    supervised = read_json(paths.recipe_file(params.supervised))["model"]["kind"]
    shown = (
        ("clmr", params.clmr, "linear"),
        ("cpc", params.cpc, "linear"),
        (supervised, f"supervised_{params.supervised}", END_TO_END),
    )
    parts = []
    for system, evaluation, head in shown:
        scores, rows = load_scores(paths.evaluation_dir(evaluation))
        roc_auc = tag_scores(store.tags[rows], scores[head]).roc_auc
        label = row_label(system, head)
        parts.append(pd.DataFrame({"tag": store.tag_names, "system": label, "roc_auc": roc_auc}))
    return pd.concat(parts, ignore_index=True).dropna(ignore_index=True)


def _order(names: Iterable[str]) -> dict[str, int]:
    """Rank of each name by first appearance."""
    return {name: rank for rank, name in enumerate(dict.fromkeys(names))}
