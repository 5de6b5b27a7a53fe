"""Reading what earlier stages wrote, in the form that tables and figures need.

The plan names what is read; nothing is found by looking. So a stage that failed or was renamed is an error here,
and not a missing row.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clmr.corpora.store import Store, open_store
from clmr.evaluation.metrics import tag_scores
from clmr.evaluation.scores import ScoreRow, load_clip_scores, load_score_rows
from clmr.models.heads import END_TO_END
from clmr.paper.claims import ClaimEntry, load_claims
from clmr.paper.clips import ClipScores
from clmr.paper.figure_params import TagWiseParams
from clmr.paper.names import row_label
from clmr.paper.planned import ScalingRun, ScoredSystem
from clmr.paper.tables import tag_table
from clmr.paper.thesis import Thesis, load_thesis
from clmr.storage import paths
from clmr.storage.yaml_files import read_yaml


def thesis() -> Thesis:
    """The numbers of the thesis."""
    return load_thesis(paths.root() / "references" / "thesis.yaml")


def thesis_clips() -> dict[str, int]:
    """Clips of each corpus of the thesis, by the corpus's name in its rows."""
    listed = read_yaml(paths.root() / "references" / "thesis.yaml")["datasets"]
    return {entry["corpus"]: entry["value"] for entry in listed if entry["quantity"] == "items"}


def claims() -> tuple[ClaimEntry, ...]:
    """The comparative claims of the thesis."""
    return load_claims(paths.root() / "references" / "claims.yaml", thesis())


def scores(systems: Iterable[ScoredSystem]) -> dict[str, list[ScoreRow]]:
    """Scores of systems by stage: one row per head and seed."""
    return {system.stage: load_score_rows(scores_dir(system)) for system in systems}


def scores_dir(system: ScoredSystem) -> Path:
    """The folder of a system's scores."""
    return paths.scores_dir(system.stage, system.experiment)


def first_seed(system: ScoredSystem) -> int:
    """The seed that is shown where a figure has room for only one."""
    return load_score_rows(scores_dir(system))[0]["seed"]


def system_of_run(systems: Sequence[ScoredSystem], run: str, corpus: str) -> ScoredSystem:
    """The system that a run became, scored on a corpus.

    Where a further stage probes its network there, the stage named after the run counts.

    Args:
        systems: The systems that the plan lists.
        run: Name of the run.
        corpus: Corpus that it was scored on.

    Raises:
        ValueError: If the plan lists none, or several.
    """
    found = [system for system in systems if system.run == run and system.eval_corpus == corpus]
    found = [system for system in found if system.stage.partition("@")[2] == run] or found
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


def tag_wise_scores(params: TagWiseParams, systems: Sequence[ScoredSystem], store: str, corpus: str) -> pd.DataFrame:
    """ROC-AUC of every tag of a store that can be scored; columns tag, system, roc_auc.

    Args:
        params: The runs to show.
        systems: The systems that the plan lists; each of the runs must be among them, scored on the corpus.
        store: The store whose tags are shown.
        corpus: The corpus that the store was made from.
    """
    opened = open_store(paths.store_dir(store))
    shown = ((params.clmr, "linear"), (params.cpc, "linear"), (params.supervised, END_TO_END))
    parts = []
    for run, head in shown:
        system = system_of_run(systems, run, corpus)
        by_head, rows = load_clip_scores(scores_dir(system), first_seed(system))
        roc_auc = tag_scores(opened.tags[rows], by_head[head]).roc_auc
        label = row_label(system.system, head)
        parts.append(pd.DataFrame({"tag": opened.tag_names, "system": label, "roc_auc": roc_auc}))
    return pd.concat(parts, ignore_index=True).dropna(ignore_index=True)


def clip_scores(
    systems: Sequence[ScoredSystem], rows: Mapping[str, Sequence[ScoreRow]], split: str
) -> dict[tuple[str, str], ClipScores]:
    """Scores of single clips by stage and head, seeds in the order of the rows of scores.

    Args:
        systems: The systems that the plan lists, one per stage.
        rows: Their rows of scores by stage, which name heads and seeds.
        split: ``test`` or ``valid``.
    """
    found = {}
    stores = {name: open_store(paths.store_dir(name)) for name in dict.fromkeys(one.store for one in systems)}
    for scored in systems:
        folder, of_stage = scores_dir(scored), rows[scored.stage]
        read = {seed: load_clip_scores(folder, seed, split=split) for seed in dict.fromkeys(_column(of_stage, "seed"))}
        for head in dict.fromkeys(_column(of_stage, "head")):
            seeds = [row["seed"] for row in of_stage if row["head"] == head]
            by_seed = tuple(read[seed][0][head] for seed in seeds)
            clips = read[seeds[0]][1]
            found[scored.stage, head] = _clip_scores(scored, head, stores[scored.store], clips, by_seed)
    return found


def _clip_scores(
    scored: ScoredSystem, head: str, store: Store, rows: np.ndarray, by_seed: tuple[np.ndarray, ...]
) -> ClipScores:
    """Scores of the clips in some rows of a store, which are the same for every seed."""
    clips = store.clips.iloc[rows]
    ids, groups = clips.clip_id.to_numpy(), clips.group_id.to_numpy()
    return ClipScores(scored, head, ids, store.tags[rows], groups, store.tag_names, by_seed)


def _column(rows: Sequence[ScoreRow], name: str) -> list[Any]:
    return [row[name] for row in rows]


def n_tracks(run: ScalingRun) -> int:
    """Tracks that a run was trained on: those with a clip as long as the encoder's input."""
    clips = open_store(paths.store_dir(run.train_store)).clips
    used = clips[clips.split.isin(run.splits) & (clips.n_samples >= run.clip_samples)]
    return int(used.track_id.nunique())
