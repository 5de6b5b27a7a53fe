"""The page on a corpus of one's own."""

import pandas as pd

from clmr.corpora.problems import Problem
from clmr.paper.own_report import own_report, problem_markdown
from clmr.paper.verdicts import DIFFERENCE_COLUMNS

from .examples import system, table_6_1

SPLITS = pd.DataFrame({"clips": [6, 2]}, index=["train", "test"])
TAGS = pd.DataFrame({"tag": ["rock"], "train": [6], "valid": [0], "test": [2], "clips": [8]})
BY_TAG = pd.DataFrame(
    {"eval_corpus": ["music"], "tag": ["rock"], "audible": pd.array([True], dtype="boolean"), "prevalence": [0.5],
     "n_test_positives": [2], "log_mel": [0.6], "log_mel_low": [0.5], "log_mel_high": [0.7], "supervised": [None],
     "supervised_low": [None], "supervised_high": [None], "supervised_system": [None]}
)  # fmt: skip


def page(*problems: Problem) -> str:
    scores = table_6_1(system("clmr", "music"), system("log_mel", "music"), heads=("linear",))
    return own_report("music", SPLITS, TAGS, scores, pd.DataFrame(columns=DIFFERENCE_COLUMNS), BY_TAG, problems)


def test_the_page_has_scores_tags_splits_and_files():
    text = page(Problem("skipped", "a.mp3", "a.mp3", "is empty (0 bytes)"))
    assert text.startswith("# What encoders hear in music\n")
    for line in ("| CLMR |", "| log-mel statistics |", "| train | 6 |", "| rock | 6 | 0 | 2 | 8 |", "1 skipped."):
        assert line in text
    assert "| skipped | a.mp3 | is empty (0 bytes) |" in text
    assert "There is no pair to compare." in text


def test_names_are_shown_as_they_are():
    text = problem_markdown([Problem("skipped", "a|<b>.wav", "x", "is a link to <c>")])
    assert "| skipped | a\\|&lt;b&gt;.wav | is a link to &lt;c&gt; |" in text


def test_of_many_problems_the_first_are_shown_and_the_rest_counted():
    text = problem_markdown([Problem("skipped", f"line\nbreak {n}", "x", "is silent") for n in range(53)])
    assert text.count("is silent") == 50
    assert text.startswith("53 skipped.")
    assert "line break 0" in text
    assert text.endswith("3 more are in `problems.csv` of the store.")
