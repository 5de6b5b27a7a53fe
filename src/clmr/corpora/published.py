"""Published data sets: fetched or brought by the user, checked, and listed as ``clips.csv`` and ``tags.csv``.

A kind of corpus is a module with a strict class over :class:`PublishedCorpus`, which says what the data set declares
and which clips it has. Files lie in ``data/sources/<kind>``, which no stage writes or removes but this one: DVC deletes
what a stage writes before it runs again, and would keep a second copy of all audio. So a corpus is its tables alone,
and their paths lead to the sources.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clmr.compute.progress import note
from clmr.corpora.archives import unpack
from clmr.corpora.declaration import Declaration, shopping_list
from clmr.corpora.download import DownloadError, Transport, fetch, require_space
from clmr.corpora.store import CLIPS_NAME, SPLITS, TAGS_NAME
from clmr.storage import paths
from clmr.storage.files import write_json, write_text

TRANSPORT = Transport()
FACTS_NAME = "corpus.json"
_CLIP_COLUMNS = ("clip_id", "track_id", "group_id", "split", "path")


class MissingData(FileNotFoundError):
    """A corpus is not there; the message says which files to put where."""


@dataclass(frozen=True)
class Listing:
    """The clips of a data set.

    Attributes:
        clips: clip_id, track_id, group_id, split and path within the folder of the sources, as text; one row per clip.
        tags: 0/1, with a column per tag in tag order; the same rows.
        source: The file that lists the clips, for messages.
    """

    clips: pd.DataFrame
    tags: pd.DataFrame
    source: str


class PublishedCorpus(ABC):
    """What the kinds of published corpora share: how they are obtained, checked and written."""

    kind: Any

    @abstractmethod
    def declaration(self) -> Declaration:
        """What the data set declares, of the part that the parameters choose."""

    @abstractmethod
    def listing(self, sources: Path) -> Listing:
        """Its clips, in the published order, from the files in ``sources``."""

    def build(self, corpus_dir: Path, work_dir: Path, n_workers: int) -> None:
        """Obtain the data set and write its tables; audio stays where it was fetched to.

        Args:
            corpus_dir: Receives ``clips.csv``, ``tags.csv`` and ``corpus.json``.
            work_dir: Not used: an interrupted download continues in ``data/sources``.
            n_workers: Not used.

        Raises:
            MissingData: If files are missing that could not be fetched, or that the user has to bring.
            ValueError: If a file is not the published one, or the tables do not hold what was published.
            OSError: If the disk has no room.
        """
        sources, declared = paths.sources_dir(self.kind), self.declaration()
        obtain(declared, sources, TRANSPORT)
        write_listing(self.listing(sources), declared, sources, corpus_dir)


def obtain(declared: Declaration, sources: Path, transport: Transport) -> None:
    """Fetch and unpack what is missing, after looking for room on the disk.

    Raises:
        MissingData: If a file cannot be fetched, or the user has to bring some; all that is missing is listed.
        ValueError: If a file differs from the published one, or an archive is refused.
        OSError: If the disk has no room.
    """
    # First: hours of fetching are in vain where the audio must be brought anyway.
    if any(True for _ in declared.missing_by_hand(sources)):
        raise MissingData(_missing(declared, sources, "part of it cannot be fetched"))
    packed = [archive for archive in declared.archives if not (sources / archive.folder).is_dir()]
    needed = sum(_remaining(file.name, file.size_bytes, sources) for file in declared.missing_files(sources))
    require_space(sources, needed + sum(archive.unpacked_bytes for archive in packed), declared.title)
    try:
        for file in (*declared.files, *(part for archive in packed for part in archive.parts)):
            fetch(file, sources, transport)
    except DownloadError as error:
        raise MissingData(_missing(declared, sources, str(error))) from None
    for archive in packed:
        parts = [sources / part.name for part in archive.parts]
        unpack(parts, sources / archive.folder, 2 * archive.unpacked_bytes)


def write_listing(listing: Listing, declared: Declaration, sources: Path, corpus_dir: Path) -> None:
    """Check a listing against what was published, and write the tables of the corpus.

    Published splits stay as they are. A group that they cut in two becomes one for each split, which is all that
    resampling one split asks of it; stores refuse a group in two splits.

    Raises:
        ValueError: If ids repeat, a track is in two splits, or counts differ from the published ones.
    """
    clips = listing.clips[list(_CLIP_COLUMNS)].astype(str)
    _require_sound(clips, listing.source)
    _require_counts(clips.split, declared, listing.source)
    kept = ~clips.clip_id.isin(list(declared.left_out))
    clips, tags = clips[kept], listing.tags[kept.to_numpy()]
    crossing = clips.groupby("group_id").split.nunique()
    crossing = sorted(crossing[crossing > 1].index)
    if crossing:
        note(f"{declared.title}: {len(crossing)} groups are in several of the published splits, such as {crossing[0]}")
        cut = clips.group_id.isin(crossing)
        clips = clips.assign(group_id=clips.group_id.mask(cut, clips.group_id + " in " + clips.split))
    audio = [sources / path for path in clips.path]
    sizes = np.array([file.stat().st_size if file.is_file() else -1 for file in audio])
    if not (sizes >= 0).any():
        raise MissingData(f"{declared.title}: none of {len(audio)} audio files is there, such as {clips.path.iloc[0]}")
    # The size too, so that the store is built again where a file was replaced.
    table = clips.assign(path=_seen_from(corpus_dir, sources, list(clips.path)), n_bytes=np.maximum(sizes, 0))
    write_text(corpus_dir / CLIPS_NAME, table.to_csv(index=False, lineterminator="\n"))
    indexed = tags.set_axis(pd.Index(clips.clip_id, name="clip_id"))
    write_text(corpus_dir / TAGS_NAME, indexed.to_csv(lineterminator="\n"))
    write_json(corpus_dir / FACTS_NAME, _facts(declared, clips, tags, sizes, crossing))


def read_table(path: Path, columns: Mapping[str, Any], separator: str) -> pd.DataFrame:
    """A table with at least the given columns, their values as text.

    Args:
        path: File with a head line, in UTF-8, with or without a byte order mark.
        columns: Columns that must be there.
        separator: What separates them.

    Raises:
        ValueError: If the file is no such table, or a column is missing; with file and columns.
    """
    try:
        table = pd.read_csv(path, sep=separator, dtype=str, na_filter=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: is not a table ({str(error).strip()}); put the published file there") from None
    absent = [column for column in columns if column not in table]
    if absent:
        raise ValueError(f"{path.name}: no column {', '.join(absent)}; found {', '.join(map(str, table))[:300]}")
    return table


def _require_sound(clips: pd.DataFrame, source: str) -> None:
    repeated = clips.clip_id[clips.clip_id.duplicated()]
    if len(repeated):
        raise ValueError(
            f"{source}: the id {repeated.iloc[0]!r} occurs twice (clip {repeated.index[0] + 1} of the list)"
        )
    unknown = sorted(set(clips.split) - set(SPLITS))
    if unknown:
        raise ValueError(f"{source}: found the split {unknown[0]!r}, allowed are {', '.join(SPLITS)}")
    n_splits = clips.groupby("track_id").split.nunique()
    if (n_splits > 1).any():
        raise ValueError(f"{source}: the track {n_splits.idxmax()!r} is in several splits; its clips must be in one")


def _require_counts(splits: pd.Series, declared: Declaration, source: str) -> None:
    found = {name: len(splits) if name == "all" else int((splits == name).sum()) for name in declared.counts}
    if found != dict(declared.counts):
        raise ValueError(
            f"{source}: found {_counted(found)} clips, published are {_counted(declared.counts)}; "
            f"put the published files there"
        )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items())


def _remaining(name: str, size_bytes: int, sources: Path) -> int:
    received = sources / f".{name}.part"
    return max(0, size_bytes - (received.stat().st_size if received.is_file() else 0))


def _seen_from(corpus_dir: Path, sources: Path, names: list[str]) -> list[str]:
    """Paths within ``sources`` as seen from the folder of the corpus, so that tables hold nothing of this machine."""
    way = Path(os.path.relpath(sources, corpus_dir)).as_posix()
    return [f"{way}/{name}" for name in names]


def _missing(declared: Declaration, sources: Path, reason: str) -> str:
    shown = f"data/sources/{sources.name}"
    return (
        f"{declared.title} is not there: {reason}. Put these files where they are listed, then run dvc repro again "
        f"({declared.homepage}):\n{shopping_list(declared, sources, shown)}"
    )


def _facts(
    declared: Declaration, clips: pd.DataFrame, tags: pd.DataFrame, sizes: np.ndarray, crossing: list[str]
) -> dict[str, Any]:
    """What readers of the tables should know."""
    absent = clips.clip_id[sizes < 0]
    return {
        "title": declared.title,
        "homepage": declared.homepage,
        "licence": declared.licence,
        "citation": declared.citation,
        "n_clips": {split: int((clips.split == split).sum()) for split in SPLITS},
        "n_tags": tags.shape[1],
        "left_out": dict(declared.left_out),
        "groups_in_several_splits": crossing,
        # The store lists or refuses them, as its parameters say.
        "n_without_audio": len(absent),
        "first_without_audio": list(absent[:10]),
    }
