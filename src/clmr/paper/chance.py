"""What a random order of the clips scores: the level that every system has to be above."""

from collections.abc import Mapping

import numpy as np

from clmr.paper.clips import Scored, scorable


def chance_precision(n_positives: np.ndarray, n: int) -> np.ndarray:
    """Expected average precision of n items in random order, of which some are positive.

    Position k holds a positive with probability m / n; if so, (k - 1)(m - 1)/(n - 1) of those before it are expected
    to be positive as well. So the expectation is (H_n + (m - 1)/(n - 1) (n - H_n)) / n, with the harmonic number
    H_n. That is the prevalence m / n, and about log(n) / n more: precision is read at positives only, and a positive
    at the top of the list has precision 1.

    Args:
        n_positives: Numbers of positives m, at least one each.
        n: Number of items, at least 2.

    >>> chance_precision(np.array([1]), 2), chance_precision(np.array([100]), 1_000).round(3)
    (array([0.75]), array([0.106]))
    """
    harmonic = np.sum(1 / np.arange(1, n + 1))
    return (harmonic + (n_positives - 1) / (n - 1) * (n - harmonic)) / n


def chance_scores(labels: np.ndarray, audible: np.ndarray | None) -> dict[str, float]:
    """Expected scores of a random order, under the column names of our tables.

    Args:
        labels: Tags of the test clips, 0/1, shape (B, K).
        audible: Tags of the second mean, shape (K,); None if there is no such mean.

    >>> chance_scores(np.array([[1, 0], [0, 1]]), None)["pr_auc_tag"]
    0.75
    """
    found = {"roc_auc_tag": 0.5, "roc_auc_clip": 0.5}
    found |= {"pr_auc_tag": _mean(labels), "pr_auc_clip": _mean(labels.T)}
    if audible is not None and scorable(labels[:, audible]).any():
        found["pr_auc_audible"] = _mean(labels[:, audible])
    return found


def chance_by_corpus(test: Scored, audible: Mapping[str, np.ndarray | None]) -> dict[str, dict[str, float]]:
    """:func:`chance_scores` by corpus, on the clips of the system that scored most of them.

    Args:
        test: Scores of the test clips.
        audible: Audible tags by corpus.
    """
    labels: dict[str, np.ndarray] = {}
    for clips in test.values():
        corpus = clips.scored.eval_corpus
        if corpus not in labels or len(clips.labels) > len(labels[corpus]):
            labels[corpus] = clips.labels
    return {corpus: chance_scores(found, audible[corpus]) for corpus, found in labels.items()}


def _mean(labels: np.ndarray) -> float:
    """Mean over the columns that can be scored."""
    usable = labels[:, scorable(labels)]
    return float(chance_precision(usable.sum(axis=0), len(usable)).mean())
