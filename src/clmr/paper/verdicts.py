"""The table of differences between systems, and what it decides.

What belongs here: which pairs of scored systems our questions name, their differences, verdicts, and how large a
difference a test split can show. What does not: the questions (:mod:`clmr.paper.questions`), what the thesis claims
(:mod:`clmr.paper.claim_table`), and the statistics (:mod:`clmr.evaluation.comparison`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clmr.evaluation import comparison
from clmr.evaluation.comparison import Difference
from clmr.paper.clips import ClipScores, Scored, difference_cells, resampled_pairs
from clmr.paper.figure_params import ResamplingParams
from clmr.paper.names import row_label
from clmr.paper.questions import QUESTIONS, Question

WANTED_DIFFERENCE = 0.025
"""A difference that a test split should be able to show, on the 0-1 scale."""
DIFFERENCE_COLUMNS = (
    "question", "eval_corpus", "first", "second", "difference", "low", "high", "p", "p_holm", "verdict",
    "n_first_seeds", "n_second_seeds", "detectable", "first_run", "second_run",
)  # fmt: skip
"""Differences are on the 0-1 scale; ``detectable`` is the smallest true one that is found with 80 % power."""


@dataclass(frozen=True)
class Pair:
    """Two systems that a question compares on one corpus."""

    question: Question
    corpus: str
    first: ClipScores
    second: ClipScores


def pairs(test: Scored, questions: Sequence[Question] = QUESTIONS) -> tuple[list[Pair], list[str]]:
    """The pairs of scored systems that the questions name, and what had to be left out, in words.

    A pre-trained system counts where it was pre-trained on the corpus that it is scored on. Where several runs have
    one name, each is compared.

    Args:
        test: Scores of the test clips.
        questions: The questions.
    """
    corpora = list(dict.fromkeys(clips.scored.eval_corpus for clips in test.values()))
    found: list[Pair] = []
    missing: list[str] = []
    for corpus in corpora:
        for question in questions:
            sides = [list(_systems(test, corpus, *side)) for side in (question.first, question.second)]
            found += [Pair(question, corpus, first, second) for first in sides[0] for second in sides[1]]
            absent = [
                row_label(*side)
                for side, systems in zip((question.first, question.second), sides, strict=True)
                if not systems
            ]
            if absent:
                missing.append(f"{question.name} on {corpus}: found no scores of {' and '.join(absent)}")
    return found, missing


def difference_table(compared: Sequence[Pair], resampling: ResamplingParams) -> pd.DataFrame:
    """One row per pair: its difference in macro PR-AUC with interval, p-value and verdict; :data:`DIFFERENCE_COLUMNS`.

    Holm's correction is over all rows.

    Args:
        compared: The pairs.
        resampling: Bootstrap samples, the same for all systems of a corpus.
    """
    both = resampled_pairs([(pair.first, pair.second) for pair in compared], resampling)
    found = [comparison.difference(*systems) for systems in both]
    adjusted = comparison.holm([difference.p_value for difference in found])
    rows = [_row(pair, difference, p) for pair, difference, p in zip(compared, found, adjusted, strict=True)]
    return pd.DataFrame(rows, columns=DIFFERENCE_COLUMNS)


def detectable_by_corpus(table: pd.DataFrame) -> pd.DataFrame:
    """The smallest true difference that a corpus's test split shows with 80 % power: over its pairs of systems.

    Returns:
        Columns eval_corpus, smallest, median and largest.
    """
    detectable = table.groupby("eval_corpus", sort=False).detectable
    return detectable.agg(smallest="min", median="median", largest="max").reset_index()


def power_warnings(detectable: pd.DataFrame, wanted: float = WANTED_DIFFERENCE) -> list[str]:
    """A sentence for each corpus whose test split cannot show a difference of ``wanted`` for most of its pairs.

    Most, not all: systems as unlike as a network and log-mel statistics take more clips than two networks.

    Args:
        detectable: As :func:`detectable_by_corpus` gives it.
        wanted: Difference on the 0-1 scale.

    >>> print(*power_warnings(pd.DataFrame({"eval_corpus": ["scores"], "median": [0.041]})))
    Warning: the test split of scores is too small for 2.5 points at 80 % power; half of the pairs take 4.1 or more.
    """
    return [
        f"Warning: the test split of {row.eval_corpus} is too small for {100 * wanted:.1f} points at 80 % power; "
        f"half of the pairs take {100 * row.median:.1f} or more."
        for row in detectable.itertuples()
        if row.median > wanted
    ]


def _systems(test: Scored, corpus: str, system: str, head: str) -> Iterator[ClipScores]:
    """Scored systems of a name and head on a corpus, if they were pre-trained on it or not at all."""
    for clips in test.values():
        scored = clips.scored
        wanted = (scored.system, clips.head, scored.eval_corpus) == (system, head, corpus)
        if wanted and scored.pretrain_corpus in (None, corpus):
            yield clips


def _row(pair: Pair, difference: Difference, p_holm: float) -> dict[str, Any]:
    return difference_cells(difference, p_holm) | {
        "question": pair.question.name,
        "eval_corpus": pair.corpus,
        "first": row_label(pair.first.scored.system, pair.first.head),
        "second": row_label(pair.second.scored.system, pair.second.head),
        "verdict": comparison.verdict(difference, p_holm),
        "first_run": pair.first.scored.run,
        "second_run": pair.second.scored.run,
    }
