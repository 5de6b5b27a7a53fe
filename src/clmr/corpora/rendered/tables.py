"""The tables beside the audio: clips, published tags, complete tags, and facts."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clmr.corpora.rendered.draws import generator
from clmr.corpora.rendered.params import RenderedCorpusParams
from clmr.corpora.rendered.planning import ClipPlan, CorpusPlan
from clmr.corpora.rendered.vocabulary import VOCABULARIES
from clmr.corpora.store import SPLITS
from clmr.storage.files import write_json, write_text

TABLES = ("clips.csv", "tags.csv", "tags_complete.csv", "corpus.json")

_SOURCES = {
    "scores": "public scores that come with the package music21 (no restriction found in these collections)",
    "timgm6mb": "TimGM6mb.sf2, which comes with the package pretty_midi (soundfont GPL-2)",
    "merlin": "Merlin.sf2, which comes with the package scamp (GPL-3)",
}
_FACTORS = (
    "style", "ensemble", "lead", "second_lead", "backing", "pattern", "bass", "pad", "drums", "kit", "tempo",
    "touch", "articulation",
)  # fmt: skip


def write_tables(params: RenderedCorpusParams, plan: CorpusPlan, records: list[dict[str, Any]], out_dir: Path) -> None:
    """Write ``clips.csv``, ``tags.csv``, ``tags_complete.csv`` and ``corpus.json``.

    Args:
        params: Parameters of the corpus.
        plan: Its plan.
        records: The renderer's notes on each clip, in the plan's order.
        out_dir: Folder of the tables.
    """
    # Both are kept: with the complete tags one can tell what the missing ones cost.
    complete = tag_matrix([record["tags"] for record in records], params.vocabulary)
    in_training = np.array([clip.split == "train" for clip in plan.clips])
    published = hide_positives(complete, in_training, params.hidden_positive_rate, params.seed)
    clip_ids = [clip.clip_id for clip in plan.clips]
    _write_csv(_clip_table(plan.clips, records), out_dir / "clips.csv")
    for name, matrix in (("tags", published), ("tags_complete", complete)):
        _write_csv(matrix.set_axis(pd.Index(clip_ids, name="clip_id")).reset_index(), out_dir / f"{name}.csv")
    write_json(out_dir / "corpus.json", _facts(params, plan, complete))


def tag_matrix(tags: list[list[str]], vocabulary: str) -> pd.DataFrame:
    """0/1 matrix, one row per clip, one column per tag of the vocabulary, most frequent tag first.

    >>> tag_matrix([["piano"], ["piano", "slow"]], "magnatagatune").iloc[:, :2].to_numpy().tolist()
    [[1, 0], [1, 1]]
    """
    names = list(VOCABULARIES[vocabulary])
    matrix = pd.DataFrame([[int(name in set(row)) for name in names] for row in tags], columns=names)
    # As in MagnaTagATune's list; equally frequent tags keep the order of the vocabulary.
    order = sorted(names, key=lambda name: (-int(matrix[name].sum()), names.index(name)))
    return matrix[order]


def hide_positives(complete: pd.DataFrame, rows: np.ndarray, rate: float, seed: int) -> pd.DataFrame:
    """The matrix with each positive of the given rows set to 0 with probability ``rate``.

    Human taggers leave out many tags that apply; validation and test stay complete, so that scores are true.

    Args:
        complete: 0/1 tag matrix.
        rows: Rows that may lose tags, boolean, one entry per row.
        rate: Probability that a positive is hidden.
        seed: Seed of the draws.
    """
    # Drawn for every cell, so that a tag that is added to a clip leaves the draws of all others as they are.
    hidden = generator("hidden", seed).random(complete.shape) < rate
    return complete.where(~(hidden & rows[:, None]), 0)


def _clip_table(clips: tuple[ClipPlan, ...], records: list[dict[str, Any]]) -> pd.DataFrame:
    rows = []
    for clip, record in zip(clips, records, strict=True):
        row = {
            "clip_id": clip.clip_id,
            "track_id": clip.track_id,
            "group_id": clip.family_id,
            "split": clip.split,
            "path": f"audio/{clip.clip_id}.flac",
            "title": clip.work.title,
            "collection": clip.work.collection,
            "work": clip.work.key,
            **{factor: record["production"][factor] for factor in _FACTORS},
            "bpm": round(clip.pulse_bpm, 3),
            "level_db": round(clip.level_db, 3),
            "transpose": clip.transpose,
            "dance": clip.work.dance,
            "mode": record["mode"],
            "metre": record["metre"],
            "instruments": "; ".join(record["instruments"]),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def _facts(params: RenderedCorpusParams, plan: CorpusPlan, complete: pd.DataFrame) -> dict[str, Any]:
    clips = plan.clips
    splits = Counter(clip.split for clip in clips)
    positives = {split: complete[[clip.split == split for clip in clips]].sum() for split in SPLITS}
    return {
        "n_clips": len(clips),
        "n_clips_by_split": {split: splits[split] for split in SPLITS},
        "n_tracks": len({clip.track_id for clip in clips}),
        "n_works": len({clip.work.key for clip in clips}),
        "n_families": len({clip.family_id for clip in clips}),
        "tags": list(complete.columns),
        "n_positives": {tag: {split: int(positives[split][tag]) for split in SPLITS} for tag in complete.columns},
        "tags_without_positives": {
            split: [tag for tag in complete.columns if positives[split][tag] == 0] for split in SPLITS
        },
        "sources": [_SOURCES["scores"], _SOURCES[params.soundfont]],
        "n_works_skipped": plan.n_skipped,
    }


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
