"""Embeddings of all clips of a store, computed once per encoder."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from clmr.corpora.reading import audio_reader
from clmr.corpora.store import Store
from clmr.distributed import World, gather_shares
from clmr.progress import progress

_ALONE = World()


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


def segment_starts(store: Store, segment_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """First samples of all whole, non-overlapping segments of all clips, and the clip of each.

    Source: thesis section 3.6 (representations of all data points).
    Differs: the released code loses the last segment of a clip even where it is whole.

    Raises:
        ValueError: If a clip is shorter than one segment.
    """
    n_segments = store.clips.n_samples.to_numpy() // segment_samples
    if (n_segments == 0).any():
        short = store.clips.clip_id[n_segments == 0]
        raise ValueError(
            f"{store.folder}: {len(short)} clips have fewer than the {segment_samples} samples of the encoder's input "
            f"(first: {short.iloc[0]}); raise min_duration_s of the store, so that they are skipped and counted"
        )
    clips = np.repeat(np.arange(len(n_segments)), n_segments)
    within = np.arange(len(clips)) - np.repeat(np.cumsum(n_segments) - n_segments, n_segments)
    return store.clips.offset.to_numpy()[clips] + within * segment_samples, clips


@torch.inference_mode()
def embed(
    encoder: nn.Module,
    store: Store,
    segment_samples: int,
    batch_size: int,
    device: torch.device,
    precision: str,
    world: World = _ALONE,
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
    reader, values = audio_reader(store, device), []
    for at in progress(range(0, len(mine), batch_size), f"embed {store.folder.name}", unit="batch"):
        audio = reader.read(mine[at : at + batch_size], segment_samples)
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            values.append(encoder(audio).float())
    return Embeddings(gather_shares(torch.cat(values), len(starts), world).cpu().numpy(), clips)
