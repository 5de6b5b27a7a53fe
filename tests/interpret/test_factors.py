"""Factor analysis: components that are there are found, and varimax changes nothing but the axes."""

import numpy as np
import pytest
from sklearn.decomposition import FactorAnalysis

from clmr.interpret.factors import factor_analysis, strongest_features


def mixed(n_segments=2_000, n_features=12, seed=0):
    """Three hidden components, each behind a third of the features, and one feature that never changes."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n_segments, 3))
    values = hidden[:, np.arange(n_features) % 3] * 2 + rng.normal(size=(n_segments, n_features))
    return np.concatenate([values, np.full((n_segments, 1), 0.5)], axis=1)


def test_the_rotation_is_orthogonal():
    rotation = factor_analysis(mixed(), 3).rotation
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-6)


def test_communalities_are_those_before_the_rotation():
    values = mixed()
    varying = values[:, :-1]
    standard = (varying - varying.mean(axis=0)) / varying.std(axis=0)
    plain = FactorAnalysis(3, svd_method="lapack").fit(standard).components_
    np.testing.assert_allclose(factor_analysis(values, 3).communalities[:-1], np.square(plain).sum(axis=0), atol=1e-6)


def test_rotated_components_are_the_hidden_ones():
    factors = factor_analysis(mixed(), 3)
    owner = np.abs(factors.loadings[:-1]).argmax(axis=1)
    assert all(len(set(owner[start::3])) == 1 for start in range(3))
    assert set(owner) == {0, 1, 2}
    # A signal of power 4 in noise of power 1.
    np.testing.assert_allclose(factors.communalities[:-1], 0.8, atol=0.05)


def test_a_feature_that_never_changes_is_counted_and_has_no_loading():
    factors = factor_analysis(mixed(), 3)
    assert factors.n_constant == 1
    assert (factors.loadings[-1] == 0).all()
    assert factors.explained.sum() == pytest.approx(factors.communalities[:-1].mean())
    assert (np.diff(factors.explained) <= 0).all()
    assert factors.scores.shape == (2_000, 3)


def test_the_strongest_features_come_first():
    factors = factor_analysis(mixed(), 3)
    table = strongest_features(factors, 4)
    assert table.groupby("component").size().tolist() == [4, 4, 4]
    for _, own in table.groupby("component"):
        assert own["rank"].tolist() == [1, 2, 3, 4]
        assert (own.loading.abs().diff().dropna() <= 1e-12).all()
        assert len(set(own.feature % 3)) == 1


@pytest.mark.parametrize("n_components", [0, 12])
def test_as_many_components_as_features_are_refused(n_components):
    with pytest.raises(ValueError, match=f"found {n_components} components for 12 features that vary over 2000"):
        factor_analysis(mixed(), n_components)


def test_more_features_than_there_are_are_refused():
    with pytest.raises(ValueError, match="found n_features 14, the encoder has 13"):
        strongest_features(factor_analysis(mixed(), 3), 14)
