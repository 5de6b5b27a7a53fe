"""Reading what earlier stages wrote, in the form that tables and figures need.

The plan names what is read; nothing is found by looking. So a stage that failed or was renamed is an error here,
and not a missing row.
"""

from collections.abc import Iterable, Sequence

import pandas as pd

from clmr.corpora.store import open_store
from clmr.evaluation.metrics import tag_scores
from clmr.evaluation.scores import ScoreRow, load_clip_scores, load_score_rows
from clmr.models.heads import END_TO_END
from clmr.paper.figure_params import TagWiseParams
from clmr.paper.planned import ScoredSystem
from clmr.paper.tables import row_label, tag_table
from clmr.paper.thesis import Thesis, load_thesis
from clmr.storage import paths


def thesis() -> Thesis:
    """The numbers of the thesis."""
    return load_thesis(paths.root() / "references" / "thesis.yaml")


def scores(systems: Iterable[ScoredSystem], experiment: str) -> dict[str, list[ScoreRow]]:
    """Scores of the systems of an experiment by stage: one row per head and seed."""
    return {system.stage: load_score_rows(paths.scores_dir(system.stage, experiment)) for system in systems}


def first_seed(system: ScoredSystem, experiment: str) -> int:
    """The seed that is shown where a figure has room for only one."""
    return load_score_rows(paths.scores_dir(system.stage, experiment))[0]["seed"]


def system_of_run(systems: Sequence[ScoredSystem], run: str, corpus: str) -> ScoredSystem:
    """The system that a run became, scored on a corpus.

    Args:
        systems: The systems that the plan lists.
        run: Name of the run.
        corpus: Corpus that it was scored on.

    Raises:
        ValueError: If the plan lists none, or several.
    """
    found = [system for system in systems if system.run == run and system.eval_corpus == corpus]
    if len(found) != 1:
        listed = ", ".join(str(system.run) for system in systems if system.eval_corpus == corpus)
        raise ValueError(
            f"found {len(found)} systems of run {run!r} scored on {corpus}, expected one; scored there are {listed}"
        )
    return found[0]


def curves(runs: Iterable[str], experiment: str) -> pd.DataFrame:
    """Learning curves of those runs of an experiment that were trained; columns run, seed, epoch and others.

    Raises:
        ValueError: If none of the runs was trained.
    """
    read = {run: pd.read_csv(paths.curve_file(run, experiment)) for run in runs}
    # The curve of an untrained encoder has no rows, and would turn the whole numbers of the others into floats.
    trained = [curve.assign(run=run) for run, curve in read.items() if len(curve)]
    if not trained:
        raise ValueError(f"found no epoch in the curves of {', '.join(read)}; show at least one run that was trained")
    return pd.concat(trained, ignore_index=True)


def tag_counts(store: str) -> pd.DataFrame:
    """Tags of a store with their positives per split."""
    opened = open_store(paths.store_dir(store))
    return tag_table(opened.tag_names, opened.tags, opened.clips.split.to_numpy())


def tag_wise_scores(
    params: TagWiseParams, systems: Sequence[ScoredSystem], experiment: str, store: str, corpus: str
) -> pd.DataFrame:
    """ROC-AUC of every tag of a store that can be scored; columns tag, system, roc_auc.

    Args:
        params: The runs to show.
        systems: The systems that the plan lists; each of the runs must be among them, scored on the corpus.
        experiment: The experiment that they belong to.
        store: The store whose tags are shown.
        corpus: The corpus that the store was made from.
    """
    opened = open_store(paths.store_dir(store))
    shown = ((params.clmr, "linear"), (params.cpc, "linear"), (params.supervised, END_TO_END))
    parts = []
    for run, head in shown:
        system = system_of_run(systems, run, corpus)
        folder = paths.scores_dir(system.stage, experiment)
        by_head, rows = load_clip_scores(folder, first_seed(system, experiment))
        roc_auc = tag_scores(opened.tags[rows], by_head[head]).roc_auc
        label = row_label(system.system, head)
        parts.append(pd.DataFrame({"tag": opened.tag_names, "system": label, "roc_auc": roc_auc}))
    return pd.concat(parts, ignore_index=True).dropna(ignore_index=True)
