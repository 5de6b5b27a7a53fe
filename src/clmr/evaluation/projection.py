"""t-SNE of the segments of a few tracks: which of them lie close together in the space of embeddings."""

import numpy as np
import pandas as pd
import torch

from clmr.batches.reading import AudioReader, audio_reader
from clmr.batches.segments import long_enough
from clmr.corpora.store import Store
from clmr.models.encoders import Encoder
from clmr.storage.strict import Positive, require, strict


@strict
class TSNEParams:
    """Figure 6.1, drawn for the primary store.

    Attributes:
        run: The pre-training run whose encoder is shown.
        n_tracks: Tracks of the test split (thesis: 10).
        n_segments: Evenly spaced segments of each, which overlap where the clip is short (thesis: 60).
        perplexity: Perplexity of t-SNE.
        seed: Seed of the choice of tracks and of t-SNE.
    """

    run: str
    n_tracks: int
    n_segments: int
    perplexity: Positive
    seed: int

    def __post_init__(self) -> None:
        # With one track, or one segment of each, nothing could show whether segments of one track lie together.
        require(self.n_tracks >= 2, "n_tracks", self.n_tracks, ">= 2")
        require(self.n_segments >= 2, "n_segments", self.n_segments, ">= 2")
        n_points = self.n_tracks * self.n_segments
        require(self.perplexity < n_points, "perplexity", self.perplexity, f"< {n_points}, the number of points")


@torch.inference_mode()
def project_tracks(encoder: Encoder, store: Store, params: TSNEParams) -> pd.DataFrame:
    """Positions in the plane of the segments of a few tracks; columns clip_id, track_id, segment, x, y.

    Source: thesis Figure 6.1 (10 tracks, 60 segments each).
    Differs: the released notebook shows 20 tracks of 10 segments.

    Args:
        encoder: Frozen, in evaluation mode, on the CPU.
        store: The audio.
        params: Number of tracks and segments, and the settings of t-SNE.

    Raises:
        ValueError: If encoder and store do not fit each other, or the test split has fewer than ``n_tracks`` tracks
            with a clip as long as the encoder's input.
    """
    # Imported here: it takes as long as torch, and reading the parameters of this figure should not.
    from sklearn.manifold import TSNE

    store.require_rate(encoder.params.sample_rate_hz, "the encoder")
    rows = _choose_clips(store, params, encoder.params.clip_samples)
    reader = audio_reader(store, torch.device("cpu"))
    embeddings = np.concatenate([_segments(encoder, reader, store, row, params.n_segments) for row in rows])
    # From principal components: scikit-learn documents a random start as less stable globally.
    points = TSNE(perplexity=params.perplexity, init="pca", random_state=params.seed).fit_transform(embeddings)
    chosen = store.clips.iloc[np.repeat(rows, params.n_segments)]
    return pd.DataFrame(
        {
            "clip_id": chosen.clip_id.to_numpy(),
            "track_id": chosen.track_id.to_numpy(),
            "segment": np.tile(np.arange(params.n_segments), len(rows)),
            "x": points[:, 0].astype(float),
            "y": points[:, 1].astype(float),
        }
    )


def _choose_clips(store: Store, params: TSNEParams, n_samples: int) -> np.ndarray:
    """One clip of ``n_samples`` or more each of ``n_tracks`` random tracks of the test split."""
    test = long_enough(store, store.rows("test"), n_samples)
    firsts = test[~store.clips.track_id.iloc[test].duplicated().to_numpy()]
    if len(firsts) < params.n_tracks:
        raise ValueError(
            f"t_sne.n_tracks is {params.n_tracks}, the test split of {store.folder} has {len(firsts)}; lower it"
        )
    # In the order of the store, so that the table does not depend on the order of the draw.
    return np.sort(np.random.default_rng(params.seed).choice(firsts, params.n_tracks, replace=False))


def _segments(encoder: Encoder, reader: AudioReader, store: Store, row: int, n_segments: int) -> np.ndarray:
    clip, n_samples = store.clips.iloc[row], encoder.params.clip_samples
    starts = clip.offset + np.linspace(0, clip.n_samples - n_samples, n_segments).astype(int)
    return encoder(reader.read(starts, n_samples)).numpy()
