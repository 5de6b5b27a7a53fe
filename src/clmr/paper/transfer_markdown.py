"""Table 6.2 in the form that readers see."""

from typing import Any

import pandas as pd

from clmr.paper.cells import SCORES, markdown, score_cells, shown
from clmr.paper.names import THESIS, system_name
from clmr.paper.transfer import EPOCHS, STEPS

_BLOCKS = {STEPS: "as many steps on every corpus", EPOCHS: "as many epochs on every corpus", THESIS: "as printed"}


def transfer_markdown(table: pd.DataFrame) -> str:
    """Table 6.2 for readers, in three blocks: linear probes, and behind them in round brackets those with a layer.

    Args:
        table: As :func:`clmr.paper.transfer.transfer_table` gives it.
    """
    header = [
        "system", "pre-trained on", "clips", "hours", "epochs", "steps", *SCORES.values(), "seeds", "scale",
    ]  # fmt: skip
    rows: list[list[str]] = []
    for (corpus, held), of_block in table.groupby(["eval_corpus", "held"], sort=False):
        rows.append([f"**{corpus}: {_BLOCKS[str(held)]}**", *[""] * (len(header) - 1)])
        for _, of_row in of_block.groupby(["system", "pretrain_corpus"], sort=False):
            by_head = {row["head"]: row for row in of_row.to_dict("records")}
            rows.append(_cells([by_head[head] for head in ("linear", "mlp") if head in by_head]))
    return f"{markdown(header, rows)}\n{_notes(table[table.scale != THESIS])}\n"


def _cells(by_head: list[dict[Any, Any]]) -> list[str]:
    """A line of the table: the first head, the other in round brackets."""
    row, *others = by_head
    hours = "" if pd.isna(row["hours"]) else f"{row['hours']:.1f}"
    sizes = [shown(row["clips"]), hours, shown(row["epochs"]), shown(row["steps"])]
    return [
        system_name(row["system"]), shown(row["pretrain_corpus"]), *sizes, *score_cells(row, others),
        shown(row["n_seeds"]), row["scale"],
    ]  # fmt: skip


def _notes(ours: pd.DataFrame) -> str:
    steps, epochs = ours[ours.held == STEPS], ours[ours.held == EPOCHS]
    notes = [
        f"In the first block encoders took {_span(steps.steps)} steps, in the second {_span(epochs.epochs)} epochs.",
        "In round brackets: probes with a hidden layer.",
    ]
    if (ours.n_seeds == 1).any():
        notes.append("Rows with one seed have no deviation, and an interval that says nothing of other seeds.")
    return " ".join(notes)


def _span(values: pd.Series) -> str:
    low, high = int(values.min()), int(values.max())
    return f"{low}" if low == high else f"{low} to {high}"
