"""Tables in the form that readers see: Markdown, with scores in per cent."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from clmr.paper.cells import difference_cell, interval_cell, markdown, p_value, percent, score_cell, shown
from clmr.paper.claim_markdown import claims_markdown
from clmr.paper.names import BLOCKS, CHANCE, head_name, system_name
from clmr.paper.questions import QUESTIONS
from clmr.paper.tables import varied_columns

_LEFT_OUT = {
    "n_tags_excluded": "tags without a positive, or without a negative, in the test split",
    "n_tags_without_positives": "tags without a positive among the training clips, learned as absent",
    "n_clips_excluded": "clips shorter than the model's input",
}


def table_markdown(table: pd.DataFrame) -> str:
    """Any table for readers: scores and differences in per cent, tags with those that nobody hears apart."""
    if "roc_auc_tag" in table:
        return score_markdown(table)
    if "thesis_metric" in table:
        return claims_markdown(table)
    if "p_holm" in table:
        return difference_markdown(table)
    if "audible" in table:
        return tag_markdown(table)
    return markdown(table.columns, table.to_numpy().tolist())


def score_markdown(table: pd.DataFrame) -> str:
    """A score table for readers, in blocks: per cent, intervals in brackets, the thesis's scores where they compare.

    The second mean has a column only if the table has such scores.
    """
    varied, second = varied_columns(table), table.pr_auc_audible.notna().any()
    header = [
        "system", "pre-trained on", "evaluated on", "head", *(column.replace("_", " ") for column in varied),
        "ROC-AUC TAG", "PR-AUC TAG", *(["PR-AUC TAG, audible tags"] if second else []), "ROC-AUC CLIP", "PR-AUC CLIP",
        "thesis ROC-AUC TAG", "thesis PR-AUC TAG", "scale",
    ]  # fmt: skip
    rows: list[list[str]] = []
    for (corpus, block), of_block in table.groupby(["eval_corpus", "block"], sort=False):
        rows.append([f"**{corpus}: {BLOCKS[block]}**", *[""] * (len(header) - 1)])
        rows += [_score_cells(row, varied, second) for row in of_block.to_dict("records")]
    return f"{markdown(header, rows)}\n{left_out(table)} {seeds_note(table)}\n"


def _score_cells(row: dict[Any, Any], varied: Sequence[str], second: bool) -> list[str]:
    return [
        system_name(row["system"]), shown(row["pretrain_corpus"]), row["eval_corpus"],
        head_name(shown(row["head"])), *(shown(row[column]) for column in varied),
        score_cell(row, "roc_auc_tag"), score_cell(row, "pr_auc_tag"),
        *([score_cell(row, "pr_auc_audible")] if second else []),
        percent(row["roc_auc_clip"]), percent(row["pr_auc_clip"]),
        percent(row["thesis_roc_auc_tag"]), percent(row["thesis_pr_auc_tag"]), row["scale"],
    ]  # fmt: skip


def difference_markdown(table: pd.DataFrame) -> str:
    """A table of differences for readers, in points of per cent."""
    header = [
        "question", "on", "first", "second", "difference (points)", "p", "p, Holm", "verdict on the first", "seeds",
        "detectable (points)",
    ]  # fmt: skip
    rows = [
        [
            row["question"].replace("_", " "), row["eval_corpus"], row["first"], row["second"], difference_cell(row),
            p_value(row["p"]), p_value(row["p_holm"]), row["verdict"],
            f"{row['n_first_seeds']} / {row['n_second_seeds']}", percent(row["detectable"]),
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    return markdown(header, rows)


def readings_markdown(table: pd.DataFrame) -> str:
    """What each question of a table of differences comes to, corpus by corpus, one line per question.

    Args:
        table: A table of differences.
    """
    lines = []
    for question in QUESTIONS:
        found = [
            f"on {row['eval_corpus']} **{row['verdict']}**, {difference_cell(row)} points"
            for row in table[table.question == question.name].to_dict("records")
        ]
        if found:
            lines.append(f"- {question.asked[0].upper()}{question.asked[1:]}: {'; '.join(found)}.\n")
    return "".join(lines)


def tag_markdown(table: pd.DataFrame) -> str:
    """A table of tags for readers: the tags that no reference hears, then the others; average precision in per cent."""
    header = ["tag", "on", "prevalence", "test positives", "log-mel statistics", "best supervised", "which"]
    parts = []
    for title, chosen in (
        ("Tags that no reference hears", table.audible.eq(False)),
        ("Tags that a reference hears", table.audible.eq(True)),
        ("Tags of corpora without a reference", table.audible.isna()),
    ):
        rows = [
            [
                row["tag"], row["eval_corpus"], percent(row["prevalence"]), row["n_test_positives"],
                interval_cell(row, "log_mel"), interval_cell(row, "supervised"),
                "" if pd.isna(row["supervised_system"]) else system_name(row["supervised_system"]),
            ]
            for row in table[chosen.fillna(False).astype(bool)].to_dict("records")
        ]  # fmt: skip
        if rows:
            parts.append(f"{title}: {len(rows)}.\n\n{markdown(header, rows)}")
    return "\n".join(parts)


def seeds_note(table: pd.DataFrame) -> str:
    """Which trained systems of a score table have one seed, so that nothing is known of others.

    >>> columns = {"system": ["clmr", "cpc"], "eval_corpus": ["scores", "scores"], "run": ["a", "b"]}
    >>> seeds_note(pd.DataFrame(columns | {"n_seeds": [3, 1]}))
    'One seed, hence no deviation, and an interval that says nothing of other seeds: on scores CPC.'
    """
    notes = []
    # Without weights there is nothing that a seed of training could change.
    for corpus, trained in table[table.run.notna()].groupby("eval_corpus", sort=False):
        single = trained[trained.n_seeds == 1]
        # Listed once, however many heads they have.
        names = ", ".join(dict.fromkeys(system_name(system) for system in single.system))
        if names:
            notes.append(f"on {corpus} {'all systems' if len(single) == len(trained) else names}")
    if not notes:
        return "Every trained system has several seeds."
    return f"One seed, hence no deviation, and an interval that says nothing of other seeds: {'; '.join(notes)}."


def left_out(table: pd.DataFrame) -> str:
    """A note on the tags and clips that are left out of the scores of a table.

    >>> table = pd.DataFrame({"eval_corpus": ["scores"], "system": ["clmr"]} | dict.fromkeys(_LEFT_OUT, [0]))
    >>> left_out(table)
    'No tag and no clip had to be left out.'
    """
    notes, table = [], table[table.system != CHANCE]
    n_rows = table.groupby("eval_corpus").size()
    for column, what in _LEFT_OUT.items():
        concerned = table[table[column].fillna(0) > 0]
        for (corpus, count), rows in concerned.groupby(["eval_corpus", column], sort=False):
            names = ", ".join(dict.fromkeys(system_name(system) for system in rows.system))
            who = "all systems" if len(rows) == n_rows[corpus] else names
            notes.append(f"{who} on {corpus}: {count} {what}")
    return f"Left out: {'; '.join(notes)}." if notes else "No tag and no clip had to be left out."
