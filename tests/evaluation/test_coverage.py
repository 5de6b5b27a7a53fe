"""How often the intervals of scores and of differences contain the truth, in a simulation where it is known."""

import numpy as np

from clmr.evaluation.comparison import paired_difference
from clmr.evaluation.metrics import DEVIATIONS, bootstrap_tag_means, mean_pr_auc

N_GROUPS, N_CLIPS, N_RESAMPLES = 200, 300, 80
SHARES = np.linspace(0.02, 0.15, 25)  # of the clips, that have each tag


def simulated(rng: np.random.Generator, *strengths: float, scale: int = 1):
    """Labels of a test split, scores of one system for each strength, and groups, whose clips are much alike."""
    n_groups, n_clips = scale * N_GROUPS, scale * N_CLIPS
    groups = np.concatenate([np.arange(n_groups), rng.integers(0, n_groups, n_clips - n_groups)])
    labels = (rng.random((n_groups, len(SHARES))) < SHARES)[groups].astype(int)

    def noise() -> np.ndarray:
        return 0.7 * rng.normal(size=(n_groups, len(SHARES)))[groups] + 0.7 * rng.normal(size=labels.shape)

    # A part of the noise is common to all systems: what is hard for one is hard for the others.
    common = noise()
    return labels, [strength * labels + 0.6 * common + 0.8 * noise() for strength in strengths], groups


def expected_scores(*strengths: float, n_splits: int = 600) -> np.ndarray:
    """Macro PR-AUC of each system to expect on a test split of this size."""
    rng = np.random.default_rng(1)
    splits = (simulated(rng, *strengths) for _ in range(n_splits))
    return np.mean([mean_pr_auc(labels, np.stack(systems)) for labels, systems, _ in splits], axis=0)


def test_the_interval_of_a_score_covers_what_to_expect_and_percentiles_do_so_less_often():
    (truth,), rng, covered = expected_scores(1.0), np.random.default_rng(0), []
    for index in range(150):
        labels, (scores,), groups = simulated(rng, 1.0)
        (estimate,) = mean_pr_auc(labels, scores)
        _, samples = bootstrap_tag_means(labels, scores, groups, N_RESAMPLES, index)
        low, high = np.percentile(samples, [2.5, 97.5])
        covered.append((abs(estimate - truth) <= DEVIATIONS * samples.std(), low <= truth <= high, low > truth))
    by_deviation, by_percentiles, too_high = np.mean(covered, axis=0)
    assert by_deviation >= 0.9
    assert by_percentiles <= by_deviation - 0.05
    assert too_high >= 0.9 * (1 - by_percentiles)  # they miss on one side


def test_the_score_to_expect_on_few_clips_is_above_that_of_a_population():
    labels, (scores,), _ = simulated(np.random.default_rng(0), 1.0, scale=200)
    (of_population,), (expected,) = mean_pr_auc(labels, scores), expected_scores(1.0, n_splits=300)
    assert 0.015 < expected - of_population < 0.06


def test_the_interval_of_a_difference_covers_what_to_expect():
    better, worse = expected_scores(1.2, 1.0)
    rng, covered = np.random.default_rng(0), []
    for index in range(50):
        labels, (first, second), groups = simulated(rng, 1.2, 1.0)
        found = paired_difference(labels, [first], [second], groups, N_RESAMPLES, index)
        covered.append(found.low <= better - worse <= found.high)
    assert np.mean(covered) >= 0.9
