"""Labelled clips one by one: subsets of them, random crops for training, fixed segments for validation."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from clmr.corpora.crops import read_ahead
from clmr.corpora.reading import AudioReader
from clmr.corpora.store import Store
from clmr.seeding import generator


def label_subset(store: Store, fraction: float, seed: int) -> np.ndarray:
    """Training clips of a random share of the training split's tracks, as ascending rows of the store.

    For one seed the subsets are nested: a smaller share is part of every larger one.

    Source: thesis section 6.4.
    Differs: the released code keeps at least one clip of every combination of tags, so more than the
        share it states; here it is the share of tracks, and tags may lose all positives.

    Args:
        store: A labelled corpus.
        fraction: Share of the tracks, in (0, 1]; rounded to whole tracks.
        seed: Which subset.

    Raises:
        ValueError: If the training split has no labels at all, or the subset none.
    """
    rows = store.rows("train")
    if not store.tags[rows].any():
        raise ValueError(f"{store.folder}: no clip of the training split has any tag; use a labelled corpus")
    tracks, track_of_row = np.unique(store.clips.track_id.to_numpy()[rows], return_inverse=True)
    order = torch.randperm(len(tracks), generator=generator(seed, "labels")).numpy()
    chosen = rows[np.isin(track_of_row, order[: round(fraction * len(tracks))])]
    if not store.tags[chosen].any():
        raise ValueError(
            f"label_fraction {fraction} of the {len(tracks)} training tracks of {store.folder} are {len(chosen)} "
            f"clips without any tag; use a larger fraction"
        )
    return chosen


def long_enough(store: Store, rows: np.ndarray, n_samples: int) -> np.ndarray:
    """The rows whose clips have at least ``n_samples`` samples.

    Raises:
        ValueError: If there are none.
    """
    lengths = store.clips.n_samples.to_numpy()[rows]
    if not (lengths >= n_samples).any():
        splits = sorted(set(store.clips.split.to_numpy()[rows]))
        raise ValueError(
            f"{store.folder}: no clip in {splits} has the {n_samples} samples of the model's input "
            f"(longest: {lengths.max()}); use a shorter input or longer clips"
        )
    return rows[lengths >= n_samples]


def labelled_batches(
    store: Store, reader: AudioReader, rows: np.ndarray, n_samples: int, batch_size: int, seed: int, epoch: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """One random crop of every clip, in random order, with the clip's tags, for one epoch.

    The batches are as equal in size as can be, at most ``batch_size``; every clip comes once.

    Args:
        store: Clips and tags.
        reader: Where the audio is read from, and onto which device.
        rows: Clips, each of at least ``n_samples`` samples.
        n_samples: T, length of a crop.
        batch_size: Largest batch.
        seed: Seed of order and positions.
        epoch: Number of the epoch.

    Yields:
        Audio of shape (B, T), float32 in [-1, 1), and tags of shape (B, K), float32.
    """
    order = torch.randperm(len(rows), generator=generator(seed, "order", epoch)).numpy()
    positions = torch.rand(len(rows), generator=generator(seed, "crops", epoch), dtype=torch.float64).numpy()
    offsets, lengths = (store.clips[column].to_numpy()[rows] for column in ("offset", "n_samples"))
    starts = offsets + (positions * (lengths - n_samples + 1)).astype(np.int64)
    batches = np.array_split(order, n_batches(len(rows), batch_size))

    def read(step: int) -> tuple[Tensor, Tensor]:
        chosen = batches[step]
        tags = torch.from_numpy(store.tags[rows[chosen]]).float()
        return reader.read(starts[chosen], n_samples), tags

    yield from read_ahead(read, len(batches))


def n_batches(n_items: int, batch_size: int) -> int:
    """Batches of at most ``batch_size`` that hold ``n_items``.

    >>> n_batches(9, 4)
    3
    """
    return -(-n_items // batch_size)


def spread_segments(store: Store, rows: np.ndarray, n_samples: int, n_segments: int) -> tuple[np.ndarray, np.ndarray]:
    """First samples of ``n_segments`` evenly spread segments of each clip, and the row of each; never random.

    The first begins with the clip and the last ends with it; a single one lies in the middle. In a
    short clip they overlap.
    """
    offsets, lengths = (store.clips[column].to_numpy()[rows] for column in ("offset", "n_samples"))
    within = np.array([0.5]) if n_segments == 1 else np.linspace(0, 1, n_segments)
    starts = offsets[:, None] + (within * (lengths - n_samples)[:, None]).astype(np.int64)
    return starts.ravel(), np.repeat(rows, n_segments)
