"""Audio of the listening page: a small file for each segment, cut from a store."""

from pathlib import Path

import numpy as np
import pandas as pd

from clmr.corpora.store import Store
from clmr.paper.mp3 import mp3

_FULL_SCALE = 1 << 15


def audio_name(corpus: str, row: int) -> str:
    """File of a segment, relative to the page; its number, since an id may hold what a file name must not.

    >>> audio_name("scores", 12)
    'audio/scores/00012.mp3'
    """
    return f"audio/{corpus}/{row:05d}.mp3"


def write_clips(store: Store, segments: pd.DataFrame, segment_samples: int, folder: Path) -> int:
    """Write the audio of segments, at the level of the store; returns the bytes of all files.

    Args:
        store: The store that they are from.
        segments: One row per segment: clip_id, start_s, and audio, the file relative to ``folder``.
        segment_samples: Length of a segment.
        folder: Folder of the page.

    Raises:
        ValueError: If a clip is not in the store, or ends before its segment.
    """
    row_of = dict(zip(store.clips.clip_id, range(len(store.clips)), strict=True))
    n_bytes = 0
    for segment in segments.itertuples():
        if segment.clip_id not in row_of:
            raise ValueError(
                f"{store.folder}: found no clip {segment.clip_id!r}, of which there are activations; "
                "they are of another store, so rerun all by 'dvc repro'"
            )
        encoded = mp3(_cut(store, row_of[segment.clip_id], segment.start_s, segment_samples), store.sample_rate_hz)
        file = folder / segment.audio
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded)
        n_bytes += len(encoded)
    return n_bytes


def _cut(store: Store, row: int, start_s: float, segment_samples: int) -> np.ndarray:
    """A segment of a clip as float32 in [-1, 1)."""
    first = round(start_s * store.sample_rate_hz)
    samples = store.clip(row)[first : first + segment_samples]
    if len(samples) < segment_samples:
        clip, n_missing = store.clips.clip_id.iloc[row], segment_samples - len(samples)
        raise ValueError(
            f"{store.folder}: clip {clip} ends {n_missing} samples before the end of its segment at {start_s} s; "
            "the activations are of another store, so rerun all by 'dvc repro'"
        )
    return samples.astype(np.float32) / _FULL_SCALE
