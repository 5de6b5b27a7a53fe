"""Building a PCM store from a corpus folder: decode in parallel, append in order, resume after a kill.

A corpus folder holds ``clips.csv`` (clip_id, track_id, split, path, perhaps group_id, and any further columns),
``tags.csv`` (clip_id and one column per tag) and the audio files that ``path`` names. Tracks that resemble each
other, such as settings of one tune, have one ``group_id``; without that column every track is a group of its own.
"""

import json
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, Literal

import numpy as np
import pandas as pd

from clmr.compute.progress import progress
from clmr.corpora.decode import decode_mono
from clmr.corpora.store import (
    AUDIO_NAME,
    CLIPS_NAME,
    PCM_DTYPE,
    SPLITS,
    STORE_NAME,
    TAGS_NAME,
    open_store,
    read_clips,
    read_tags,
    sample_digest,
)  # fmt: skip
from clmr.storage.files import sha256_of, write_json, write_text
from clmr.storage.strict import Positive, require, strict

_JOURNAL_NAME = "journal.jsonl"
_SYNC_EVERY_CLIPS = 64


@strict
class StoreParams:
    """One store.

    Attributes:
        corpus: Name of the corpus, a key of ``corpora``.
        sample_rate_hz: Rate that all audio is resampled to.
        min_duration_s: Shorter clips count as broken.
        broken: What to do with a file that is missing, undecodable, empty, silent, not finite or too
            short: ``skip`` lists it in the store's ``skipped``, ``refuse`` ends the build.
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
    clips, tags = _read_corpus(corpus_dir)
    work_dir.mkdir(parents=True, exist_ok=True)
    journal = _resume(work_dir)
    pending = clips.iloc[len(journal) :]
    decoded = _decode_all(corpus_dir, list(pending.path), params, n_workers)
    bar = progress(decoded, f"store {params.corpus}", total=len(pending), unit="clip")
    with (
        (work_dir / AUDIO_NAME).open("ab") as audio,
        (work_dir / _JOURNAL_NAME).open("a", encoding="utf-8") as notes,
    ):
        for clip_id, samples in zip(pending.clip_id, bar, strict=True):
            # Audio before journal: an entry stands for a clip that was written completely.
            entry = _append(audio, clip_id, samples, params)
            notes.write(json.dumps(entry) + "\n")
            journal.append(entry)
            # Flushing to disk is slow, so not after every clip; a power cut costs no more than these.
            if len(journal) % _SYNC_EVERY_CLIPS == 0:
                _sync(audio, notes)
        _sync(audio, notes)
    _finish(work_dir, clips, tags, journal, params)
    # Here, where a bad disk can still be told from bad data: no later stage reads all of the audio again.
    open_store(work_dir).verify()
    # Last: a build that is killed before this line resumes with all clips decoded.
    (work_dir / _JOURNAL_NAME).unlink()
    if store_dir.exists():
        shutil.rmtree(store_dir)
    store_dir.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(work_dir, store_dir)


def _read_corpus(corpus_dir: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    for name in (CLIPS_NAME, TAGS_NAME):
        if not (corpus_dir / name).is_file():
            raise FileNotFoundError(f"{corpus_dir}: no {name}; run the corpus's download stage first")
    clips, tags = read_clips(corpus_dir / CLIPS_NAME), read_tags(corpus_dir / TAGS_NAME)
    if list(clips.clip_id) != list(tags.index):
        raise ValueError(f"{corpus_dir}: {CLIPS_NAME} and {TAGS_NAME} must list the same clips in one order")
    if clips.clip_id.duplicated().any():
        raise ValueError(f"{corpus_dir}: clip_id {clips.clip_id[clips.clip_id.duplicated()].iloc[0]!r} occurs twice")
    if not set(clips.split) <= set(SPLITS):
        raise ValueError(f"{corpus_dir}: found splits {sorted(set(clips.split))}, allowed are {list(SPLITS)}")
    if not tags.isin([0, 1]).all(axis=None):
        raise ValueError(f"{corpus_dir}: {TAGS_NAME} must hold 0 and 1 only")
    return clips, tags


def _decode_all(corpus_dir: Path, paths: list[str], params: StoreParams, n_workers: int) -> Iterator[np.ndarray | str]:
    """Decoded clips, or the reasons why not, in the order of ``paths``."""
    decode = partial(_decode_one, corpus_dir, params.sample_rate_hz, params.min_duration_s)
    if n_workers == 1:
        yield from map(decode, paths)
        return
    # Spawned, not forked: a forked child could lock up in threads that torch has started here. imap keeps the
    # order, on which the bytes of the store depend.
    with multiprocessing.get_context("spawn").Pool(n_workers) as pool:
        yield from pool.imap(decode, paths, chunksize=4)


def _decode_one(corpus_dir: Path, sample_rate_hz: int, min_duration_s: float, path: str) -> np.ndarray | str:
    try:
        samples = decode_mono(corpus_dir / path, sample_rate_hz)
    except ValueError as error:
        return str(error)
    duration_s = len(samples) / sample_rate_hz
    if duration_s < min_duration_s:
        return f"lasts {duration_s:.2f} s, less than {min_duration_s} s"
    return samples


def _append(audio: BinaryIO, clip_id: str, samples: np.ndarray | str, params: StoreParams) -> dict:
    if isinstance(samples, str):
        if params.broken == "refuse":
            raise ValueError(
                f"clip {clip_id} of corpus {params.corpus} {samples}; mend or remove it, "
                f"or set broken: skip (params.yaml: stores)"
            )
        return {"clip_id": clip_id, "skipped": samples}
    stored = samples.astype(PCM_DTYPE)
    offset = audio.tell() // PCM_DTYPE.itemsize
    audio.write(stored.tobytes())
    return {"clip_id": clip_id, "offset": offset, "n_samples": len(stored), "sha256": sample_digest(stored)}


def _sync(*streams: IO) -> None:
    for stream in streams:
        stream.flush()
        os.fsync(stream.fileno())


def _resume(work_dir: Path) -> list[dict]:
    """Journal entries of an interrupted build whose audio is complete; both files are cut back to them."""
    audio_path, journal_path = work_dir / AUDIO_NAME, work_dir / _JOURNAL_NAME
    # One without the other says nothing about what is complete.
    if not (audio_path.is_file() and journal_path.is_file()):
        audio_path.unlink(missing_ok=True)
        journal_path.unlink(missing_ok=True)
        return []
    whole, end = [], 0
    with audio_path.open("rb") as audio:
        for line in journal_path.read_text(encoding="utf-8").splitlines():
            entry = _whole_entry(line, audio)
            # Clips follow each other without gaps, so nothing after the first damaged one can be kept.
            if entry is None:
                break
            whole.append(entry)
            end += entry.get("n_samples", 0) * PCM_DTYPE.itemsize
    os.truncate(audio_path, end)
    write_text(journal_path, "".join(json.dumps(entry) + "\n" for entry in whole))
    return whole


def _whole_entry(line: str, audio: BinaryIO) -> dict | None:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError:
        return None
    if "skipped" in entry:
        return entry
    samples = np.frombuffer(audio.read(entry["n_samples"] * PCM_DTYPE.itemsize), dtype=np.uint8)
    return entry if sample_digest(samples) == entry["sha256"] else None


def _finish(work_dir: Path, clips: pd.DataFrame, tags: pd.DataFrame, journal: list[dict], params: StoreParams) -> None:
    used = np.array(["skipped" not in entry for entry in journal], dtype=bool)
    if not used.any():
        reason = journal[0]["skipped"] if journal else "the table is empty"
        raise ValueError(f"corpus {params.corpus}: no usable clip among {len(journal)} (first: {reason})")
    places = pd.DataFrame([entry for entry in journal if "skipped" not in entry])
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
