"""The page on a corpus of one's own: what it holds, what systems score on it, and what was wrong with its files."""

from collections.abc import Sequence
from html import escape

import pandas as pd

from clmr.corpora.problems import PROBLEMS_NAME, Problem, counted
from clmr.paper.cells import markdown
from clmr.paper.markdown import difference_markdown, score_markdown, tag_markdown

_MOST_PROBLEMS_SHOWN = 50
_SCORES_NOTE = (
    "Encoders are pre-trained without tags and frozen; a linear probe, or one with a hidden layer, predicts the tags. "
    "What pre-training is worth is the distance to the untrained encoder (random initialisation); log-mel statistics "
    "are the baseline to beat. Scores are of the test split, in per cent; in brackets the 95 % interval, over "
    "bootstrap samples of its groups. They can be compared with each other, and with no number of the thesis."
)


def own_report(
    name: str,
    splits: pd.DataFrame,
    tags: pd.DataFrame,
    scores: pd.DataFrame,
    differences: pd.DataFrame,
    by_tag: pd.DataFrame,
    problems: Sequence[Problem],
) -> str:
    """The page as Markdown.

    Args:
        name: Name of the report.
        splits: As :func:`clmr.corpora.describe.describe` gives them.
        tags: As :func:`clmr.paper.tables.tag_table` gives them.
        scores: A score table.
        differences: As :func:`clmr.paper.verdicts.difference_table` gives them.
        by_tag: As :func:`clmr.paper.audible.tags_of_corpora` gives them.
        problems: Lines of the store's list.
    """
    rows = [[split, *row] for split, row in zip(splits.index, splits.to_numpy().tolist(), strict=True)]
    counts = markdown(tags.columns, tags.to_numpy().tolist())
    sections = {
        f"# What encoders hear in {name}": _SCORES_NOTE,
        "## Scores": f"{score_markdown(scores)}\n![PR-AUC of all systems](scores.png)",
        "## Differences": difference_markdown(differences) if len(differences) else "There is no pair to compare.",
        "## Tags": tag_markdown(by_tag),
        "## The corpus": f"{markdown(['split', *splits.columns], rows)}\n{counts}",
        "## Files": problem_markdown(problems),
    }
    return "\n\n".join(f"{title}\n\n{text.strip()}" for title, text in sections.items()) + "\n"


def problem_markdown(problems: Sequence[Problem]) -> str:
    """What was left out or is to be looked at; the first of them, where there are many.

    >>> problem_markdown([])
    'All files were used, and none of them needs a look.'
    """
    if not problems:
        return "All files were used, and none of them needs a look."
    # Names may hold what a page would take for markup, and reasons quote them.
    shown = [
        [one.kind, escape(one.subject, quote=False), escape(one.reason, quote=False)]
        for one in problems[:_MOST_PROBLEMS_SHOWN]
    ]
    text = f"{counted(problems)}.\n\n{markdown(['kind', 'what', 'reason'], shown)}"
    more = len(problems) - len(shown)
    return f"{text}\n{more} more are in `{PROBLEMS_NAME}` of the store." if more > 0 else text
