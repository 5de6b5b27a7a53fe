import pickle
from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from clmr.corpora.rendered.params import CollectionShare
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


def test_splits_have_their_shares(many, many_plans):
    counts = Counter(plan.split for plan in many_plans)
    for name in ("train", "valid", "test"):
        # Families are dealt whole, so shares are met to within 4 % of the corpus.
        assert counts[name] / many.n_clips == pytest.approx(getattr(many.split_shares, name), abs=0.04)


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


def test_windows_without_works_are_refused(many):
    empty = {"haydn": CollectionShare(1.0, (0.0, 1e-6))}
    with pytest.raises(ValueError, match=r"collections.haydn: found no work in the family_window.*widen the window"):
        plan_corpus(replace(many, collections=empty))
