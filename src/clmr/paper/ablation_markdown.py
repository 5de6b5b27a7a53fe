"""Tables of ablations in the form that readers see."""

from typing import Any

import pandas as pd

from clmr.paper.cells import SCORES, markdown, score_cells, shown
from clmr.paper.names import BLOCKS, THESIS
from clmr.paper.tables import varied_columns


def ablation_markdown(table: pd.DataFrame) -> str:
    """A table of ablations: the linear probe, with a hidden layer in round brackets where the thesis has that, too.

    What all of our rows share is said below the table.

    Args:
        table: As :func:`clmr.paper.ablation.ablation_table` gives it.
    """
    ours, columns = table[table.scale != THESIS], varied_columns(table)
    # The first is what the table varies; others may follow from it, such as the optimiser from the batch size.
    varied = [name for name in columns if name == columns[0] or ours[name].nunique() > 1]
    heads = ("linear", "mlp") if "mlp" in set(table["head"][table.scale == THESIS]) else ("linear",)
    header = [*(name.replace("_", " ") for name in varied), *SCORES.values(), "seeds", "run", "scale"]
    rows: list[list[str]] = []
    for (corpus, block), of_block in table.groupby(["eval_corpus", "block"], sort=False):
        rows.append([f"**{corpus}: {BLOCKS[block]}**", *[""] * (len(header) - 1)])
        for _, of_row in of_block.groupby(["run", columns[0]], sort=False, dropna=False):
            by_head = {row["head"]: row for row in of_row.to_dict("records")}
            rows.append(_cells([by_head[head] for head in heads if head in by_head], varied))
    return f"{markdown(header, rows)}\n{_notes(ours, [name for name in columns if name not in varied], heads)}\n"


def _cells(by_head: list[dict[Any, Any]], varied: list[str]) -> list[str]:
    """A line of the table: the first head, the others in round brackets."""
    row, *others = by_head
    facts = [shown(row[name]) for name in ("n_seeds", "run", "scale")]
    return [*(shown(row[name]) for name in varied), *score_cells(row, others), *facts]


def _notes(ours: pd.DataFrame, held: list[str], heads: tuple[str, ...]) -> str:
    settings = ", ".join(f"{name.replace('_', ' ')} {shown(ours[name].iloc[0])}" for name in held)
    notes = [f"Our rows share: {settings}."]
    if len(heads) > 1:
        notes.append("In round brackets: probes with a hidden layer.")
    if (ours.n_seeds == 1).any():
        notes.append("Rows with one seed have no deviation, and an interval that says nothing of other seeds.")
    return " ".join(notes)
