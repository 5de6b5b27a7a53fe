"""The Million Song Dataset with the 50 most frequent tags of Last.fm: 241,889 previews, whose audio the user brings."""

import json
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from clmr.corpora.declaration import ByHand, Declaration, RemoteFile
from clmr.corpora.published import Listing, PublishedCorpus
from clmr.storage.strict import strict

AUDIO_FOLDER, INDEX_NAME = "audio", "index_msd.tsv"
LISTS = {"train": "train_gt_msd.tsv", "valid": "val_gt_msd.tsv", "test": "test_gt_msd.tsv"}
TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s", "alternative rock", "jazz",
    "beautiful", "metal", "chillout", "male vocalists", "classic rock", "soul", "indie rock", "Mellow", "electronica",
    "80s", "folk", "90s", "chill", "instrumental", "punk", "oldies", "blues", "hard rock", "ambient", "acoustic",
    "experimental", "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening", "sexy",
    "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb", "indie pop", "sad", "House", "happy",
)  # fmt: skip
"""The tags in the order of the published vectors."""

_COUNTS = {"train": 201_680, "valid": 11_774, "test": 28_435}
# An id of 18 characters, a tab, 50 digits between brackets, and a line end.
_LINE_BYTES = 18 + 1 + 150 + 1
# Fixed by its commit, since a branch may change.
_BASE = "https://raw.githubusercontent.com/jordipons/musicnn-training/fa500a8fac2de8a9314dadcdbf4f61f7876cd2ab"
_CHECKSUMS = {"valid": "md5:7d71dd5622c0f59527da58d23e1d1735"}
_PUBLISHED = Declaration(
    title="Million Song Dataset",
    homepage="http://millionsongdataset.com",
    licence="audio not distributed; tags of Last.fm for research, not for commercial use",
    citation="Bertin-Mahieux, Ellis, Whitman, Lamere: The Million Song Dataset, ISMIR 2011; split by Lee et al. 2017",
    files=tuple(
        RemoteFile(
            name,
            (f"{_BASE}/data/index/msd/{name}",),
            _LINE_BYTES * _COUNTS[split],
            _CHECKSUMS.get(split, ""),
            exact_size=True,
            unverified="" if split in _CHECKSUMS else "the address is fixed by a commit; size and counts are checked",
        )
        for split, name in LISTS.items()
    ),
    by_hand=(
        ByHand(
            AUDIO_FOLDER,
            "A/A/A/TRAAAAK128F9318786.mp3",
            "241,889 previews of 30 s, as MP3",
            "They were offered by 7digital, and may not be passed on; ask a group that has them. In another order of "
            f"folders, add {INDEX_NAME}: id, tab, path within {AUDIO_FOLDER}, one line each.",
            180_000_000_000,
        ),
    ),
    counts=_COUNTS,
)


@strict
class MillionSongParams(PublishedCorpus):
    """The split of Lee et al., as Pons et al. have published it.

    Differs: the thesis counts 241,904 songs; the split of Lee et al. has 241,889.

    Attributes:
        kind: ``million_song``.
    """

    kind: Literal["million_song"]

    def declaration(self) -> Declaration:
        """Three lists, which are fetched, and audio, which is not."""
        return declaration()

    def listing(self, sources: Path) -> Listing:
        """Training, validation and test, each in the published order."""
        places = _index(sources / INDEX_NAME) if (sources / INDEX_NAME).is_file() else {}
        rows, vectors = [], []
        for split, name in LISTS.items():
            for clip_id, vector in _read_list(sources / name):
                path = places.get(clip_id) or "/".join((*clip_id[2:5], f"{clip_id}.mp3"))
                rows.append((clip_id, clip_id, clip_id, split, f"{AUDIO_FOLDER}/{path}"))
                vectors.append(vector)
        clips = pd.DataFrame(rows, columns=["clip_id", "track_id", "group_id", "split", "path"])
        return Listing(clips, pd.DataFrame(np.array(vectors, np.uint8), columns=list(TAGS)), "*_gt_msd.tsv")


def declaration() -> Declaration:
    """What the data set declares."""
    return _PUBLISHED


def _read_list(path: Path) -> list[tuple[str, list[int]]]:
    """Id and tags of each line: id, tab, a list of 0 and 1.

    Raises:
        ValueError: At the first other line, with its number.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        clip_id, _, text = line.partition("\t")
        try:
            vector = json.loads(text)
        except json.JSONDecodeError:
            vector = None
        if not isinstance(vector, list) or len(vector) != len(TAGS) or not set(vector) <= {0, 1}:
            raise ValueError(
                f"{path.name}, line {number}: found {line[:60]!r}, expected id, tab, {len(TAGS)} of 0 and 1"
            )
        found.append((clip_id, vector))
    return found


def _index(path: Path) -> dict[str, str]:
    lines = (line.partition("\t") for line in path.read_text(encoding="utf-8-sig").splitlines())
    return {clip_id: place.replace("\\", "/") for clip_id, _, place in lines if place}
