"""The Free Music Archive data set in its four sizes, with genres as tags and the published split."""

import json
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from clmr.corpora.declaration import Archive, Declaration, RemoteFile
from clmr.corpora.published import Listing, PublishedCorpus, read_table
from clmr.storage.strict import strict

METADATA_FOLDER, TRACKS_NAME, GENRES_NAME = "fma_metadata", "tracks.csv", "genres.csv"
SPLIT_NAMES = {"training": "train", "validation": "valid", "test": "test"}
SUBSETS = ("small", "medium", "large", "full")
"""Each holds the ones before it; full has the tracks of large, untrimmed."""

_BASE = "https://os.unil.cloud.switch.ch/fma"
_GIB = 1 << 30
_SHA1 = {
    "small": "ade154f733639d52e35e32f5593efe5be76c6d70",
    "medium": "c67b69ea232021025fca9231fc1c7c1a063ab50b",
    "large": "497109f4dd721066b5ce5e5f250ec604dc78939e",
    "full": "0f0ace23fbe9ba30ecb7e95f763e435ea802b8ab",
}
_SIZES_BYTES = {"small": 7.2 * _GIB, "medium": 22 * _GIB, "large": 93 * _GIB, "full": 879 * _GIB}
_COUNTS = {"small": 8_000, "medium": 25_000, "large": 106_574, "full": 106_574}
# As its authors have listed them since.
_NO_AUDIO = (
    1486, 5574, 65753, 80391, 98558, 98559, 98560, 98571, 99134, 105247, 108925, 126981, 127336, 133297, 143992,
)  # fmt: skip
_SHORT = (98565, 98566, 98567, 98568, 98569, 108924)
_METADATA = Archive(
    METADATA_FOLDER,
    (
        RemoteFile(
            "fma_metadata.zip",
            (f"{_BASE}/fma_metadata.zip",),
            342 << 20,
            "sha1:f0df49ffe5f2a6008d7dc83c6915b31835dfe733",
        ),
    ),
    2 * _GIB,
)


@strict
class FMAParams(PublishedCorpus):
    """Size and genres.

    Differs: the thesis has 22,413 songs of the medium version, of 25,000; the released code selects about its training
        and validation parts. Here all are listed with their split, and a run says which splits it reads.

    Attributes:
        kind: ``fma``.
        subset: Size; ``full`` has whole tracks, the others clips of 30 s.
        genres: Tags: the ``top`` ones, or ``all`` with those below them. A track may have several.
    """

    kind: Literal["fma"]
    subset: Literal["small", "medium", "large", "full"]
    genres: Literal["top", "all"]

    def declaration(self) -> Declaration:
        """Metadata and audio of the chosen size, and the tracks that are known to be bad."""
        return declaration(self.subset)

    def listing(self, sources: Path) -> Listing:
        """Tracks in the order of their ids; those of one artist, who is in one split, are a group."""
        tracks = _read_tracks(sources / METADATA_FOLDER / TRACKS_NAME)
        order = SUBSETS.index(self.subset)
        kept = tracks[tracks.subset.map(SUBSETS.index) <= order].reset_index(drop=True)
        genres = read_table(
            sources / METADATA_FOLDER / GENRES_NAME, dict.fromkeys(("genre_id", "title", "top_level")), ","
        )
        clips = pd.DataFrame(
            {
                "clip_id": kept.track_id,
                "track_id": kept.track_id,
                "group_id": "artist " + kept.artist_id,
                "split": kept.split.map(SPLIT_NAMES),
                "path": [f"fma_{self.subset}/{name[:3]}/{name}.mp3" for name in kept.track_id.str.zfill(6)],
            }
        )
        return Listing(clips, _tags(kept.genres, genres, self.genres == "top"), TRACKS_NAME)


def declaration(subset: str) -> Declaration:
    """What the data set declares in one of its sizes."""
    size = round(_SIZES_BYTES[subset])
    name = f"fma_{subset}.zip"
    audio = RemoteFile(name, (f"{_BASE}/{name}",), size, f"sha1:{_SHA1[subset]}")
    bad = {str(track): "has no audio" for track in _NO_AUDIO}
    if subset != "full":
        bad |= {str(track): "is shorter than 30 s" for track in _SHORT}
    return Declaration(
        title=f"Free Music Archive, {subset}",
        homepage="https://github.com/mdeff/fma",
        licence="each track under its own Creative Commons licence; metadata CC BY 4.0",
        citation="Defferrard, Benzi, Vandergheynst, Bresson: FMA: a dataset for music analysis, ISMIR 2017",
        archives=(_METADATA, Archive(f"fma_{subset}", (audio,), size)),
        counts={"all": _COUNTS[subset]},
        left_out=bad,
    )


def _read_tracks(path: Path) -> pd.DataFrame:
    """track_id, artist_id, split, subset and genres, from a table with two lines of heads.

    Raises:
        ValueError: If a column is missing, or a value is none of those that are known; with file and track.
    """
    wanted = {
        ("artist", "id"): "artist_id",
        ("set", "split"): "split",
        ("set", "subset"): "subset",
        ("track", "genres_all"): "genres",
    }
    try:
        table = pd.read_csv(path, header=[0, 1], index_col=0, dtype=str, na_filter=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"{path.name}: is not a table with two lines of heads ({str(error).strip()})") from None
    absent = [".".join(column) for column in wanted if column not in table.columns]
    if absent:
        raise ValueError(
            f"{path.name}: no column {', '.join(absent)}; expected two lines of heads, such as set over split"
        )
    found = pd.DataFrame({name: table[column] for column, name in wanted.items()})
    found = found.assign(track_id=table.index.astype(str))
    for column, allowed in (("split", SPLIT_NAMES), ("subset", SUBSETS)):
        wrong = ~found[column].isin(list(allowed))
        if wrong.any():
            first = found[wrong].iloc[0]
            raise ValueError(
                f"{path.name}: track {first.track_id} has the {column} {first[column]!r}, allowed: {', '.join(allowed)}"
            )
    return found


def _tags(genres_of: pd.Series, genres: pd.DataFrame, top_only: bool) -> pd.DataFrame:
    """0/1 of the genres of each track; a genre that is only below another counts for that one too."""
    top = dict(zip(genres.genre_id, genres.top_level, strict=True))
    titles = dict(zip(genres.genre_id, genres.title, strict=True))
    columns = [genre for genre in titles if not top_only or top[genre] == genre]
    place = {genre: index for index, genre in enumerate(columns)}
    matrix = np.zeros((len(genres_of), len(columns)), np.uint8)
    for row, text in enumerate(genres_of):
        for genre in map(str, json.loads(text)):
            if genre not in titles:
                raise ValueError(f"{TRACKS_NAME}: found the genre {genre}, which {GENRES_NAME} lacks")
            matrix[row, place[top[genre] if top_only else genre]] = 1
    return pd.DataFrame(matrix, columns=[titles[genre] for genre in columns])
