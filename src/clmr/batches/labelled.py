"""Labelled clips: subsets of them, and random crops for training."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from clmr.batches.reading import AudioReader, read_ahead
from clmr.compute.seeding import generator
from clmr.corpora.store import Store


def label_subset(store: Store, fraction: float, seed: int) -> np.ndarray:
    """Training clips of a random share of the training split's tracks, as ascending rows of the store.

    For one seed the subsets are nested: a smaller share is part of every larger one.

    Source: thesis section 6.4.
    Differs: the released code keeps at least one clip of every combination of tags, so more than the
        share it states; here the share is exact, and tags may lose all positives. The thesis counts a
        tenth of all songs of MSD, validation and test included; here it is a tenth of the training tracks.

    Args:
        store: A labelled corpus.
        fraction: Share of the tracks, in (0, 1]; rounded to whole tracks.
        seed: Decides which tracks.

    Raises:
        ValueError: If the training split has no labels at all, or the subset none.
    """
    rows = store.rows("train")
    if not store.tags[rows].any():
        raise ValueError(f"{store.folder}: no clip of the training split has any tag; use a labelled corpus")
    # Whole tracks: clips of one track sound alike, so a tenth of the clips would cover more than a tenth of the music.
    tracks, track_of_row = np.unique(store.clips.track_id.to_numpy()[rows], return_inverse=True)
    # The order does not depend on the share, so subsets that take the first tracks of it are nested.
    order = torch.randperm(len(tracks), generator=generator(seed, "labels")).numpy()
    chosen = rows[np.isin(track_of_row, order[: round(fraction * len(tracks))])]
    if not store.tags[chosen].any():
        raise ValueError(
            f"label_fraction {fraction} of the {len(tracks)} training tracks of {store.folder} are {len(chosen)} "
            f"clips without any tag; use a larger fraction"
        )
    return chosen


@dataclass(frozen=True)
class LabelledCrops:
    """Random crops of labelled clips.

    Attributes:
        store: Clips and tags.
        reader: Where the audio is read from, and onto which device.
        rows: Clips, each of at least ``n_samples`` samples.
        n_samples: Length T of a crop.
    """

    store: Store
    reader: AudioReader
    rows: np.ndarray
    n_samples: int

    def batches(self, batch_size: int, seed: int, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """One random crop of every clip, in random order, with the clip's tags, for one epoch.

        Every clip comes once. Batches hold at most ``batch_size`` clips, and their sizes differ by one at
        most. The next batch is read while the current one is used.

        Args:
            batch_size: Largest batch.
            seed: Seed of order and positions.
            epoch: Number of the epoch, from 0.

        Yields:
            Audio of shape (B, T), float32 in [-1, 1), and tags of shape (B, K), float32.
        """
        order = torch.randperm(len(self.rows), generator=generator(seed, "order", epoch)).numpy()
        positions = torch.rand(len(self.rows), generator=generator(seed, "crops", epoch), dtype=torch.float64).numpy()
        offsets, lengths = (self.store.clips[column].to_numpy()[self.rows] for column in ("offset", "n_samples"))
        starts = offsets + (positions * (lengths - self.n_samples + 1)).astype(np.int64)
        # No clip is left out, unlike in pre-training: with few labels each of them counts.
        steps = np.array_split(order, n_batches(len(self.rows), batch_size))

        def read(step: int) -> tuple[Tensor, Tensor]:
            chosen = steps[step]
            tags = torch.from_numpy(self.store.tags[self.rows[chosen]]).float()
            return self.reader.read(starts[chosen], self.n_samples), tags

        yield from read_ahead(read, len(steps))


def n_batches(n_items: int, batch_size: int) -> int:
    """Number of batches of at most ``batch_size`` items that hold all ``n_items``.

    >>> n_batches(9, 4)
    3
    """
    return -(-n_items // batch_size)
