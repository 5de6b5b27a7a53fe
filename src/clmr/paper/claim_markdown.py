"""The thesis's claims in the form that readers see."""

from typing import Any, get_args

import pandas as pd

from clmr.paper.cells import difference_cell, markdown, p_value, percent, shown
from clmr.paper.claims import ClaimVerdict


def claims_markdown(table: pd.DataFrame) -> str:
    """A table of claims for readers: the numbers of the thesis and ours, the difference, the verdict, and notes."""
    header = [
        "claim", "section", "thesis, on its data", "first", "second", "ours", "difference (points)", "p, Holm",
        "seeds", "verdict",
    ]  # fmt: skip
    rows = [
        [
            row["claim"], row["section"], _thesis_cell(row), shown(row["first"]), shown(row["second"]),
            _score_pair(row, "first_score", "second_score"), difference_cell(row),
            "" if pd.isna(row["p_holm"]) else p_value(row["p_holm"]),
            "" if pd.isna(row["n_first_seeds"]) else f"{row['n_first_seeds']:.0f} / {row['n_second_seeds']:.0f}",
            f"**{row['verdict']}**",
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    noted = table[table.note.notna()].to_dict("records")
    notes = "".join(f"- *{row['claim']}* {row['note']}\n" for row in noted)
    return f"{markdown(header, rows)}\n{verdict_counts(table)}\n" + (f"\n{notes}" if notes else "")


def statements_markdown(table: pd.DataFrame) -> str:
    """The verdict on each claim of a table of claims, one line per claim; empty if there is none.

    Args:
        table: The claims to show, such as those of one section.
    """
    lines = []
    for row in table.to_dict("records"):
        line = f"- {row['claim']} (§{row['section']}) **{row['verdict'].capitalize()}**"
        if not pd.isna(row["difference"]):
            sides = f"{row['first']}, against {row['second']}"
            line += f": on {row['eval_corpus']} the difference is {difference_cell(row)} points ({sides})"
        lines.append(f"{line}.\n")
    return "".join(lines)


def verdict_counts(table: pd.DataFrame) -> str:
    """How many claims of a table there are, and how many have each verdict.

    >>> verdict_counts(pd.DataFrame({"verdict": ["reproduced", "not built", "reproduced"]}))
    'Of 3 claims, 2 are reproduced, 0 inconclusive, 0 contradicted, 1 not built and 0 decided elsewhere.'
    """
    counts = table.verdict.value_counts()
    found = [f"{counts.get(verdict, 0)} {verdict}" for verdict in get_args(ClaimVerdict)]
    found[0] = found[0].replace(" ", " are ", 1)
    return f"Of {len(table)} claims, {', '.join(found[:-1])} and {found[-1]}."


def _thesis_cell(row: dict[Any, Any]) -> str:
    """The thesis's two numbers, and their metric where it is not PR-AUC as in ours."""
    both = _score_pair(row, "thesis_first", "thesis_second")
    return f"{both} (ROC-AUC)" if row["thesis_metric"] == "roc_auc_tag" else both


def _score_pair(row: dict[Any, Any], first: str, second: str) -> str:
    return "" if pd.isna(row[first]) else f"{percent(row[first])} / {percent(row[second])}"
