import pickle
from collections import Counter, defaultdict
from dataclasses import replace
from statistics import fmean

import pytest

from clmr.corpora.rendered.params import CollectionShare, SplitShares
from clmr.corpora.rendered.planning import plan_corpus


def test_as_many_clips_as_asked_for_with_unique_names(many, many_plans):
    assert len(many_plans) == many.n_clips
    assert len({plan.clip_id for plan in many_plans}) == many.n_clips
    assert [plan.clip_id for plan in many_plans] == sorted(plan.clip_id for plan in many_plans)


def test_neither_families_nor_tracks_cross_splits(many_plans):
    for name in ("family_id", "track_id"):
        splits = defaultdict(set)
        for plan in many_plans:
            splits[getattr(plan, name)].add(plan.split)
        assert max(len(found) for found in splits.values()) == 1


def test_splits_have_their_shares_of_the_corpus_and_of_each_collection(many, many_plans):
    counts = Counter((collection, plan.split) for plan in many_plans for collection in ("all", plan.work.collection))
    for collection in ("all", *many.collections):
        n_clips = sum(counts[collection, split] for split in ("train", "valid", "test"))
        for split in ("train", "valid", "test"):
            # Families are dealt whole, so shares are met to within one: 4 % of the corpus, 15 % of 16 movements.
            share, allowed = getattr(many.split_shares, split), 0.04 if collection == "all" else 0.15
            assert counts[collection, split] / n_clips == pytest.approx(share, abs=allowed)


def test_no_family_makes_up_much_of_the_test_split(many_plans):
    counts = Counter(plan.family_id for plan in many_plans if plan.split != "train")
    assert max(counts.values()) <= 40


def test_excerpts_of_a_track_are_one_performance(many_plans):
    tracks = defaultdict(list)
    for plan in many_plans:
        tracks[plan.track_id].append(plan)
    excerpts = [plans for plans in tracks.values() if len(plans) > 1]
    assert excerpts
    for first, second in excerpts:
        assert (first.production, first.pulse_bpm) == (second.production, second.pulse_bpm)
        assert first.start_fraction < second.start_fraction


def test_disjoint_windows_share_no_family(many, many_plans):
    shares = {"oneill": CollectionShare(0.6, (0.5, 1.0)), "bach": CollectionShare(0.4, (0.5, 1.0))}
    others = plan_corpus(replace(many, collections=shares)).clips
    assert not {plan.family_id for plan in many_plans} & {plan.family_id for plan in others}


def test_plans_depend_on_the_seed_and_on_nothing_else(many, many_plans):
    assert list(plan_corpus(many).clips) == many_plans
    assert list(plan_corpus(replace(many, seed=1)).clips) != many_plans
    assert pickle.loads(pickle.dumps(many_plans)) == many_plans


def test_instruments_and_drums_are_independent_of_the_split(many_plans):
    shares = defaultdict(Counter)
    for plan in many_plans:
        shares[plan.split]["drums"] += bool(plan.production.drums)
        shares[plan.split]["n"] += 1
    rates = [counts["drums"] / counts["n"] for counts in shares.values()]
    assert max(rates) - min(rates) < 0.1


def test_levels_lie_in_the_range_whatever_is_played(many, many_plans):
    levels_db = [plan.level_db for plan in many_plans]
    low, high = many.level_db
    assert low <= min(levels_db) < low + 0.1
    assert high - 0.1 < max(levels_db) < high
    soft, hard = (
        [plan.level_db for plan in many_plans if plan.production.touch == touch] for touch in ("soft", "hard")
    )
    # Four standard errors of the difference of two means of some 300 uniform draws.
    assert fmean(soft) == pytest.approx(fmean(hard), abs=4 * (high - low) / 12**0.5 * (2 / 300) ** 0.5)


def test_a_split_without_a_clip_is_refused(many):
    with pytest.raises(ValueError, match=r"split_shares: found no clip for valid among 20 clips .*raise n_clips"):
        plan_corpus(replace(many, n_clips=20, split_shares=SplitShares(0.499, 0.001, 0.5)))


def test_windows_without_works_are_refused(many):
    empty = {"haydn": CollectionShare(1.0, (0.0, 1e-6))}
    with pytest.raises(
        ValueError, match=r"collections.haydn: found no work\(s\) in the family_window.*widen the window"
    ):
        plan_corpus(replace(many, collections=empty))


def test_too_few_works_are_refused(many):
    few = {"haydn": CollectionShare(0.5, (0.0, 1.0)), "aird": CollectionShare(0.5, (0.0, 1.0))}
    with pytest.raises(ValueError, match=r"found 9 work\(s\) .* for 500 clips, allowed are 12 of a work"):
        plan_corpus(replace(many, collections=few))
