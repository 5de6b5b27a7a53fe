"""Table 6.2 and the figure of corpus sizes, as data: encoders pre-trained on several corpora, evaluated on one.

Numbers of the thesis have rows of their own, with the scale ``thesis``: they are of other corpora, networks and
schedules, and can be compared with each other alone.

What belongs here: our rows beside those of the thesis. What does not: which runs are the rows (:mod:`clmr.transfer`),
and drawing (:mod:`clmr.paper.transfer_figures`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from clmr.corpora.store import Store
from clmr.paper.names import THESIS
from clmr.paper.planned import ScoredSystem, TransferRow
from clmr.paper.tables import score_table
from clmr.paper.thesis import Thesis

ARTEFACT = "table_6_2"
STEPS, EPOCHS = "steps", "epochs"
"""Blocks of the table, by what is the same for all of its rows: the number of steps, or that of epochs."""
VARIED = ("held", "clips", "hours", "epochs", "steps", "width")
_SCORES = ("pr_auc_tag", "pr_auc_tag_sd", "pr_auc_tag_low", "pr_auc_tag_high", "n_seeds")
POINT_COLUMNS = (
    "scale", "held", "system", "pretrain_corpus", "in_domain", "clips", "hours", "epochs", "steps", *_SCORES,
)  # fmt: skip
"""One row per point of the figure; scores are those of the linear probe. The thesis states no hours."""


@dataclass(frozen=True)
class CorpusSize:
    """What pre-training read of a store.

    Attributes:
        n_clips: Clips that are as long as the encoder's input.
        n_tracks: Their tracks.
        hours: Their duration.
    """

    n_clips: int
    n_tracks: int
    hours: float


def corpus_size(store: Store, row: TransferRow) -> CorpusSize:
    """What the encoder of a row was pre-trained on, counted from its store.

    Args:
        store: The store that it read.
        row: The row.
    """
    clips = store.clips
    used = clips[clips.split.isin(row.splits) & (clips.n_samples >= row.clip_samples)]
    hours = float(used.n_samples.sum()) / store.sample_rate_hz / 3600
    return CorpusSize(len(used), int(used.track_id.nunique()), hours)


def n_steps(row: TransferRow, size: CorpusSize) -> int:
    """Updates of a row's encoder; as in training, tracks that fill no batch are left out of an epoch.

    >>> scored = ScoredSystem("grid@x/epochs=3", "clmr", "x", "tunes", "scores", "primary")
    >>> row = TransferRow(scored, "small", ("train",), 9, batch_size=32, epochs=3, width=4)
    >>> n_steps(row, CorpusSize(n_clips=120, n_tracks=100, hours=1.0))
    9
    """
    return row.epochs * (size.n_tracks // row.batch_size)


def transfer_table(
    rows: Sequence[TransferRow],
    sizes: Mapping[str, CorpusSize],
    scores: Mapping[str, Sequence[Mapping[str, Any]]],
    thesis: Thesis,
    thesis_clips: Mapping[str, int],
    scale: str,
) -> pd.DataFrame:
    """A score table with a block of the same number of steps, one of the same number of epochs, and the thesis's rows.

    A row of both blocks is in the table twice. Behind ``run`` come the columns :data:`VARIED`.

    Args:
        rows: Our rows.
        sizes: What was read of each store of pre-training.
        scores: For each stage, one mapping per head and seed, as for :func:`clmr.paper.tables.score_table`.
        thesis: Numbers of the thesis.
        thesis_clips: Clips of the thesis's corpora, as far as it states them.
        scale: Label of our numbers.
    """
    systems = [
        _in_block(row, sizes[row.train_store], held)
        for held in (STEPS, EPOCHS)
        for row in rows
        if f"same_{held}" in row.scored.varies
    ]
    ours = score_table(systems, scores, thesis, ARTEFACT, scale, varies=VARIED)
    # Typed like ours: pandas warns where it has to guess the type of an empty column.
    printed = pd.DataFrame(_printed(thesis, thesis_clips), columns=ours.columns).astype(ours.dtypes)
    return pd.concat([ours, printed], ignore_index=True)


def size_points(table: pd.DataFrame) -> pd.DataFrame:
    """The figure: scores of linear probes against the size of the corpus of pre-training.

    Args:
        table: As :func:`transfer_table` gives it.

    Returns:
        Columns :data:`POINT_COLUMNS`, those of a block and system in the order of size.
    """
    linear = table[table["head"] == "linear"]
    linear = linear.assign(in_domain=linear.pretrain_corpus == linear.eval_corpus)
    blocks, systems = (list(dict.fromkeys(linear[name])) for name in ("held", "system"))
    order = linear.assign(held=linear.held.map(blocks.index), system=linear.system.map(systems.index))
    return linear.loc[order.sort_values(["held", "system", "clips"], kind="stable").index, list(POINT_COLUMNS)]


def _in_block(row: TransferRow, size: CorpusSize, held: str) -> ScoredSystem:
    facts = {
        "held": held,
        "clips": size.n_clips,
        "hours": size.hours,
        "epochs": row.epochs,
        "steps": n_steps(row, size),
        "width": row.width,
    }
    return replace(row.scored, varies=facts)


def _printed(thesis: Thesis, thesis_clips: Mapping[str, int]) -> list[dict[str, Any]]:
    """Rows of the thesis, one per system, corpus and head, in printed order."""
    found: dict[tuple[str, str | None, str], dict[str, Any]] = {}
    for row in thesis.rows:
        if row.artefact == ARTEFACT:
            identity = {"block": THESIS, "held": THESIS, "system": row.system, "head": row.head, "scale": THESIS}
            corpora = {"pretrain_corpus": row.pretrain_corpus, "eval_corpus": row.eval_corpus}
            size = {"clips": thesis_clips.get(row.pretrain_corpus or "")}
            key = (row.system, row.pretrain_corpus, row.head)
            found.setdefault(key, identity | corpora | size)[row.metric] = row.value
    return list(found.values())
