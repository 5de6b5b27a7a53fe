"""Nested subsets of the labelled training clips, in which tags keep their shares, and at least one positive.

What belongs here: which clips a share of the labels consists of, the same for all systems that are compared. What does
not: the random share of a single supervised run (:func:`clmr.batches.labelled.label_subset`).
"""

from collections.abc import Sequence

import numpy as np
import torch

from clmr.compute.seeding import generator
from clmr.corpora.store import Store
from clmr.storage.strict import require


def nested_label_subsets(store: Store, fractions: Sequence[float], seed: int) -> dict[float, np.ndarray]:
    """Training clips of each share of the training split's tracks, as ascending rows of the store.

    The largest share is cut out of the training split, the next smaller one out of that, and so on, each by
    :func:`stratified_part`. So a smaller share is part of every larger one, and which clips it has depends on the
    shares above it.

    Source: thesis section 6.4; Sechidis, Tsoumakas and Vlahavas 2011, On the stratification of multi-label data.
    Differs: the released code keeps at least one clip of every combination of tags, so more than the share it states.
        Here the number of tracks is the share, rounded, and a tag keeps a positive as long as there is room.

    Args:
        store: A labelled corpus.
        fractions: Shares of the tracks, each in (0, 1].
        seed: Decides which tracks, where the tags leave a choice.

    Raises:
        ValueError: If a fraction is out of range, the training split has no labels, or a share of it has none.
    """
    for fraction in fractions:
        require(0 < fraction <= 1, "a fraction of the labels", fraction, "in (0, 1]")
    rows = store.rows("train")
    if not store.tags[rows].any():
        raise ValueError(f"{store.folder}: no clip of the training split has any tag; use a labelled corpus")
    # Whole tracks: clips of one track sound alike, so a tenth of the clips would cover more than a tenth of the music.
    tracks, track_of_row = np.unique(store.clips.track_id.to_numpy()[rows], return_inverse=True)
    counts = np.zeros((len(tracks), store.tags.shape[1]), dtype=np.int64)
    np.add.at(counts, track_of_row, store.tags[rows])
    kept = torch.randperm(len(tracks), generator=generator(seed, "label_subsets")).numpy()
    subsets = {}
    for fraction in sorted(set(fractions), reverse=True):
        kept = kept[stratified_part(counts[kept], round(fraction * len(tracks)))]
        subsets[fraction] = rows[np.isin(track_of_row, kept)]
        _require_positives(store, subsets[fraction], fraction, len(tracks))
    return {fraction: subsets[fraction] for fraction in fractions}


def stratified_part(counts: np.ndarray, n_kept: int) -> np.ndarray:
    """Mask of the tracks to keep, exactly ``n_kept`` of them, by iterative stratification into two parts.

    The tag with the fewest tracks left to distribute comes first, since later there would be no choice. Each of its
    tracks goes to the part that still wants most of the tag, of equal ones to that with more room. A part wants its
    share of each tag's positives, the kept part at least one. Tracks without a tag fill the room that is left.

    Source: Sechidis et al. 2011, Algorithm 1.
    Differs: a part takes no more tracks than it has room for, and the kept part wants at least one positive.

    Args:
        counts: Positives of each tag in each track, shape (tracks, K); of tracks that are equal, the first come first.
        n_kept: Tracks to keep.

    >>> stratified_part(np.array([[1, 0], [1, 0], [0, 1], [1, 0]]), 2)
    array([False,  True,  True, False])
    """
    totals, part = counts.sum(axis=0), np.full(len(counts), -1)
    kept_wants = np.maximum(totals * (n_kept / max(len(counts), 1)), np.minimum(totals, 1))
    wanted, room = np.array([kept_wants, totals - kept_wants]), [n_kept, len(counts) - n_kept]
    while True:
        left = counts[part < 0].sum(axis=0)
        if not left.any():
            break
        tag = int(np.argmin(np.where(left > 0, left, np.iinfo(np.int64).max)))
        for track in np.flatnonzero((part < 0) & (counts[:, tag] > 0)):
            chosen = max((side for side in (0, 1) if room[side]), key=lambda side: (wanted[side, tag], room[side]))
            part[track] = chosen
            wanted[chosen] -= counts[track]
            room[chosen] -= 1
    untagged = np.flatnonzero(part < 0)
    part[untagged[: room[0]]] = 0
    return part == 0


def encoder_seed(subset_seed: int, seeds: tuple[int, ...]) -> int:
    """The seed of the encoder that meets a subset: its own if there is one, else one of those that there are.

    >>> encoder_seed(2, (0, 1, 2)), encoder_seed(2, (0,)), encoder_seed(5, (7, 8))
    (2, 0, 8)
    """
    return subset_seed if subset_seed in seeds else seeds[subset_seed % len(seeds)]


def _require_positives(store: Store, chosen: np.ndarray, fraction: float, n_tracks: int) -> None:
    if not store.tags[chosen].any():
        raise ValueError(
            f"a fraction of {fraction} of the {n_tracks} training tracks of {store.folder} is {len(chosen)} clips "
            f"without any tag; use a larger fraction"
        )
