"""PCM stores: one corpus at one sample rate, as a flat int16 file that is memory-mapped.

A store is a folder::

    audio.i16    all clips, one after the other, 16-bit little-endian mono
    clips.csv    clip_id, track_id, group_id, split, offset, n_samples, sha256, path; one row per clip
    tags.csv     clip_id and one 0/1 column per tag, in tag order; the same rows
    store.json   sample rate, counts and checksums of the other files

Clips of one ``track_id`` are excerpts of one recording. Tracks of one ``group_id`` are of one tune family, or, where a
corpus knows none, the one track itself: what is drawn independently of all else, and so resampled as a whole.

What belongs here: reading stores. :mod:`clmr.corpora.build_store` makes them.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from clmr.corpora.store_tables import plain_clips, plain_tags
from clmr.storage.files import read_json, sha256_of

AUDIO_NAME, CLIPS_NAME, TAGS_NAME, STORE_NAME = "audio.i16", "clips.csv", "tags.csv", "store.json"
PCM_DTYPE = np.dtype("<i2")
SPLITS = ("train", "valid", "test")
_USED_COLUMNS = ("clip_id", "track_id", "group_id", "split", "offset", "n_samples")
_TEXT_COLUMNS = ("clip_id", "track_id", "group_id", "split", "path")
_REBUILD = "nothing was used; restore the folder, or remove it and rerun its stage"


@dataclass(frozen=True)
class Store:
    """A corpus at one sample rate, opened without reading its audio.

    Attributes:
        folder: Folder of the store.
        sample_rate_hz: Samples per second of all clips.
        clips: One row per clip, in order of offset; columns as in ``clips.csv``, but for ``sha256`` and ``path``, which
            take as long to read as all others and are needed by :meth:`verify` alone.
        tags: Tag matrix of shape (clips, K), 0/1, columns in tag order.
        tag_names: The K tags.
    """

    folder: Path
    sample_rate_hz: int
    clips: pd.DataFrame
    tags: np.ndarray
    tag_names: tuple[str, ...]

    @cached_property
    def audio(self) -> np.ndarray:
        """All samples as one read-only memory map, shape (T,), int16."""
        # Mapped on first use: a stage that needs the tables alone opens no audio.
        return np.memmap(self.folder / AUDIO_NAME, dtype=PCM_DTYPE, mode="r")

    def clip(self, index: int) -> np.ndarray:
        """Samples of the clip in row ``index``, a view into the map, shape (T,), int16."""
        row = self.clips.iloc[index]
        return self.audio[row.offset : row.offset + row.n_samples]

    def rows(self, *splits: str) -> np.ndarray:
        """Row numbers of the clips in the given splits, ascending.

        Raises:
            ValueError: If a split is unknown or holds no clip.
        """
        # An empty split would give empty batches, and scores of nothing.
        for split in splits:
            if split not in SPLITS or not (self.clips.split == split).any():
                found = sorted(self.clips.split.unique())
                raise ValueError(f"{self.folder}: no clip in split {split!r}, found are {found}; choose among them")
        return np.flatnonzero(self.clips.split.isin(splits))

    def require_rate(self, sample_rate_hz: int, reader: str) -> None:
        """Raise ``ValueError`` unless the store has the sample rate that a network expects.

        Args:
            sample_rate_hz: Rate that ``reader`` was made for.
            reader: Name of the network for the message, such as ``the encoder``.

        Raises:
            ValueError: If the rates differ.
        """
        # Networks read any samples: at another rate they would hear everything transposed, and nothing would fail.
        if self.sample_rate_hz != sample_rate_hz:
            raise ValueError(
                f"{self.folder} has {self.sample_rate_hz} Hz, {reader} reads {sample_rate_hz} Hz; "
                f"use a store of that rate, or another sample_rate_hz"
            )

    def verify(self) -> None:
        """Read all audio once and compare every clip with its checksum; memory does not grow with the corpus.

        A store is verified when it is built. After that, :func:`open_store` only checks tables and sizes,
        since reading a large corpus in each of the stages that use it would take hours.

        Raises:
            ValueError: Naming the first clips whose samples are not those that were stored.
        """
        altered = [
            str(row.clip_id)
            for row in read_clips(self.folder / CLIPS_NAME).itertuples()
            if sample_digest(self.audio[row.offset : row.offset + row.n_samples]) != row.sha256
        ]
        if altered:
            raise ValueError(
                f"{self.folder / AUDIO_NAME}: {len(altered)} of {len(self.clips)} clips differ from their "
                f"checksums (first: {', '.join(altered[:3])}); {_REBUILD}"
            )


def open_store(folder: Path) -> Store:
    """The store in ``folder``, its tables and the size of its audio checked against their checksums.

    Audio is neither read nor copied: time and memory grow with the tables alone.
    :meth:`Store.verify` checks the samples themselves.

    Raises:
        FileNotFoundError: If a file of the store is missing.
        ValueError: If a file is truncated or altered.
    """
    for name in (STORE_NAME, CLIPS_NAME, TAGS_NAME, AUDIO_NAME):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder}: no {name}; {_REBUILD}")
    facts = read_json(folder / STORE_NAME)
    # The size first: a truncated map would only fail at the first read behind its end, in the middle of training.
    found, expected = (folder / AUDIO_NAME).stat().st_size, facts["n_samples"] * PCM_DTYPE.itemsize
    if found != expected:
        raise ValueError(f"{folder / AUDIO_NAME}: found {found} bytes, expected {expected}; {_REBUILD}")
    for name in (CLIPS_NAME, TAGS_NAME):
        if sha256_of(folder / name) != facts["sha256"][name]:
            raise ValueError(f"{folder / name}: differs from its checksum in {STORE_NAME}; {_REBUILD}")
    return Store(folder, facts["sample_rate_hz"], _clips_of(folder), *_tags_of(folder))


def _clips_of(folder: Path) -> pd.DataFrame:
    plain = plain_clips(folder / CLIPS_NAME, _USED_COLUMNS)
    return read_clips(folder / CLIPS_NAME)[list(_USED_COLUMNS)] if plain is None else plain


def _tags_of(folder: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    plain = plain_tags(folder / TAGS_NAME)
    if plain is not None:
        return plain
    tags = read_tags(folder / TAGS_NAME)
    return tags.to_numpy(np.uint8), tuple(tags.columns)


def read_clips(path: Path) -> pd.DataFrame:
    """A table of clips; ids and paths are text even where they look like numbers.

    Where the table has no ``group_id``, as those of corpora that know no tune families, it is the ``track_id``.
    """
    # Without the filter pandas reads a track called "NA" or "null" as missing.
    clips = pd.read_csv(path, dtype=dict.fromkeys(_TEXT_COLUMNS, str), na_filter=False)
    return clips if "group_id" in clips else clips.assign(group_id=clips.track_id)


def read_tags(path: Path) -> pd.DataFrame:
    """A table of tags with ``clip_id`` as index and one 0/1 column per tag, in tag order."""
    return pd.read_csv(path, dtype={"clip_id": str}, index_col="clip_id", na_filter=False)


def sample_digest(samples: np.ndarray) -> str:
    """Hexadecimal SHA-256 of samples, as in the column ``sha256`` of a store's clips."""
    return hashlib.sha256(np.ascontiguousarray(samples).data).hexdigest()
