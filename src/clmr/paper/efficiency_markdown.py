"""Label efficiency in the form that readers see."""

from typing import Any

import pandas as pd

from clmr.paper.cells import difference_cell, markdown, score_cell
from clmr.paper.names import row_label

_SHARE, _CLIPS = "label_fraction", "n_labelled_clips"


def efficiency_markdown(table: pd.DataFrame) -> str:
    """Scores on shares of the labels: one line per corpus and share, one column per system.

    Args:
        table: As :func:`clmr.paper.efficiency.efficiency_table` gives it.
    """
    systems = list(dict.fromkeys(zip(table.system, table["head"], strict=True)))
    header = ["labels", "labelled clips", "tags without", *(row_label(*system) for system in systems)]
    rows: list[list[str]] = []
    for corpus, of_corpus in table.groupby("eval_corpus", sort=False):
        rows.append([f"**{corpus}**", *[""] * (len(header) - 1)])
        for (share, clips), of_share in of_corpus.sort_values(_SHARE).groupby([_SHARE, _CLIPS]):
            cells = {(row["system"], row["head"]): _cell(row) for row in of_share.to_dict("records")}
            without = f"{of_share.n_tags_without_positives.max()}"
            found = [cells.get(system, "") for system in systems]
            rows.append([f"{share:.0%}", f"{clips:.0f}", without, *found])
    return f"{markdown(header, rows)}\n{_NOTE}\n"


def crossing_markdown(table: pd.DataFrame) -> str:
    """From how many labelled clips on supervision is ahead, corpus by corpus, and the lead at either end.

    Args:
        table: As :func:`clmr.paper.efficiency.crossover_table` gives it.
    """
    lines = []
    for corpus, here in table.groupby("eval_corpus", sort=False):
        ends = [
            f"{difference_cell(row)} points with {row[_CLIPS]:.0f} labelled clips"
            for row in here.iloc[[0, -1]].to_dict("records")
        ]
        lines.append(f"- On {corpus}: {crossing_sentence(here)}. CLMR's lead is {' and '.join(ends)}.\n")
    return "".join(lines)


def crossing_sentence(here: pd.DataFrame) -> str:
    """Where supervision gets ahead on one corpus, with the interval.

    Args:
        here: The rows of one corpus.

    >>> columns = {"n_labelled_clips": [10.0, 900.0], "crossing": 80.2, "crossing_low": 40.0}
    >>> crossing_sentence(pd.DataFrame(columns | {"crossing_high": float("inf")}))
    'supervision ahead from 80 clips on [40, beyond 900]'
    >>> crossing_sentence(pd.DataFrame(columns | {"crossing": float("inf"), "crossing_high": float("inf")}))
    'supervision not ahead within 900 clips [from 40, beyond 900]'
    """
    first, last = here[_CLIPS].iloc[0], here[_CLIPS].iloc[-1]
    place, low, high = (here[name].iloc[0] for name in ("crossing", "crossing_low", "crossing_high"))
    ends = [_bound(value, first, last) for value in (low, high)]
    if place > last:
        # Where no sample crosses either, there is no interval to state.
        interval = "" if low > last else f" [from {ends[0]}, {ends[1]}]"
        return f"supervision not ahead within {last:.0f} clips{interval}"
    begin = f"from {place:.0f} clips on" if place >= first else f"from the smallest share on, {first:.0f} clips"
    return f"supervision ahead {begin} [{ends[0]}, {ends[1]}]"


def _bound(value: float, first: float, last: float) -> str:
    """A number of clips; outside of the shares there is nothing to tell them apart."""
    if value > last:
        return f"beyond {last:.0f}"
    return f"{value:.0f}" if value >= first else f"below {first:.0f}"


def _cell(row: dict[Any, Any]) -> str:
    return score_cell(row, "pr_auc_tag")


_NOTE = (
    "PR-AUC TAG in per cent, behind ± the deviation over subsets of the labels and the seeds that go with them, on all "
    "labels over seeds alone; in brackets the 95 % interval. *Tags without*: tags that have no positive among the "
    "labelled clips of some subset, and stay in the mean. Without a deviation: one subset or one run. An empty cell "
    "was not trained."
)
