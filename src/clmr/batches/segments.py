"""Fixed segments of clips: all that fit side by side, or a few spread evenly. Nothing here is random."""

import numpy as np

from clmr.corpora.store import Store


def segment_starts(store: Store, segment_samples: int, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """First samples of all whole, non-overlapping segments of clips, and the row of the clip of each.

    Source: thesis section 3.6 (representations of all data points).
    Differs: the released code drops the last segment of every clip, even a whole one, and fails on clips
        of fewer than two segments.

    Args:
        store: The clips.
        segment_samples: Length of a segment.
        rows: Rows of the clips to cut; all clips by default.

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
    # 0, 1, ... for each clip: the number of a segment minus that of the clip's first.
    within = np.arange(len(clips)) - np.repeat(np.cumsum(n_segments) - n_segments, n_segments)
    return store.clips.offset.to_numpy()[clips] + within * segment_samples, clips


def long_enough(store: Store, rows: np.ndarray, n_samples: int) -> np.ndarray:
    """The rows whose clips have at least ``n_samples`` samples.

    Args:
        store: The clips.
        rows: Rows to choose from.
        n_samples: Samples of a model's input.

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


def spread_segments(store: Store, rows: np.ndarray, n_samples: int, n_segments: int) -> tuple[np.ndarray, np.ndarray]:
    """First samples of ``n_segments`` evenly spread segments of each clip, and the row of the clip of each.

    The first begins with the clip and the last ends with it; a single one lies in the middle. In a
    short clip they overlap.

    Args:
        store: The clips.
        rows: Rows of the clips, each of at least ``n_samples`` samples.
        n_samples: Length of a segment.
        n_segments: Segments of each clip.
    """
    offsets, lengths = (store.clips[column].to_numpy()[rows] for column in ("offset", "n_samples"))
    # linspace would place a single segment at the start.
    within = np.array([0.5]) if n_segments == 1 else np.linspace(0, 1, n_segments)
    starts = offsets[:, None] + (within * (lengths - n_samples)[:, None]).astype(np.int64)
    return starts.ravel(), np.repeat(rows, n_segments)
