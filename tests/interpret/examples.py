"""Activations of a made-up encoder: some features follow a tag, others nothing."""

import numpy as np
import pandas as pd

from clmr.interpret.activations import Activations

TAGS = ("techno", "guitar", "flute", "solo")


def activations(
    n_clips=120, per_clip=5, n_features=8, follows=(0, 1, 2), seed=0, tag_names=TAGS, store="primary"
) -> Activations:
    """Feature f follows tag ``follows[f]``; features beyond these follow no tag."""
    rng = np.random.default_rng(seed)
    tags = (rng.uniform(size=(n_clips, len(tag_names))) < 0.25).astype(np.uint8)
    clip = np.repeat(np.arange(n_clips), per_clip)
    values = rng.uniform(size=(len(clip), n_features)).astype(np.float32)
    for feature, tag in enumerate(follows):
        values[:, feature] += 2 * tags[clip, tag]
    names = [f"clip{number:03d}" for number in clip]
    segments = pd.DataFrame(
        {
            "clip_id": names,
            "track_id": names,
            "group_id": [f"tune{number // 2:03d}" for number in clip],
            "start_s": np.tile(np.arange(per_clip) * 2.592, n_clips),
        }
    )
    return Activations(values, segments, tags[clip], tag_names, "clmr_primary", store, 0, 8_000, 20_736)


def untagged() -> Activations:
    """The same without tags."""
    return activations(tag_names=(), follows=())
