"""Random crops of tracks, read straight from a store: the input of pre-training."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from clmr.batches.reading import AudioReader, audio_reader, read_ahead
from clmr.compute.distributed import ALONE, World
from clmr.compute.seeding import generator
from clmr.corpora.store import Store

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class TrackCrops:
    """Where crops of ``clip_samples`` samples may start, track by track.

    The possible starts of all clips are numbered consecutively, those of a track one after another;
    ``ends``, their running total, tells which clip a number belongs to.

    Attributes:
        store: The audio.
        clip_samples: Length T of a crop.
        ends: Running total of possible starts, one entry per usable clip, in order of track.
        offsets: Offset of each such clip in the audio.
        bounds: First and one-past-last clip of each track, shape (tracks, 2).
        reader: Where the audio is read from, and onto which device.
    """

    store: Store
    clip_samples: int
    ends: np.ndarray
    offsets: np.ndarray
    bounds: np.ndarray
    reader: AudioReader

    @property
    def n_tracks(self) -> int:
        """Tracks with at least one clip that is long enough."""
        return len(self.bounds)

    def locate(self, tracks: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """First sample of a crop from each track, shape (B,).

        Args:
            tracks: Numbers of the tracks, shape (B,).
            positions: Position among all possible starts of the track, in [0, 1), shape (B,).

        >>> ends, offsets, bounds = np.array([5, 7]), np.array([0, 100]), np.array([[0, 2]])
        >>> crops = TrackCrops(None, 3, ends, offsets, bounds, None)  # one track: clips of 7 and 4 samples
        >>> crops.locate(np.array([0, 0]), np.array([0.0, 0.9]))
        array([  0, 101])
        """
        first, last = self.bounds[tracks].T
        before = np.where(first > 0, self.ends[first - 1], 0)
        starts = before + (positions * (self.ends[last - 1] - before)).astype(np.int64)
        # side="right": the number of starts up to a clip's end is the number of the next clip's first start.
        clips = np.searchsorted(self.ends, starts, side="right")
        return self.offsets[clips] + starts - np.where(clips > 0, self.ends[clips - 1], 0)

    def read(self, starts: np.ndarray) -> Tensor:
        """Crops beginning at the given samples, on the reader's device, shape (B, T), float32 in [-1, 1)."""
        return self.reader.read(starts, self.clip_samples)


def track_crops(store: Store, clip_samples: int, splits: tuple[str, ...], device: torch.device = _CPU) -> TrackCrops:
    """The crops that pre-training may read.

    Args:
        store: The audio.
        clip_samples: Length T of a crop; shorter clips are left out.
        splits: Splits to read.
        device: Where crops are put.

    Raises:
        ValueError: If no clip is at least ``clip_samples`` long.
    """
    rows = store.rows(*splits)
    clips = store.clips.iloc[rows]
    # Clips of a track stand together, so that a track is one stretch of the numbered starts.
    clips = clips[clips.n_samples >= clip_samples].sort_values(["track_id", "offset"], kind="stable")
    if clips.empty:
        longest = store.clips.iloc[rows].n_samples.max()
        raise ValueError(
            f"{store.folder}: no clip in {list(splits)} has the {clip_samples} samples of the encoder's input "
            f"(longest: {longest}); use another sample rate or longer clips"
        )
    firsts = np.flatnonzero(~clips.track_id.duplicated().to_numpy())
    bounds = np.stack([firsts, np.append(firsts[1:], len(clips))], axis=1)
    ends = np.cumsum(clips.n_samples.to_numpy() - clip_samples + 1)
    return TrackCrops(store, clip_samples, ends, clips.offset.to_numpy(), bounds, audio_reader(store, device))


def crop_batches(
    crops: TrackCrops, batch_size: int, n_crops: int, seed: int, epoch: int, world: World = ALONE
) -> Iterator[tuple[Tensor, ...]]:
    """Independent crops of each of ``batch_size`` different tracks, for one epoch over all tracks.

    Every track comes once, in random order; the remainder that fills no batch is left out. So no two
    clips of one track ever meet in a batch, where they would count as negatives. The next batch is read
    while the current one is used.

    Source: thesis section 3.1, step 1, and section 3.2.
    Differs: the thesis-era code joins the clips of a track and crops anywhere, also across a splice;
        we crop within a clip, each clip weighted by its number of possible crops. Later code treats
        clips as tracks, which makes clips of one track negatives of each other.

    Args:
        crops: The tracks.
        batch_size: Tracks per batch, over all processes.
        n_crops: Crops of each track.
        seed: Seed of order and positions.
        epoch: Number of the epoch, from 0.
        world: Processes that share each batch; each reads its own part.

    Yields:
        ``n_crops`` tensors of shape (B, T), float32; B is this process's part of ``batch_size``.

    Raises:
        ValueError: If there are fewer tracks than ``batch_size``.
    """
    if batch_size > crops.n_tracks:
        raise ValueError(
            f"batch_size {batch_size} is larger than the {crops.n_tracks} tracks of {crops.store.folder}; "
            f"lower it to at most {crops.n_tracks} (params.yaml: batch_size in pretrain or in the run)"
        )
    order = torch.randperm(crops.n_tracks, generator=generator(seed, "order", epoch)).numpy()
    n_steps, share = len(order) // batch_size, world.share(batch_size)

    def read(step: int) -> tuple[Tensor, ...]:
        # Drawn for the whole batch, so that the number of processes does not matter; in float64, since float32
        # has only 2**24 positions, which would favour some of a long track's starts.
        tracks = order[step * batch_size : (step + 1) * batch_size][share]
        draws = torch.rand(n_crops, batch_size, generator=generator(seed, "crops", epoch, step), dtype=torch.float64)
        return tuple(crops.read(crops.locate(tracks, positions)) for positions in draws[:, share].numpy())

    yield from read_ahead(read, n_steps)
