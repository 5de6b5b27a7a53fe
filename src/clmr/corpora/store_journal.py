"""The journal of a store that is being built: which clips are complete, so that a killed build resumes."""

import hashlib
import json
import os
from pathlib import Path
from typing import IO, BinaryIO

from clmr.corpora.store import AUDIO_NAME, PCM_DTYPE
from clmr.storage.files import write_text

JOURNAL_NAME = "journal.jsonl"
BLOCK_BYTES = 1 << 20
"""Read or written at a time."""


def sync(*streams: IO) -> None:
    """Have everything that was written on disk."""
    for stream in streams:
        stream.flush()
        os.fsync(stream.fileno())


def resume(work_dir: Path) -> list[dict]:
    """Journal entries of an interrupted build whose audio is complete; both files are cut back to them."""
    audio_path, journal_path = work_dir / AUDIO_NAME, work_dir / JOURNAL_NAME
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
    return entry if next_digest(audio, entry["n_samples"]) == entry["sha256"] else None


def next_digest(audio: BinaryIO, n_samples: int) -> str:
    """Checksum of the next samples, which are read in blocks and not mapped: mapped pages count as memory."""
    digest, remaining = hashlib.sha256(), n_samples * PCM_DTYPE.itemsize
    while remaining and (block := audio.read(min(remaining, BLOCK_BYTES))):
        digest.update(block)
        remaining -= len(block)
    return digest.hexdigest()
