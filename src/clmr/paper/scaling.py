"""The scaling figure as data: what a probe scores against what the training of its encoder cost.

Every point is a run that finished its own schedule. Snapshots of one long run would cost less, but they are taken
before its learning rate has come down, and are not what a run of that length ends with.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from clmr.models.heads import END_TO_END
from clmr.paper.names import LOG_MEL, row_label, system_name
from clmr.paper.planned import ScalingRun
from clmr.paper.tables import over_seeds, rows_by_head

_HEAD = "linear"
_SCORES = ("pr_auc_tag", "pr_auc_tag_sd", "pr_auc_tag_low", "pr_auc_tag_high", "n_seeds")
SCALING_COLUMNS = ("eval_corpus", "line", "epochs", "width", "n_views", "compute", *_SCORES)
"""One row per run, and one per reference, which has no epochs, width, views and compute."""
# What the lines stand beside: the untrained encoder, the same network trained on labels, no network at all.
_REFERENCES = (("random_init", _HEAD), ("sample_cnn", END_TO_END), (LOG_MEL, _HEAD))


def scaling_table(
    runs: Sequence[ScalingRun],
    scores: Mapping[str, Sequence[Mapping[str, Any]]],
    n_tracks: Sequence[int],
    table: pd.DataFrame,
    corpus: str,
) -> pd.DataFrame:
    """One row per run with the score of its linear probe, and one per reference; columns :data:`SCALING_COLUMNS`.

    Compute is the number of views seen times the width of the encoder.

    Args:
        runs: The runs.
        scores: For each stage, one mapping per run, head and seed, as for :func:`clmr.paper.tables.score_table`.
        n_tracks: Tracks that each run was trained on.
        table: A score table with the references.
        corpus: Corpus whose references are shown if there is no run.
    """
    rows = [
        _run_row(run, rows_by_head(run.scored, scores[run.scored.stage])[_HEAD], n)
        for run, n in zip(runs, n_tracks, strict=True)
    ]
    lines = list(dict.fromkeys((row["eval_corpus"], row["line"]) for row in rows))
    rows.sort(key=lambda row: (lines.index((row["eval_corpus"], row["line"])), row["compute"]))
    for shown in dict.fromkeys([row["eval_corpus"] for row in rows] or [corpus]):
        here = table[table.eval_corpus == shown]
        for system, head in _REFERENCES:
            found = here[(here.system == system) & (here["head"] == head)]
            rows += [
                {"eval_corpus": shown, "line": row_label(system, head)} | {name: row[name] for name in _SCORES}
                for row in found.to_dict("records")
            ]
    # Whole where references have none.
    counts = dict.fromkeys(("epochs", "width", "n_views", "n_seeds"), "Int64")
    return pd.DataFrame(rows, columns=SCALING_COLUMNS).astype(counts)


def views_seen(run: ScalingRun, n_tracks: int) -> int:
    """Views of tracks that a run was trained on, over all epochs.

    An epoch leaves out the tracks that fill no batch, as training does.

    Args:
        run: The run.
        n_tracks: Tracks that it was trained on.
    """
    return run.epochs * (n_tracks // run.batch_size) * run.batch_size * run.n_views


def line_label(run: ScalingRun) -> str:
    """What a run shares with all runs of its line: system, width, and the settings of its grid.

    >>> from clmr.paper.planned import ScoredSystem
    >>> scored = ScoredSystem("grid@longer", "clmr", "longer", "scores", "scores", "primary")
    >>> line_label(ScalingRun(scored, {"temperature": 0.1}, "primary", ("train",), 9, 2, 4, 10, 16))
    'CLMR, width 16, temperature 0.1'
    """
    settings = [f"{key.replace('_', ' ')} {value}" for key, value in run.settings.items()]
    return ", ".join([system_name(run.scored.system), f"width {run.width}", *settings])


def _run_row(run: ScalingRun, of_head: Sequence[Mapping[str, Any]], n_tracks: int) -> dict[str, Any]:
    views, found = views_seen(run, n_tracks), over_seeds(of_head)
    facts = {"epochs": run.epochs, "width": run.width, "n_views": views, "compute": float(views * run.width)}
    identity = {"eval_corpus": run.scored.eval_corpus, "line": line_label(run)}
    return identity | facts | {name: found[name] for name in _SCORES}
