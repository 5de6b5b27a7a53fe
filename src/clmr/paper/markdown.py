"""Tables in the form that readers see: Markdown, with scores in per cent."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from clmr.models.heads import END_TO_END
from clmr.paper.tables import system_name, varied_columns

_HEADS = {END_TO_END: "supervised, end to end"}
_LEFT_OUT = {
    "n_tags_excluded": "tags without a positive, or without a negative, in the test split",
    "n_tags_without_positives": "tags without a positive among the training clips, learned as absent",
    "n_clips_excluded": "clips shorter than the model's input",
}


def markdown(header: Iterable[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table.

    >>> print(markdown(["tag", "clips"], [["piano", 3]]), end="")
    | tag | clips |
    | --- | --- |
    | piano | 3 |
    """
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def table_markdown(table: pd.DataFrame) -> str:
    """Any table for readers: score tables in per cent, others as they are."""
    if "roc_auc_tag" in table:
        return score_markdown(table)
    return markdown(table.columns, table.to_numpy().tolist())


def score_markdown(table: pd.DataFrame) -> str:
    """A score table for readers: percentages, intervals in brackets, and the thesis's scores where they compare."""
    varied = varied_columns(table)
    rows = [
        [
            system_name(row["system"]), shown(row["pretrain_corpus"]), row["eval_corpus"],
            _HEADS.get(row["head"], row["head"]), *(shown(row[column]) for column in varied),
            score_cell(row, "roc_auc_tag"), score_cell(row, "pr_auc_tag"),
            percent(row["roc_auc_clip"]), percent(row["pr_auc_clip"]),
            percent(row["thesis_roc_auc_tag"]), percent(row["thesis_pr_auc_tag"]), row["scale"],
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    header = [
        "system", "pre-trained on", "evaluated on", "head", *(column.replace("_", " ") for column in varied),
        "ROC-AUC TAG", "PR-AUC TAG", "ROC-AUC CLIP", "PR-AUC CLIP", "thesis ROC-AUC TAG", "thesis PR-AUC TAG", "scale",
    ]  # fmt: skip
    return f"{markdown(header, rows)}\n{left_out(table)}\n"


def score_cell(row: dict[str, Any], metric: str) -> str:
    """A score with the deviation over seeds, if there are several, and its interval.

    >>> row = {"pr_auc_tag": 0.449, "pr_auc_tag_sd": 0.006, "pr_auc_tag_low": 0.428, "pr_auc_tag_high": 0.49}
    >>> score_cell(row, "pr_auc_tag"), score_cell(row | {"pr_auc_tag_sd": None}, "pr_auc_tag")
    ('44.9 ± 0.6 [42.8, 49.0]', '44.9 [42.8, 49.0]')
    """
    deviation = percent(row[f"{metric}_sd"])
    spread = f" ± {deviation}" if deviation else ""
    return f"{percent(row[metric])}{spread} [{percent(row[f'{metric}_low'])}, {percent(row[f'{metric}_high'])}]"


def left_out(table: pd.DataFrame) -> str:
    """A note on the tags and clips that are left out of the scores of a table.

    >>> table = pd.DataFrame({"eval_corpus": ["scores"], "system": ["clmr"]} | dict.fromkeys(_LEFT_OUT, [0]))
    >>> left_out(table)
    'No tag and no clip had to be left out.'
    """
    notes = []
    n_rows = table.groupby("eval_corpus").size()
    for column, what in _LEFT_OUT.items():
        concerned = table[table[column].fillna(0) > 0]
        for (corpus, count), rows in concerned.groupby(["eval_corpus", column], sort=False):
            names = ", ".join(dict.fromkeys(system_name(system) for system in rows.system))
            who = "all systems" if len(rows) == n_rows[corpus] else names
            notes.append(f"{who} on {corpus}: {count} {what}")
    return f"Left out: {'; '.join(notes)}." if notes else "No tag and no clip had to be left out."


def percent(value: float | None) -> str:
    """A score on the 0-1 scale in per cent; empty if there is none.

    >>> percent(0.4494), percent(None)
    ('44.9', '')
    """
    return "" if value is None or pd.isna(value) else f"{100 * value:.1f}"


def shown(value: Any) -> str:
    """Any cell as text; empty if there is no value, whole numbers without decimals.

    >>> shown(None), shown(22050.0), shown(0.1), shown("scores")
    ('', '22050', '0.1', 'scores')
    """
    if pd.isna(value):
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
