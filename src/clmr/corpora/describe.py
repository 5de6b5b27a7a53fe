"""A corpus in a few numbers."""

from pathlib import Path
from typing import Any

import pandas as pd

from clmr.corpora.store import CLIPS_NAME, SPLITS, TAGS_NAME, read_clips, read_tags


def describe(corpus_dir: Path) -> pd.DataFrame:
    """Clips, tracks, groups and tags per clip of each split, one row per split."""
    # Clips and tracks apart: the thesis calls the 25,863 clips of MagnaTagATune songs, but they are of 5,405 tracks.
    clips, tags = read_clips(corpus_dir / CLIPS_NAME), read_tags(corpus_dir / TAGS_NAME)
    per_clip = tags.sum(axis=1).to_numpy()
    rows = {
        split: {
            "clips": int((clips.split == split).sum()),
            "tracks": int(clips.track_id[clips.split == split].nunique()),
            "groups": int(clips.group_id[clips.split == split].nunique()),
            "tags per clip": round(float(per_clip[clips.split == split].mean()), 2),
            "clips without tag": int((per_clip[clips.split == split] == 0).sum()),
        }
        for split in SPLITS
        if (clips.split == split).any()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def corpus_metrics(corpus_dir: Path) -> dict[str, Any]:
    """The numbers of :func:`describe` as plain values, and the number of tags."""
    table = describe(corpus_dir)
    splits = {
        split: {key.replace(" ", "_"): value for key, value in row.items()} for split, row in table.T.to_dict().items()
    }
    return {"splits": splits, "n_tags": read_tags(corpus_dir / TAGS_NAME).shape[1]}
