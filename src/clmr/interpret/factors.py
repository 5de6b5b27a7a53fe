"""Factors behind the activations of features: a factor analysis of three components with varimax rotation.

What belongs here: the analysis. What does not: which tags the strongest segments of a component have
(:mod:`clmr.interpret.tag_occurrence`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Factors:
    """A factor analysis of features.

    Attributes:
        loadings: Correlation-like weight of each component in each feature, shape (features, components); a feature
            that never changes has none, and zeros here.
        scores: Each component in each segment, shape (segments, components).
        rotation: The rotation from the unrotated loadings, shape (components, components), orthogonal.
        n_constant: Features that never change, and are left out.
    """

    loadings: np.ndarray
    scores: np.ndarray
    rotation: np.ndarray
    n_constant: int

    @property
    def communalities(self) -> np.ndarray:
        """Share of each feature's variance that the components explain together, shape (features,)."""
        return np.square(self.loadings).sum(axis=1)

    @property
    def explained(self) -> np.ndarray:
        """Share of the variance of all features that each component explains, shape (components,)."""
        n_varying = len(self.loadings) - self.n_constant
        return np.square(self.loadings).sum(axis=0) / n_varying


def factor_analysis(values: np.ndarray, n_components: int) -> Factors:
    """Components that explain how features vary together, rotated by varimax; largest share of variance first.

    Features are standardised first, so that a component is no more drawn to features with large values.

    Source: thesis section 7.4 and Figure 7.6.
    Differs: the thesis says "factors" of the features and "components" of the factors; here a component is a factor in
        the sense of factor analysis, and what it weighs are features. The signs of components, which are arbitrary,
        are such that the loadings of a component sum to a number >= 0. The thesis rotates the 512-dimensional layer of
        a head after fine-tuning; we rotate the features of the frozen encoder.

    Args:
        values: Activations, shape (segments, features).
        n_components: Components (thesis: 3).

    Raises:
        ValueError: If there are fewer features that vary, or fewer segments, than components ask for.
    """
    from sklearn.decomposition import FactorAnalysis

    deviations = values.astype(np.float64).std(axis=0)
    varying = deviations > 0
    n_varying = int(varying.sum())
    if not 1 <= n_components < min(n_varying, len(values)):
        raise ValueError(
            f"found {n_components} components for {n_varying} features that vary over {len(values)} segments; ask for "
            f"at least one, and fewer than there are of either"
        )
    chosen = values[:, varying].astype(np.float64)
    standard = (chosen - chosen.mean(axis=0)) / deviations[varying]
    # The deterministic method: a randomised one would need a seed, and saves nothing at these sizes.
    plain = FactorAnalysis(n_components, rotation=None, svd_method="lapack").fit(standard)
    analysis = FactorAnalysis(n_components, rotation="varimax", svd_method="lapack").fit(standard)
    loadings, scores = analysis.components_.T, analysis.transform(standard)
    order = np.argsort(-np.square(loadings).sum(axis=0), kind="stable")
    signs = np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    rotation = np.linalg.lstsq(plain.components_.T, loadings, rcond=None)[0]
    full = np.zeros((values.shape[1], n_components))
    full[varying] = (loadings * signs)[:, order]
    return Factors(full, (scores * signs)[:, order], (rotation * signs)[:, order], values.shape[1] - n_varying)


def strongest_features(factors: Factors, n_features: int) -> pd.DataFrame:
    """The features with the largest loadings, of either sign, of each component.

    Args:
        factors: The analysis.
        n_features: Features of each component (thesis: 20).

    Returns:
        Columns component, rank, feature, loading, communality; components and ranks from 1.

    Raises:
        ValueError: If there are fewer features.
    """
    n_known = len(factors.loadings)
    if not 1 <= n_features <= n_known:
        raise ValueError(f"found n_features {n_features}, the encoder has {n_known}; ask for 1 to all")
    order = np.argsort(-np.abs(factors.loadings), axis=0, kind="stable")[:n_features]
    rows = [
        {
            "component": component + 1,
            "rank": rank + 1,
            "feature": feature,
            "loading": factors.loadings[feature, component],
            "communality": factors.communalities[feature],
        }
        for component in range(order.shape[1])
        for rank, feature in enumerate(order[:, component])
    ]
    return pd.DataFrame(rows)
