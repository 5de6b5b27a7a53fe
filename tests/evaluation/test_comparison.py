"""Differences between systems: against their definition, antisymmetric, wider with seeds; Holm by hand; verdicts."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from clmr.evaluation.comparison import (
    Difference,
    Resampled,
    detectable_difference,
    difference,
    holm,
    paired_difference,
    pooled_seed_sd,
    resampled,
    verdict,
)

N_CLIPS, N_TAGS = 80, 4
GROUPS = np.arange(N_CLIPS) // 2


def scored(strength: float, seed: int, n_probes: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Labels, always the same, and scores that follow them the better the greater the strength."""
    labels = (np.random.default_rng(0).random((N_CLIPS, N_TAGS)) < 0.3).astype(int)
    shape = labels.shape if n_probes is None else (n_probes, *labels.shape)
    return labels, strength * labels + np.random.default_rng(seed).normal(size=shape)


LABELS = scored(0, 0)[0]
GOOD, BETTER = ([scored(strength, seed)[1] for seed in range(3)] for strength in (0.5, 1.5))


def test_identical_systems_do_not_differ():
    found = paired_difference(LABELS, GOOD[:1], GOOD[:1], GROUPS, 100, 0)
    assert found == Difference(0.0, 0.0, 0.0, 1.0, 1, 1, 0.0)
    several = paired_difference(LABELS, GOOD, GOOD, GROUPS, 100, 0)
    assert (several.estimate, several.p_value) == (0.0, 1.0)
    assert several.low == -several.high < 0


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_swapping_the_systems_changes_the_sign(n_seeds):
    one = paired_difference(LABELS, BETTER[:n_seeds], GOOD[:2], GROUPS, 200, 0)
    other = paired_difference(LABELS, GOOD[:2], BETTER[:n_seeds], GROUPS, 200, 0)
    assert one.estimate > 0
    assert (other.estimate, other.low, other.high) == pytest.approx((-one.estimate, -one.high, -one.low))
    assert (other.p_value, other.sd) == pytest.approx((one.p_value, one.sd))
    assert (other.n_first_seeds, other.n_second_seeds) == (2, n_seeds)


def test_it_is_the_bootstrap_of_its_definition():
    n_groups, n_resamples = N_CLIPS // 2, 60
    draws = np.random.default_rng(5).multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_resamples)
    samples = []
    for counts in draws:
        clips = np.concatenate([np.flatnonzero(group == GROUPS) for group in np.repeat(np.arange(n_groups), counts)])
        of_systems = [
            np.mean([average_precision_score(LABELS[clips], own[clips], average="macro") for own in system])
            for system in (BETTER, GOOD[:2])
        ]
        samples.append(of_systems[0] - of_systems[1])
    scores = [
        np.array([average_precision_score(LABELS, own, average="macro") for own in system])
        for system in (BETTER, GOOD[:2])
    ]
    variance = np.var(samples) + scores[0].var(ddof=1) / 3 + scores[1].var(ddof=1) / 2
    found = paired_difference(LABELS, BETTER, GOOD[:2], GROUPS, n_resamples, 5)
    assert found.estimate == pytest.approx(scores[0].mean() - scores[1].mean())
    assert found.sd == pytest.approx(math.sqrt(variance))
    assert found.p_value == pytest.approx(2 * NormalDist().cdf(-found.estimate / math.sqrt(variance)))


def test_with_one_seed_the_interval_is_that_of_the_percentiles():
    first, second = (resampled(LABELS, system[:1], GROUPS, 300, 0) for system in (BETTER, GOOD))
    found = difference(first, second)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(first.means - second.means, [2.5, 97.5])))
    assert found.sd == pytest.approx((first.means - second.means).std())


def test_the_same_draws_for_both_systems_make_the_difference_surer_than_its_parts():
    noise = scored(0.0, 7)[1]
    alike = [0.7 * LABELS + noise], [0.5 * LABELS + noise]
    first, second = (resampled(LABELS, system, GROUPS, 300, 0) for system in alike)
    assert difference(first, second).sd < 0.5 * math.hypot(first.means.std(), second.means.std())


def test_seeds_that_differ_widen_the_interval():
    samples = np.linspace(0.4, 0.6, 101)
    alike, apart = Resampled(np.array([0.5, 0.5]), samples), Resampled(np.array([0.48, 0.52]), samples)
    other = Resampled(np.array([0.3]), np.full(101, 0.3))
    narrow, wide = difference(alike, other), difference(apart, other)
    assert narrow.estimate == pytest.approx(wide.estimate) == pytest.approx(0.2)
    assert wide.low < narrow.low < narrow.high < wide.high
    assert wide.sd == pytest.approx(math.hypot(narrow.sd, 0.02))
    assert wide.high - wide.estimate == pytest.approx(math.hypot(narrow.high - narrow.estimate, 1.96 * 0.02))
    assert wide.p_value > narrow.p_value


def test_a_deviation_is_assumed_of_systems_with_one_seed_alone():
    samples = np.linspace(0.4, 0.6, 101)
    one, several = Resampled(np.array([0.5]), samples), Resampled(np.array([0.28, 0.32]), samples[::-1])
    measured, widened = difference(one, several), difference(one, several, (0.03, 0.7))
    assert widened.estimate == measured.estimate
    assert widened.sd == pytest.approx(math.hypot(measured.sd, 0.03))
    assert widened.low < measured.low < measured.high < widened.high
    assert widened.p_value > measured.p_value
    swapped = difference(several, one, (0.7, 0.03))
    assert (swapped.estimate, swapped.low, swapped.sd) == pytest.approx((-widened.estimate, -widened.high, widened.sd))
    # As if its variance had been measured.
    alike = Resampled(np.array([0.28, 0.32]), samples)
    assert difference(one, alike, (0.02, 0.0)).sd == pytest.approx(difference(alike, alike).sd)


@pytest.mark.parametrize("assumed", [(-0.1, 0.0), (0.0, math.nan), (math.inf, 0.0)])
def test_a_deviation_that_is_none_is_refused(assumed):
    one = Resampled(np.array([0.5]), np.linspace(0.4, 0.6, 9))
    with pytest.raises(ValueError, match=r"assumed_sd must be two numbers >= 0, got \("):
        difference(one, one, assumed)


def test_the_pooled_deviation_weighs_systems_by_their_seeds():
    # Sums of squares 0.0002 and 0.0008 over 2 + 1 degrees of freedom; a level of its own does not count.
    systems = [np.array([0.49, 0.5, 0.51]), np.array([0.28, 0.32]), np.array([0.9])]
    assert pooled_seed_sd(systems) == pytest.approx(math.sqrt(0.001 / 3))
    assert pooled_seed_sd(systems[1:2]) == pytest.approx(np.std([0.28, 0.32], ddof=1))
    with pytest.raises(ValueError, match="found 1 systems, none with several seeds; give at least one of them two"):
        pooled_seed_sd(systems[2:])


def test_an_estimate_outside_the_percentiles_is_inside_the_interval():
    first, second = Resampled(np.array([0.5]), np.linspace(0.52, 0.6, 9)), Resampled(np.array([0.4]), np.full(9, 0.4))
    found = difference(first, second)
    assert found.low == pytest.approx(0.1)
    assert found.low <= found.estimate < found.high


def test_probes_of_a_seed_are_averaged_and_are_no_seeds():
    labels, probes = scored(1.0, 3, n_probes=5)
    first, second = (
        resampled(labels, [probes], GROUPS, 50, 0),
        [resampled(labels, [own], GROUPS, 50, 0) for own in probes],
    )
    assert first.by_seed == pytest.approx([np.mean([own.by_seed for own in second])])
    np.testing.assert_allclose(first.means, np.mean([own.means for own in second], axis=0))
    assert paired_difference(labels, [probes], GOOD, GROUPS, 50, 0).n_first_seeds == 1


@pytest.mark.parametrize("tags", [np.array([0, 2]), np.array([True, False, True, False]), [0, 2]])
def test_the_mean_is_over_the_chosen_tags(tags):
    found = paired_difference(LABELS, BETTER, GOOD, GROUPS, 50, 0, tags)
    kept = LABELS[:, [0, 2]], [own[:, [0, 2]] for own in BETTER], [own[:, [0, 2]] for own in GOOD]
    assert found == paired_difference(*kept, GROUPS, 50, 0)
    assert found != paired_difference(LABELS, BETTER, GOOD, GROUPS, 50, 0)


def test_a_tag_without_positives_among_the_clips_is_left_out():
    labels = LABELS.copy()
    labels[:, 1] = 0
    found = paired_difference(labels, BETTER, GOOD, GROUPS, 50, 0, np.array([0, 1, 2, 3]))
    assert found == paired_difference(labels, BETTER, GOOD, GROUPS, 50, 0, np.array([0, 2, 3]))
    with pytest.raises(ValueError, match="none of the 1 tags has both positives and negatives"):
        paired_difference(labels, BETTER, GOOD, GROUPS, 50, 0, np.array([1]))


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="found scores of no seed; a comparison needs those of at least one"):
        paired_difference(LABELS, GOOD, [], GROUPS, 50, 0)
    with pytest.raises(ValueError, match=r"share one shape \(B, K\)"):
        paired_difference(LABELS, GOOD, [own[1:] for own in GOOD], GROUPS, 50, 0)
    with pytest.raises(ValueError, match="all 80 clips are of the group"):
        paired_difference(LABELS, GOOD, BETTER, np.zeros(N_CLIPS), 50, 0)
    with pytest.raises(ValueError, match="found 50 and 60 resamples"):
        difference(resampled(LABELS, GOOD, GROUPS, 50, 0), resampled(LABELS, GOOD, GROUPS, 60, 0))


def test_holm_by_hand():
    # Ascending 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 is 0.02, 0.03, 0.06, 0.04; the last rises to 0.06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []
    with pytest.raises(ValueError, match=r"p-values must be in \[0, 1\], got \[1.5, nan\]"):
        holm([0.5, 1.5, math.nan])


@pytest.mark.parametrize("level", [0.01, 0.05, 0.3])
def test_holm_rejects_what_stepping_down_rejects(level):
    rng = np.random.default_rng(2)
    for size in (1, 2, 7, 20):
        p_values = rng.random(size) ** 4
        rejected = np.zeros(size, dtype=bool)
        for rank, index in enumerate(np.argsort(p_values)):
            if p_values[index] >= level / (size - rank):
                break
            rejected[index] = True
        assert (np.array(holm(p_values.tolist())) < level).tolist() == rejected.tolist()


def test_a_detectable_difference_is_found_with_the_power_it_is_stated_for():
    assert detectable_difference(1.0) == pytest.approx(1.96 + 0.8416, abs=1e-4)
    rng = np.random.default_rng(0)
    estimates = rng.normal(detectable_difference(0.02, power=0.9, level=0.01), 0.02, size=200_000)
    p_values = np.array([math.erfc(abs(estimate) / 0.02 / math.sqrt(2)) for estimate in estimates[:20_000]])
    assert (p_values < 0.01).mean() == pytest.approx(0.9, abs=0.01)


def test_verdicts():
    better = Difference(0.04, 0.01, 0.07, 0.009, 3, 3, 0.015)
    worse = Difference(-0.04, -0.07, -0.01, 0.009, 3, 3, 0.015)
    assert [verdict(found, 0.018) for found in (better, worse)] == ["better", "worse"]
    assert [verdict(found, 0.05) for found in (better, worse)] == ["inconclusive", "inconclusive"]
    assert verdict(better, 0.09, level=0.1) == "better"
    assert verdict(Difference(0.0, 0.0, 0.0, 1.0, 1, 1, 0.0), 1.0) == "inconclusive"
