"""Whether a feature responds to the same sounds in a corpus that its encoder was not trained on, told by tags.

What belongs here: profiles of tags, their agreement between two corpora, and its test. What does not: counting tags
(:mod:`clmr.interpret.tag_occurrence`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clmr.interpret.tag_occurrence import TagOccurrence

FEWEST_COMMON_TAGS = 3
"""A correlation over two tags is always 1 or -1."""


@dataclass(frozen=True)
class Agreement:
    """How far the tags of a feature's strongest segments agree between two corpora.

    Attributes:
        features: Features that have strongest segments in both corpora, shape (F,).
        common_tags: The C tags that both corpora have.
        profiles: Share of clips with each common tag minus that of the whole corpus, home corpus first,
            shape (2, F, C).
        matrix: Correlation of the profile of feature i at home with that of feature j elsewhere, shape (F, F).
        p_value: Chance of so large a deviation of the mean correlation, of either sign, if features were matched at
            random.
    """

    features: np.ndarray
    common_tags: tuple[str, ...]
    profiles: np.ndarray
    matrix: np.ndarray
    p_value: float

    @property
    def own(self) -> np.ndarray:
        """Correlation of each feature's two profiles, shape (F,)."""
        return np.diagonal(self.matrix)

    @property
    def others(self) -> np.ndarray:
        """Correlations of profiles of different features, shape (F * (F - 1),)."""
        return self.matrix[~np.eye(len(self.matrix), dtype=bool)]

    @property
    def rank_share(self) -> np.ndarray:
        """Share of all features that agree elsewhere with a feature at home as well as it does itself, shape (F,)."""
        return (self.matrix >= self.own[:, None]).mean(axis=1)


def agreement(
    home: TagOccurrence | None, elsewhere: TagOccurrence | None, n_permutations: int, rng: np.random.Generator
) -> Agreement | None:
    """Agreement of each feature's tags at home and elsewhere.

    A profile is the surplus of each tag among the clips of a feature's strongest segments, and two agree as far as they
    correlate over the tags that both corpora have. The test permutes which feature elsewhere is matched with which at
    home. So features that all respond to the same sounds have no small p-value, however much they agree.

    Source: thesis section 7.5, which compares by ear a few features that were chosen for being coherent.

    Args:
        home: Counts on the corpus that the encoder was trained on; None for a corpus without tags.
        elsewhere: Counts on the other corpus, of the same encoder; likewise.
        n_permutations: Random matchings.
        rng: Source of the matchings.

    Returns:
        The agreement; None if a corpus has no tags, both have fewer than :data:`FEWEST_COMMON_TAGS` in common, or fewer
        than two features can be compared.
    """
    if home is None or elsewhere is None:
        return None
    common = tuple(tag for tag in home.tag_names if tag in elsewhere.tag_names and _occurs(home, elsewhere, tag))
    features = np.intersect1d(home.features, elsewhere.features)
    if len(common) < FEWEST_COMMON_TAGS or len(features) < 2:
        return None
    profiles = np.stack([_profiles(found, features, common) for found in (home, elsewhere)])
    matrix = correlations(*profiles)
    # The mean of all matchings is that of the matrix, so deviations of either sign are counted from it.
    centre = matrix.mean()
    observed = abs(np.diagonal(matrix).mean() - centre)
    rows = np.arange(len(features))
    drawn = [matrix[rows, rng.permutation(rows)].mean() for _ in range(n_permutations)]
    p_value = (1 + sum(abs(value - centre) >= observed - 1e-12 for value in drawn)) / (1 + n_permutations)
    return Agreement(features, common, profiles, matrix, float(p_value))


def agreement_table(found: Agreement | None) -> pd.DataFrame:
    """One row per feature and common tag: columns feature, agreement, rank_share, tag, home, elsewhere (surpluses).

    It has no rows where nothing could be compared.
    """
    columns = ["feature", "agreement", "rank_share", "tag", "home", "elsewhere"]
    if found is None:
        return pd.DataFrame(columns=columns)
    n_tags = len(found.common_tags)
    by_feature = (np.repeat(values, n_tags) for values in (found.features, found.own, found.rank_share))
    tags = np.tile(found.common_tags, len(found.features))
    values = (*by_feature, tags, *(profiles.ravel() for profiles in found.profiles))
    return pd.DataFrame(dict(zip(columns, values, strict=True)))


def correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson correlation of each row of the first with each row of the second; 0 where a row is constant.

    >>> correlations(np.array([[1.0, 2.0, 3.0]]), np.array([[3.0, 2.0, 1.0], [5.0, 5.0, 5.0]])).round(6) + 0.0
    array([[-1.,  0.]])
    """
    return _standard(first) @ _standard(second).T


def _standard(rows: np.ndarray) -> np.ndarray:
    """Rows with a mean of 0 and a length of 1; those without variation are 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-12)


def _occurs(home: TagOccurrence, elsewhere: TagOccurrence, tag: str) -> bool:
    """Whether some clips of both corpora have a tag."""
    return all(found.frequency[found.tag_names.index(tag)] > 0 for found in (home, elsewhere))


def _profiles(found: TagOccurrence, features: np.ndarray, tags: tuple[str, ...]) -> np.ndarray:
    """Surplus of each tag for each feature, shape (F, C)."""
    rows = np.searchsorted(found.features, features)
    columns = np.array([found.tag_names.index(tag) for tag in tags])
    return (found.shares - found.frequency)[np.ix_(rows, columns)]
