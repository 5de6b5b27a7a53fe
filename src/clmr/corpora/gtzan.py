"""GTZAN without its known faults: 930 excerpts of 30 s in ten genres, whose audio the user brings."""

from pathlib import Path
from typing import Literal

import pandas as pd

from clmr.corpora.declaration import ByHand, Declaration
from clmr.corpora.published import Listing, PublishedCorpus
from clmr.storage.strict import strict

AUDIO_FOLDER = "genres"
GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
SUFFIXES = (".wav", ".au", ".mp3", ".flac")

_PUBLISHED = Declaration(
    title="GTZAN, fault-filtered",
    homepage="https://arxiv.org/abs/1306.1461",
    licence="none stated; the recordings are commercial ones",
    citation="Tzanetakis, Cook: Musical genre classification of audio signals, 2002; Sturm 2013; Kereliuk et al. 2015",
    by_hand=(
        ByHand(
            AUDIO_FOLDER,
            "blues/blues.00029.wav",
            "1,000 excerpts in ten folders, of which 930 are used",
            "Its own site is gone. Unpack a genres.tar.gz that you trust: its MD5 is 5b3d6dddb579ab49814ab86dba69e7c7 "
            "(WAV) or fe37942310e589be16b04b6d631790de (AU).",
            1_300_000_000,
        ),
    ),
    counts={"train": 443, "valid": 197, "test": 290},
)


@strict
class GTZANParams(PublishedCorpus):
    """The fault-filtered split, which torchaudio keeps.

    Attributes:
        kind: ``gtzan``.
    """

    kind: Literal["gtzan"]

    def declaration(self) -> Declaration:
        """Audio that the user brings."""
        return declaration()

    def listing(self, sources: Path) -> Listing:
        """Training, validation and test, each in the published order; a genre is one tag."""
        rows = [
            (name, name, name, split, f"{AUDIO_FOLDER}/{_file(name, sources / AUDIO_FOLDER)}")
            for split, names in split_lists().items()
            for name in names
        ]
        clips = pd.DataFrame(rows, columns=["clip_id", "track_id", "group_id", "split", "path"])
        tags = pd.DataFrame({genre: clips.clip_id.str.startswith(f"{genre}.").astype(int) for genre in GENRES})
        return Listing(clips, tags, "the fault-filtered lists")


def declaration() -> Declaration:
    """What the data set declares."""
    return _PUBLISHED


def split_lists() -> dict[str, list[str]]:
    """Names without suffix, such as ``blues.00029``, of each split."""
    # Imported late: seconds, for lists of names. They are the ones of Kereliuk et al.
    from torchaudio.datasets import gtzan

    return {"train": gtzan.filtered_train, "valid": gtzan.filtered_valid, "test": gtzan.filtered_test}


def _file(name: str, folder: Path) -> str:
    """Path of an excerpt in any of the formats that are about; as WAV if there is none."""
    places = [f"{name.partition('.')[0]}/{name}{suffix}" for suffix in SUFFIXES]
    return next((place for place in places if (folder / place).is_file()), places[0])
