"""Splits: a group is in one of them, and every tag in all."""

from collections import Counter

import pytest

from clmr.corpora.grouped_splits import draw_splits, require_whole_groups, split_named

SHARES = {"train": 0.6, "valid": 0.2, "test": 0.2}
GROUPS = [f"g{index // 4}" for index in range(200)]
TAGS = [(f"t{index // 40}",) for index in range(200)]


def test_groups_stay_whole_and_tags_are_spread():
    splits = draw_splits(GROUPS, TAGS, SHARES, seed=0)
    assert all(len({split for split, own in zip(splits, GROUPS, strict=True) if own == group}) == 1 for group in GROUPS)
    assert Counter(splits) == {"train": 120, "valid": 40, "test": 40}
    for tag in set(TAGS):
        assert Counter(split for split, own in zip(splits, TAGS, strict=True) if own == tag)["valid"] == 8


def test_splits_are_those_of_their_seed():
    assert draw_splits(GROUPS, TAGS, SHARES, 0) == draw_splits(GROUPS, TAGS, SHARES, 0)
    assert draw_splits(GROUPS, TAGS, SHARES, 0) != draw_splits(GROUPS, TAGS, SHARES, 1)
    assert "valid" not in draw_splits(GROUPS, TAGS, {"train": 0.5, "valid": 0.0, "test": 0.5}, 0)


def test_a_group_in_two_splits_is_refused_with_both_places():
    require_whole_groups(["train", "test"], ["a", "b"], ["line 1", "line 2"])
    with pytest.raises(ValueError, match="line 3: the group 'a' is in test here and in train in line 1"):
        require_whole_groups(["train", "test", "test"], ["a", "b", "a"], ["line 1", "line 2", "line 3"])


def test_usual_names_of_splits_are_understood_and_others_refused():
    assert [split_named(name, "x") for name in ("Training", "dev", "TEST")] == ["train", "valid", "test"]
    with pytest.raises(ValueError, match="here: found the split 'holdout', allowed are train, valid, test"):
        split_named("holdout", "here")
