"""Embeddings of all clips of a store, computed once per encoder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from clmr.batches.reading import audio_reader, read_ahead
from clmr.batches.segments import segment_starts
from clmr.compute.distributed import ALONE, World, gather_shares
from clmr.compute.precision import Precision, autocast
from clmr.compute.progress import progress
from clmr.corpora.store import Store
from clmr.evaluation.layer_statistics import layer_statistics
from clmr.models.heads import ALL_LAYERS, HeadKind
from clmr.storage.tensors import load_tensors, save_tensors

# For type checkers alone: supervised runs use mean_over_segments, and must not depend on the code of encoders.
if TYPE_CHECKING:
    from clmr.models.encoders import Encoder


@dataclass(frozen=True)
class Embeddings:
    """Embeddings of non-overlapping segments.

    Attributes:
        values: One row per segment, shape (B, D), float32; segments of a clip are neighbours, in order.
        clips: Row of the store that each segment belongs to, shape (B,), ascending.
        statistics: Of all layers (:mod:`clmr.evaluation.layer_statistics`), shape (B, M), float32, if wanted.
    """

    values: np.ndarray
    clips: np.ndarray
    statistics: np.ndarray | None = None

    def of(self, rows: np.ndarray) -> "Embeddings":
        """The segments of the given clips, in their order here.

        >>> Embeddings(np.zeros((3, 2)), np.array([4, 4, 9])).of(np.array([4])).values.shape
        (2, 2)
        """
        chosen = np.isin(self.clips, rows)
        statistics = None if self.statistics is None else self.statistics[chosen]
        return Embeddings(self.values[chosen], self.clips[chosen], statistics)

    def for_head(self, head: HeadKind) -> "Embeddings":
        """The segments with what a head reads of them as their values.

        Raises:
            ValueError: If it reads all layers, of which no statistics were kept.
        """
        if head != ALL_LAYERS:
            return Embeddings(self.values, self.clips)
        if self.statistics is None:
            raise ValueError(f"the head {head} reads statistics of all layers; embed with them")
        return Embeddings(self.statistics, self.clips)


def save_embeddings(file: Path, embeddings: Embeddings, store: str, segment_samples: int) -> None:
    """Write embeddings without statistics of layers, with the name of their store and the length of a segment.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "seed_0.safetensors")
    ...     save_embeddings(file, Embeddings(np.zeros((3, 2)), np.array([4, 4, 9])), "primary", 20_736)
    ...     load_embeddings(file).clips.tolist()
    [4, 4, 9]
    """
    tensors = {"values": torch.from_numpy(embeddings.values), "clips": torch.from_numpy(embeddings.clips)}
    save_tensors(file, tensors, {"store": store, "segment_samples": segment_samples})


def load_embeddings(file: Path) -> Embeddings:
    """Embeddings as :func:`save_embeddings` wrote them."""
    tensors, _ = load_tensors(file)
    return Embeddings(tensors["values"].numpy(), tensors["clips"].numpy())


def mean_over_segments(values: Tensor, clips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each clip's values over its segments, shape (clips, ...), float64, and the clips' rows, ascending.

    Args:
        values: One entry per segment, such as the scores of K tags or of P probes and K tags, shape (B, ...).
        clips: Row of the store that each segment belongs to, shape (B,).

    >>> mean_over_segments(torch.tensor([[0.0], [1.0], [5.0]]), np.array([7, 7, 9]))
    (array([[0.5],
           [5. ]]), array([7, 9]))
    """
    rows, segment_of = np.unique(clips, return_inverse=True)
    # In float64, where the order of summation changes no digit that is published.
    sums = torch.zeros(len(rows), *values.shape[1:], dtype=torch.float64)
    sums.index_add_(0, torch.from_numpy(segment_of), values.double())
    n_segments = torch.from_numpy(np.bincount(segment_of)).reshape(-1, *(1,) * (values.dim() - 1))
    return (sums / n_segments).numpy(), rows


@torch.inference_mode()
def embed(
    encoder: "Encoder",
    store: Store,
    batch_size: int,
    device: torch.device,
    precision: Precision,
    world: World = ALONE,
    *,
    with_statistics: bool = False,
) -> Embeddings:
    """Embeddings of all non-overlapping segments of a store, computed in batches that run across clips.

    Each of several processes takes a stretch of the segments; all of them return the whole.

    Source: thesis section 3.6 (representations of all data points, from the frozen network).
    Differs: the current released code embeds one random crop of each clip, drawn once.

    Args:
        encoder: Map from audio (B, T) to embeddings (B, D), in evaluation mode; its parameters state T.
        store: The audio.
        batch_size: Segments per pass; changes the result by rounding only.
        device: Where the encoder is.
        precision: ``fp32`` or ``bf16``.
        world: Processes that share the work.
        with_statistics: Whether to keep statistics of all layers as well.

    Raises:
        ValueError: If a clip is shorter than one segment.
    """
    # Batches of one clip each would be small, ten segments of a MagnaTagATune clip, and as many as there are clips.
    segment_samples = encoder.params.clip_samples
    starts, clips = segment_starts(store, segment_samples)
    mine = starts[world.share(len(starts))]
    firsts = range(0, len(mine), batch_size)
    reader = audio_reader(store, device)
    audios = read_ahead(lambda step: reader.read(mine[firsts[step] :][:batch_size], segment_samples), len(firsts))
    values = []
    for audio in progress(audios, f"embed {store.folder.name}", total=len(firsts), unit="batch"):
        with autocast(device, precision):
            values.append(_heard(encoder, audio, with_statistics))
    if not values:  # of many processes, some may have no segment to embed
        values = [_heard(encoder, torch.zeros(1, segment_samples, device=device), with_statistics)[:0]]
    found = gather_shares(torch.cat(values), len(starts), world).cpu().numpy()
    embedding_dim = encoder.params.embedding_dim
    statistics = np.ascontiguousarray(found[:, embedding_dim:]) if with_statistics else None
    return Embeddings(np.ascontiguousarray(found[:, :embedding_dim]), clips, statistics)


def _heard(encoder: "Encoder", audio: Tensor, with_statistics: bool) -> Tensor:
    """Embeddings (B, D) of segments, followed by the statistics of their layers if they are wanted, float32."""
    if not with_statistics:
        return encoder(audio).float()
    statistics, embedding = layer_statistics(encoder.layer_maps(audio))
    return torch.cat([embedding, statistics], dim=1)
