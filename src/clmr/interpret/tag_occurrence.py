"""Tags among the segments to which a feature responds most, beside how frequent the tags are anyway.

What belongs here: counting, and the test of a single cell. What does not: whether two corpora agree
(:mod:`clmr.interpret.out_of_domain`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from clmr.interpret.activations import Activations, moved, strongest


@dataclass(frozen=True)
class TagOccurrence:
    """Tags of the clips that a feature's strongest segments are from.

    Attributes:
        features: Number of each feature that is counted, shape (F,).
        n_silent: Features left out, since fewer segments than asked for move them at all.
        n_segments: Segments of each feature.
        n_clips: Clips that these are from, shape (F,).
        counts: How many of the clips have each tag, shape (F, K).
        frequency: Share of all clips that have each tag, shape (K,).
        p_values: Chance that as many random clips, or more, have the tag, shape (F, K).
        adjusted: P-values after the correction for all cells.
        tag_names: The K tags.
    """

    features: np.ndarray
    n_silent: int
    n_segments: int
    n_clips: np.ndarray
    counts: np.ndarray
    frequency: np.ndarray
    p_values: np.ndarray
    adjusted: np.ndarray
    tag_names: tuple[str, ...]

    @property
    def shares(self) -> np.ndarray:
        """Share of a feature's clips that have each tag, shape (F, K)."""
        return self.counts / self.n_clips[:, None]

    def over_represented(self, level: float = 0.05) -> np.ndarray:
        """Cells whose tag is more frequent than chance explains, shape (F, K)."""
        return self.adjusted < level


def tag_occurrence(activations: Activations, values: np.ndarray, n_segments: int) -> TagOccurrence | None:
    """Tags among the strongest segments of each feature, and which of them are over-represented.

    Segments of one clip are not independent, and have the same tags. So clips are counted, each once, however many of
    its segments are among the strongest. If n clips were drawn at random from the N of the test split, K of which have
    a tag, the number with the tag would be hypergeometric; the p-value is the upper tail. It is corrected over all
    features and tags by the method of Benjamini and Hochberg: of the cells that pass at 0.05, one in twenty is expected
    to be there by chance. Clips of one tune family are taken for independent, which they are not quite.

    Source: thesis section 7.4 and Figure 7.8.
    Differs: the thesis counts tags of segments and tests nothing; its text has 10 segments per feature, its caption
        100. Tags without a clip in the test split stay in; their cells have p-values of 1.

    Args:
        activations: Segments with their clips and tags.
        values: What is sorted by, shape (B, F), such as ``activations.values`` or scores of factors.
        n_segments: Strongest segments of each feature (thesis: 100).

    Returns:
        The counts, or None for a corpus without tags.

    Raises:
        ValueError: If there are fewer segments.
    """
    if not activations.tag_names or not activations.tags.any():
        return None
    chosen = strongest(values, n_segments)
    features = np.flatnonzero(moved(values, n_segments))
    firsts, clip_of = clips_of(activations)
    tags = activations.tags[firsts].astype(np.int64)
    among = np.zeros((len(features), len(firsts)), dtype=np.int64)
    for row, feature in enumerate(features):
        among[row, clip_of[chosen[:, feature]]] = 1
    counts, n_clips, with_tag = among @ tags, among.sum(axis=1), tags.sum(axis=0)
    p_values = stats.hypergeom.sf(counts - 1, len(firsts), with_tag[None], n_clips[:, None])
    # Over all cells at once; scipy gives them back in one row.
    adjusted = stats.false_discovery_control(p_values.clip(0, 1), axis=None).reshape(p_values.shape)
    silent = values.shape[1] - len(features)
    frequency = with_tag / len(firsts)
    return TagOccurrence(
        features, silent, n_segments, n_clips, counts, frequency, p_values, adjusted, activations.tag_names
    )


def clips_of(activations: Activations) -> tuple[np.ndarray, np.ndarray]:
    """First segment of each clip, and the number of the clip that each segment belongs to, from 0."""
    numbers, _ = pd.factorize(activations.segments.clip_id)
    return np.unique(numbers, return_index=True)[1], numbers


OCCURRENCE_COLUMNS = ("feature", "tag", "n_clips", "n_with_tag", "share", "frequency", "p", "p_adjusted")


def occurrence_table(found: TagOccurrence | None) -> pd.DataFrame:
    """One row per feature and tag, columns :data:`OCCURRENCE_COLUMNS`; no rows for a corpus without tags."""
    if found is None:
        return pd.DataFrame(columns=OCCURRENCE_COLUMNS)
    n_features, n_tags = found.counts.shape
    return pd.DataFrame(
        {
            "feature": np.repeat(found.features, n_tags),
            "tag": np.tile(found.tag_names, n_features),
            "n_clips": np.repeat(found.n_clips, n_tags),
            "n_with_tag": found.counts.ravel(),
            "share": found.shares.ravel(),
            "frequency": np.tile(found.frequency, n_features),
            "p": found.p_values.ravel(),
            "p_adjusted": found.adjusted.ravel(),
        }
    )


def leading_tags(found: TagOccurrence, row: int, n_tags: int = 3) -> tuple[str, ...]:
    """The tags of a feature that are over-represented, the largest surplus of clips first.

    Args:
        found: The counts.
        row: Row of the feature in them.
        n_tags: At most so many.
    """
    surplus = np.where(found.over_represented()[row], found.shares[row] - found.frequency, -np.inf)
    order = np.argsort(-surplus, kind="stable")[:n_tags]
    return tuple(found.tag_names[tag] for tag in order if np.isfinite(surplus[tag]))
