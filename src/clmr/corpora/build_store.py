"""Building a PCM store from a corpus folder: decode in parallel, append in order, resume after a kill.

A corpus folder holds ``clips.csv`` (clip_id, track_id, split, path, perhaps group_id, and any further columns),
``tags.csv`` (clip_id and one column per tag) and the audio files that ``path`` names. Tracks that resemble each
other, such as settings of one tune, have one ``group_id``; without that column every track is a group of its own.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import pandas as pd

from clmr.compute.progress import progress
from clmr.corpora.corpus_tables import read_corpus
from clmr.corpora.decode_clips import Clip, Decoding, decode_clips
from clmr.corpora.problems import Problem, read_problems, write_problems
from clmr.corpora.store import (
    AUDIO_NAME,
    CLIPS_NAME,
    PCM_DTYPE,
    STORE_NAME,
    TAGS_NAME,
    Store,
    open_store,
    read_clips,
)  # fmt: skip
from clmr.corpora.store_journal import BLOCK_BYTES, JOURNAL_NAME, next_digest, resume, sync
from clmr.storage.files import sha256_of, write_json, write_text
from clmr.storage.strict import Positive, require, strict

_PARTS_NAME = "parts"
_SYNC_EVERY_CLIPS = 64


@strict
class StoreParams:
    """One store.

    Attributes:
        corpus: Name of the corpus, a key of ``corpora``.
        sample_rate_hz: Rate that all audio is resampled to.
        min_duration_s: Shorter clips count as broken.
        broken: What to do with a file that is missing, undecodable, empty, silent, not finite or too
            short: ``skip`` lists it in ``problems.csv`` and the store's ``skipped``, ``refuse`` ends the build.
    """

    corpus: str
    sample_rate_hz: int
    min_duration_s: Positive
    broken: Literal["skip", "refuse"]

    def __post_init__(self) -> None:
        require(
            1_000 <= self.sample_rate_hz <= 192_000,
            "sample_rate_hz",
            self.sample_rate_hz,
            "in [1000, 192000]",
        )


def build_store(corpus_dir: Path, params: StoreParams, store_dir: Path, work_dir: Path, n_workers: int) -> None:
    """Write the store of a corpus folder to ``store_dir``.

    Unfinished work is kept in ``work_dir``, which the caller ties to its inputs: clips are appended in
    the order of ``clips.csv``, each noted in a journal with its checksum, so a killed build resumes
    after the last complete clip, and ends with the same bytes. The finished store is read back once and
    compared with the checksums; then the folder is moved to ``store_dir``, replacing what was there.

    A file that cannot be used is one line of the store's ``problems.csv``, and so is one that was used and should be
    looked at, and audio that clips of two splits share. Without problems there is no such file.

    Differs: the released code takes the next file in place of a short or unreadable one, without a word;
        here each is listed with the reason, or ends the build.

    Args:
        corpus_dir: Folder of the corpus.
        params: Rate, and what to do with broken files.
        store_dir: Receives the store.
        work_dir: Keeps unfinished work if the build is interrupted.
        n_workers: Processes that decode.

    Raises:
        FileNotFoundError: If a table of the corpus is missing.
        ValueError: If the tables do not fit each other, no clip could be used, the audio reads back
            differently from what was written, or, with ``broken="refuse"``, a clip could not be used.
    """
    clips, tags = read_corpus(corpus_dir)
    work_dir.mkdir(parents=True, exist_ok=True)
    journal = resume(work_dir)
    pending = clips.iloc[len(journal) :]
    parts_dir = work_dir / _PARTS_NAME
    decoding = Decoding(corpus_dir, params.sample_rate_hz, params.min_duration_s, parts_dir)
    decoded = decode_clips(list(pending.path), decoding, n_workers)
    bar = progress(decoded, f"store {params.corpus}", total=len(pending), unit="clip")
    _write_clips(work_dir, pending.clip_id, bar, journal, params)
    shutil.rmtree(parts_dir, ignore_errors=True)
    _finish(work_dir, clips, tags, journal, params)
    write_problems(work_dir, [*read_problems(corpus_dir), *_problems(clips, journal)])
    # Here, where a bad disk can still be told from bad data: no later stage reads all of the audio again.
    _verify(open_store(work_dir))
    # Last: a build that is killed before this line resumes with all clips decoded.
    (work_dir / JOURNAL_NAME).unlink()
    if store_dir.exists():
        shutil.rmtree(store_dir)
    store_dir.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(work_dir, store_dir)


def _write_clips(
    work_dir: Path, clip_ids: Iterable[str], decoded: Iterable[Clip | str], journal: list[dict], params: StoreParams
) -> None:
    """Append clips to the audio, and an entry for each to the journal, on disk and in the list."""
    with (
        (work_dir / AUDIO_NAME).open("ab") as audio,
        (work_dir / JOURNAL_NAME).open("a", encoding="utf-8") as notes,
    ):
        for clip_id, clip in zip(clip_ids, decoded, strict=True):
            # Audio before journal: an entry stands for a clip that was written completely.
            entry = _append(audio, clip_id, clip, params)
            notes.write(json.dumps(entry) + "\n")
            journal.append(entry)
            # Flushing to disk is slow, so not after every clip; a power cut costs no more than these.
            if len(journal) % _SYNC_EVERY_CLIPS == 0:
                sync(audio, notes)
        sync(audio, notes)


def _append(audio: BinaryIO, clip_id: str, decoded: Clip | str, params: StoreParams) -> dict:
    """Write a clip behind the others; its entry in the journal."""
    if isinstance(decoded, str):
        if params.broken == "refuse":
            raise ValueError(
                f"clip {clip_id} of corpus {params.corpus} {decoded}; mend or remove it, "
                f"or set broken: skip (params.yaml: stores)"
            )
        return {"clip_id": clip_id, "skipped": decoded}
    offset, digest, n_bytes = audio.tell() // PCM_DTYPE.itemsize, hashlib.sha256(), 0
    for block in _blocks(decoded.pcm):
        audio.write(block)
        digest.update(block)
        n_bytes += len(block)
    if isinstance(decoded.pcm, Path):
        decoded.pcm.unlink()
    entry = {"clip_id": clip_id, "offset": offset, "n_samples": n_bytes // PCM_DTYPE.itemsize}
    notes = {"notes": list(decoded.notes)} if decoded.notes else {}
    return entry | {"sha256": digest.hexdigest()} | notes


def _blocks(pcm: np.ndarray | Path) -> Iterator[bytes]:
    if isinstance(pcm, Path):
        with pcm.open("rb") as stream:
            yield from iter(partial(stream.read, BLOCK_BYTES), b"")
    else:
        yield pcm.astype(PCM_DTYPE).tobytes()


def _verify(store: Store) -> None:
    """Read all audio once, as :meth:`Store.verify` does, with no more memory than a block takes."""
    with (store.folder / AUDIO_NAME).open("rb") as audio:
        clips = read_clips(store.folder / CLIPS_NAME).itertuples()
        if all(next_digest(audio, row.n_samples) == row.sha256 for row in clips):
            return
    # Names the clips that differ.
    store.verify()


def _finish(work_dir: Path, clips: pd.DataFrame, tags: pd.DataFrame, journal: list[dict], params: StoreParams) -> None:
    used = np.array(["skipped" not in entry for entry in journal], dtype=bool)
    if not used.any():
        reason = journal[0]["skipped"] if journal else "the table is empty"
        raise ValueError(f"corpus {params.corpus}: no usable clip among {len(journal)} (first: {reason})")
    places = pd.DataFrame([entry for entry in journal if "skipped" not in entry]).drop(columns="notes", errors="ignore")
    kept = clips.loc[used, ["clip_id", "track_id", "group_id", "split", "path"]].merge(places, on="clip_id")
    columns = ["clip_id", "track_id", "group_id", "split", "offset", "n_samples", "sha256", "path"]
    write_text(work_dir / CLIPS_NAME, kept[columns].to_csv(index=False, lineterminator="\n"))
    write_text(work_dir / TAGS_NAME, tags[used].to_csv(lineterminator="\n"))
    write_json(
        work_dir / STORE_NAME,
        {
            "corpus": params.corpus,
            "sample_rate_hz": params.sample_rate_hz,
            "n_clips": len(kept),
            "n_samples": int(kept.n_samples.sum()),
            "sha256": {name: sha256_of(work_dir / name) for name in (CLIPS_NAME, TAGS_NAME)},
            "skipped": {entry["clip_id"]: entry["skipped"] for entry in journal if "skipped" in entry},
        },
    )


def _problems(clips: pd.DataFrame, journal: list[dict]) -> Iterator[Problem]:
    """What was skipped, what is to be looked at, and audio that two splits share."""
    splits_by_audio: dict[str, tuple[str, str]] = {}
    for row, entry in zip(clips.itertuples(), journal, strict=True):
        if "skipped" in entry:
            yield Problem("skipped", row.clip_id, row.path, entry["skipped"])
            continue
        for note in entry.get("notes", ()):
            yield Problem("suspect", row.clip_id, row.path, note)
        split, first = splits_by_audio.setdefault(entry["sha256"], (row.split, row.clip_id))
        if split != row.split:
            reason = f"is in the split {row.split}, and has the audio of {first}, which is in {split}"
            yield Problem("same_audio", row.clip_id, row.path, reason)
