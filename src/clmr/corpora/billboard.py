"""McGill Billboard: songs of the American charts without tags, to pre-train on; the user brings their audio."""

from pathlib import Path
from typing import Literal

import pandas as pd

from clmr.corpora.declaration import ByHand, Declaration, RemoteFile
from clmr.corpora.published import Listing, PublishedCorpus, read_table
from clmr.storage.strict import strict

AUDIO_FOLDER, INDEX_NAME = "audio", "billboard-2.0-index.csv"
SUFFIXES = (".mp3", ".flac", ".wav", ".ogg", ".opus", ".m4a", ".aif", ".aiff")

_PUBLISHED = Declaration(
    title="McGill Billboard",
    homepage="https://ddmal.music.mcgill.ca/research/The_McGill_Billboard_Project_(Chord_Analysis_Dataset)",
    licence="index and annotations CC0; the songs are commercial recordings and not distributed",
    citation="Burgoyne, Wild, Fujinaga: An expert ground truth set for audio chord recognition, ISMIR 2011",
    files=(
        RemoteFile(
            INDEX_NAME,
            ("https://www.dropbox.com/s/o0olz0uwl9z9stb/billboard-2.0-index.csv?dl=1",),
            60_000,
            "md5:c47d304c212725998839cf9bb1a417aa",
        ),
    ),
    by_hand=(
        ByHand(
            AUDIO_FOLDER,
            "0003.mp3",
            "whole songs, named by their four-digit id in the index; the thesis had 461 of them",
            f"Buy them, and name them by the column id of {INDEX_NAME}; any of {', '.join(SUFFIXES)}.",
            4_000_000_000,
        ),
    ),
    uncounted="it has the songs that the user brings; how many is in its corpus.json",
)


@strict
class BillboardParams(PublishedCorpus):
    """The songs that are there, all of them for training.

    Attributes:
        kind: ``billboard``.
    """

    kind: Literal["billboard"]

    def declaration(self) -> Declaration:
        """The index, which is fetched, and audio, which is not."""
        return declaration()

    def listing(self, sources: Path) -> Listing:
        """Songs with audio, in the order of the index; slots that hold the same song are one track."""
        index = read_table(sources / INDEX_NAME, dict.fromkeys(("id", "title", "artist")), ",")
        files = _audio_files(sources / AUDIO_FOLDER)
        known = index.assign(file=index.id.str.zfill(4).map(files)).dropna(subset="file")
        strangers = sorted(set(files) - set(index.id.str.zfill(4)))
        if strangers:
            raise ValueError(
                f"{AUDIO_FOLDER}/{files[strangers[0]]}: {INDEX_NAME} has no id {strangers[0]}; name files by its ids"
            )
        # A song may have been in the charts in several of the weeks that were drawn.
        song = known.artist.str.casefold() + " / " + known.title.str.casefold()
        clips = pd.DataFrame(
            {
                "clip_id": known.id.str.zfill(4),
                "track_id": song,
                "group_id": song,
                "split": "train",
                "path": f"{AUDIO_FOLDER}/" + known.file,
            }
        ).reset_index(drop=True)
        return Listing(clips, pd.DataFrame(index=clips.index), INDEX_NAME)


def declaration() -> Declaration:
    """What the data set declares."""
    return _PUBLISHED


def _audio_files(folder: Path) -> dict[str, str]:
    """Audio files by the four digits of their name.

    Raises:
        ValueError: If two files have the same number.
    """
    found: dict[str, str] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
            number = file.stem.zfill(4)
            if number in found:
                raise ValueError(f"{AUDIO_FOLDER}: {found[number]} and {file.name} are the same song; keep one")
            found[number] = file.name
    return found
