"""Embeddings of all clips of a store, computed once per encoder."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from clmr.corpora.crops import read_ahead
from clmr.corpora.reading import audio_reader
from clmr.corpora.store import Store
from clmr.distributed import ALONE, World, gather_shares
from clmr.precision import Precision, autocast
from clmr.progress import progress


@dataclass(frozen=True)
class Embeddings:
    """Embeddings of non-overlapping segments.

    Attributes:
        values: One row per segment, shape (B, D), float32; segments of a clip are neighbours, in order.
        clips: Row of the store that each segment belongs to, shape (B,), ascending.
    """

    values: np.ndarray
    clips: np.ndarray

    def of(self, rows: np.ndarray) -> "Embeddings":
        """The segments of the given clips."""
        chosen = np.isin(self.clips, rows)
        return Embeddings(self.values[chosen], self.clips[chosen])


def segment_starts(store: Store, segment_samples: int, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """First samples of all whole, non-overlapping segments of clips, and the clip of each.

    Source: thesis section 3.6 (representations of all data points).
    Differs: the released code loses the last segment of a clip even where it is whole.

    Args:
        store: The clips.
        segment_samples: Length of a segment.
        rows: Which clips; all, if left out.

    Raises:
        ValueError: If a clip is shorter than one segment.
    """
    rows = np.arange(len(store.clips)) if rows is None else rows
    n_segments = store.clips.n_samples.to_numpy()[rows] // segment_samples
    if (n_segments == 0).any():
        short = store.clips.clip_id.iloc[rows[n_segments == 0]]
        raise ValueError(
            f"{store.folder}: {len(short)} clips have fewer than the {segment_samples} samples of the encoder's input "
            f"(first: {short.iloc[0]}); raise min_duration_s of the store, so that they are skipped and counted"
        )
    clips = np.repeat(rows, n_segments)
    within = np.arange(len(clips)) - np.repeat(np.cumsum(n_segments) - n_segments, n_segments)
    return store.clips.offset.to_numpy()[clips] + within * segment_samples, clips


def mean_over_segments(values: Tensor, clips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the values (B, K) of each clip's segments, shape (clips, K), float64, and the clips' rows, ascending.

    >>> mean_over_segments(torch.tensor([[0.0], [1.0], [5.0]]), np.array([7, 7, 9]))
    (array([[0.5],
           [5. ]]), array([7, 9]))
    """
    rows, segment_of = np.unique(clips, return_inverse=True)
    sums = torch.zeros(len(rows), values.shape[1], dtype=torch.float64)
    sums.index_add_(0, torch.from_numpy(segment_of), values.double())
    return (sums / torch.from_numpy(np.bincount(segment_of)).unsqueeze(1)).numpy(), rows


@torch.inference_mode()
def embed(
    encoder: nn.Module,
    store: Store,
    segment_samples: int,
    batch_size: int,
    device: torch.device,
    precision: Precision,
    world: World = ALONE,
) -> Embeddings:
    """Embeddings of all non-overlapping segments of a store, in batches that run across clips.

    Several processes take a stretch of the segments each; all of them return the whole.

    Args:
        encoder: Map from audio (B, T) to embeddings (B, D), in evaluation mode.
        store: The audio.
        segment_samples: T.
        batch_size: Segments per pass; does not change the result beyond rounding.
        device: Where the encoder lies.
        precision: ``fp32`` or ``bf16``.
        world: Processes that share the work.

    Raises:
        ValueError: If a clip is shorter than one segment.
    """
    starts, clips = segment_starts(store, segment_samples)
    mine = starts[world.share(len(starts))]
    reader, firsts, values = audio_reader(store, device), range(0, len(mine), batch_size), []
    audios = read_ahead(lambda step: reader.read(mine[firsts[step] :][:batch_size], segment_samples), len(firsts))
    for audio in progress(audios, f"embed {store.folder.name}", total=len(firsts), unit="batch"):
        with autocast(device, precision):
            values.append(encoder(audio).float())
    return Embeddings(gather_shares(torch.cat(values), len(starts), world).cpu().numpy(), clips)
