"""MagnaTagATune: 25,863 clips of 29 s from 5,405 tracks, with the 50 most frequent of 188 tags.

The published split is by folder: 0 to b for training, c for validation, d to f for testing. So the annotations alone
give it, and no list of others has to be passed on.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pandas as pd

from clmr.corpora.declaration import Archive, Declaration, RemoteFile
from clmr.corpora.published import Listing, PublishedCorpus, read_table
from clmr.storage.strict import strict

ANNOTATIONS_NAME, AUDIO_FOLDER = "annotations_final.csv", "mp3"
THESIS_TAGS = (
    "guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast", "piano", "ambient",
    "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male", "singing", "vocals", "no vocals",
    "harpsichord", "loud", "quiet", "flute", "woman", "male vocal", "no vocal", "pop", "soft", "sitar", "solo", "man",
    "classic", "choir", "voice", "new age", "dance", "male voice", "female vocal", "beats", "harp", "cello", "no voice",
    "weird", "country", "metal", "female voice", "choral",
)  # fmt: skip
"""Table 4.1 of the thesis, in its order, which is that of Pons et al."""
LEE_TAGS = (*THESIS_TAGS[:46], "country", "female voice", "metal", "choral")
"""The order of Lee et al.: two of the last four have changed places."""

_BASES = ("https://mirg.city.ac.uk/datasets/magnatagatune", "http://mi.soi.city.ac.uk/datasets/magnatagatune")
_NO_AUDIO = "its file is empty"
_PUBLISHED = Declaration(
    title="MagnaTagATune",
    homepage="https://mirg.city.ac.uk/codeapps/the-magnatagatune-dataset",
    licence="audio by Magnatune, CC BY-NC-SA 1.0; annotations for research",
    citation="Law, West, Mandel, Bay, Downie: Evaluation of algorithms using games, ISMIR 2009",
    files=(
        RemoteFile(
            ANNOTATIONS_NAME,
            tuple(f"{base}/{ANNOTATIONS_NAME}" for base in _BASES),
            12_000_000,
            "sha256:99b94e95825d4fa576386a5367b9c96e0ec636e9f9c240aceb492f4728f68c3c",
        ),
    ),
    archives=(
        Archive(
            AUDIO_FOLDER,
            tuple(
                RemoteFile(f"mp3.zip.{part}", tuple(f"{base}/mp3.zip.{part}" for base in _BASES), size, checksum)
                for part, size, checksum in (
                    ("001", 1_100_000_000, "sha256:f857fe185968773058cc71662c2ef5d8f2d4b7338e3c122cfd52f82dcb9760b9"),
                    ("002", 1_100_000_000, "sha256:fc2e1ec441755556ed1398b1808f1b08b6034372f8bc27394510c0c58cdb52ce"),
                    ("003", 800_000_000, "sha256:83a689824c17e82f6eb81cdbc4e4ca239a4cfc1fb41f1a5c80b861caec90450f"),
                )
            ),
            3_200_000_000,
        ),
    ),
    left_out={"35644": _NO_AUDIO, "55753": _NO_AUDIO, "57881": _NO_AUDIO},
)
# With the three clips without audio, which are all in training.
_COUNTS = {
    "all": {"train": 18_709, "valid": 1_825, "test": 5_329},
    "tagged": {"train": 15_250, "valid": 1_529, "test": 4_332},
}


@strict
class MagnaTagATuneParams(PublishedCorpus):
    """Which clips and in which order the tags.

    Differs: the thesis names the size of the data set, 25,863, and not whether untagged clips are used; the released
        code keeps them. Lee et al. and others drop them, and score higher for it: ``clips: tagged``.

    Attributes:
        kind: ``magnatagatune``.
        clips: ``all``, or ``tagged`` for the split without clips that have none of the 50 tags.
        tag_order: That of Table 4.1, ``thesis``, or ``lee``.
    """

    kind: Literal["magnatagatune"]
    clips: Literal["all", "tagged"]
    tag_order: Literal["thesis", "lee"]

    def declaration(self) -> Declaration:
        """Annotations, three parts of audio, and the counts of the split."""
        return declaration(self.clips)

    def listing(self, sources: Path) -> Listing:
        """Clips in the order of the annotations; those of one track have its ``track_id``."""
        names = THESIS_TAGS if self.tag_order == "thesis" else LEE_TAGS
        table = read_table(sources / ANNOTATIONS_NAME, dict.fromkeys(("clip_id", "mp3_path", *names)), "\t")
        tags = table[list(names)].apply(pd.to_numeric, errors="coerce")
        wrong = table.clip_id[~tags.isin([0, 1]).all(axis=1)]
        if len(wrong):
            line = wrong.index[0] + 2
            raise ValueError(f"{ANNOTATIONS_NAME}, line {line}: found a tag that is neither 0 nor 1")
        clips = pd.DataFrame(
            {
                "clip_id": table.clip_id,
                "track_id": table.mp3_path.map(track_of),
                "group_id": table.mp3_path.map(track_of),
                "split": table.mp3_path.map(split_of),
                "path": f"{AUDIO_FOLDER}/" + table.mp3_path,
            }
        )
        used = tags.any(axis=1) | (self.clips == "all")
        return Listing(clips[used].reset_index(drop=True), tags[used].astype(int), ANNOTATIONS_NAME)


def declaration(clips: str) -> Declaration:
    """What the data set declares, of ``all`` clips or the ``tagged`` ones."""
    return replace(_PUBLISHED, counts=_COUNTS[clips])


def split_of(path: str) -> str:
    """The published split, by the folder, whose name is a hexadecimal digit.

    >>> split_of("b/x-0-29.mp3"), split_of("c/x-0-29.mp3"), split_of("d/x-0-29.mp3")
    ('train', 'valid', 'test')
    """
    folder = path.partition("/")[0]
    if not re.fullmatch(r"[0-9a-f]", folder):
        raise ValueError(f"{ANNOTATIONS_NAME}: found the path {path!r}, expected a folder 0 to f, then a file")
    return "train" if folder < "c" else "valid" if folder == "c" else "test"


def track_of(path: str) -> str:
    """The track that a clip is cut from: its path without the two times.

    >>> track_of("6/norine_braun-now_and_zen-08-gently-117-146.mp3")
    '6/norine_braun-now_and_zen-08-gently'
    """
    return re.sub(r"-\d+-\d+\.mp3$", "", path)
