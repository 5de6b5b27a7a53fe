"""Agreement between corpora: features that follow a tag do so elsewhere, and others match no better than chance."""

import numpy as np
import pytest

from clmr.interpret.out_of_domain import agreement, agreement_table
from clmr.interpret.tag_occurrence import tag_occurrence

from .examples import activations

OTHER = ("solo", "techno", "reel", "flute", "guitar")


def counted(**given):
    one = activations(**given)
    return tag_occurrence(one, one.values, 30)


def matched(home, elsewhere, n_permutations=199):
    return agreement(home, elsewhere, n_permutations, np.random.default_rng(0))


def test_features_that_follow_the_same_tags_agree():
    # Elsewhere techno is tag 1, guitar 4 and flute 3.
    found = matched(counted(n_features=3), counted(n_features=3, follows=(1, 4, 3), seed=1, tag_names=OTHER))
    assert found.common_tags == ("techno", "guitar", "flute", "solo")
    assert (found.own > 0.8).all()
    assert found.others.mean() < 0
    assert (found.rank_share == 1 / 3).all()


def test_more_of_them_are_told_from_chance_and_random_ones_are_not():
    follows = (0, 1, 2, 3) * 3
    elsewhere = tuple((1, 4, 3, 0)[tag] for tag in follows)
    found = matched(
        counted(n_features=12, follows=follows),
        counted(n_features=12, follows=elsewhere, seed=1, tag_names=OTHER),
    )
    assert found.p_value == pytest.approx(1 / 200)
    chance = matched(counted(n_features=12, follows=()), counted(n_features=12, follows=(), seed=1, tag_names=OTHER))
    assert chance.p_value > 0.01


def test_features_that_all_follow_one_tag_agree_but_not_as_features():
    found = matched(counted(n_features=12, follows=(0,) * 12), counted(n_features=12, follows=(0,) * 12, seed=1))
    assert found.own.mean() > 0.8
    assert found.p_value > 0.01


def test_features_that_follow_other_tags_elsewhere_are_told_from_chance_too():
    home, elsewhere = (0, 1) * 8, (1, 0) * 8
    found = matched(counted(n_features=16, follows=home), counted(n_features=16, follows=elsewhere, seed=1))
    assert found.own.mean() < found.others.mean()
    assert found.p_value < 0.02


def test_too_few_common_tags_or_none_cannot_be_compared():
    home = counted()
    assert matched(home, counted(tag_names=("techno", "guitar", "reel", "jig"))) is None
    assert matched(home, None) is None
    assert matched(None, home) is None
    assert agreement_table(None).empty


def test_the_table_has_a_row_per_feature_and_common_tag():
    table = agreement_table(matched(counted(), counted(seed=1)))
    assert len(table) == 8 * 4
    assert table.agreement.between(-1, 1).all()
    assert table.rank_share.between(1 / 8, 1).all()
