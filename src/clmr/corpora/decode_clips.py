"""Decoding the clips of a corpus in parallel: each gives samples, or the reason why it gives none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from clmr.compute.worker_processes import Lost, in_order
from clmr.corpora.decode import decode_to
from clmr.corpora.store import PCM_DTYPE

PATIENCE_S = 1_800.0
"""Time in which a file must be decoded: hours of audio are, and a disk that does not answer is not waited for."""
_MAX_HELD_SAMPLES = 1 << 22


@dataclass(frozen=True)
class Clip:
    """A decoded clip.

    Attributes:
        pcm: Its samples, or the file that holds those of a long clip.
        notes: What to look at, one sentence each.
    """

    pcm: np.ndarray | Path
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Decoding:
    """How clips are decoded.

    Attributes:
        corpus_dir: Folder that their paths are relative to.
        sample_rate_hz: Rate of the result.
        min_duration_s: Shorter clips give a reason instead of samples.
        parts_dir: Receives the samples of long clips.
    """

    corpus_dir: Path
    sample_rate_hz: int
    min_duration_s: float
    parts_dir: Path


def decode_clips(paths: Sequence[str], decoding: Decoding, n_workers: int) -> Iterator[Clip | str]:
    """Decoded clips, or the reasons why not, in the order of ``paths``.

    Args:
        paths: Files, relative to the corpus.
        decoding: What becomes of them.
        n_workers: Processes. With one, clips are decoded in this process, which a faulty decoder then ends.
    """
    decode, items = partial(_decode_one, decoding), list(enumerate(paths))
    if n_workers == 1:
        yield from map(decode, items)
        return
    for result in in_order(decode, items, n_workers, PATIENCE_S):
        yield result.reason if isinstance(result, Lost) else result


def _decode_one(decoding: Decoding, item: tuple[int, str]) -> Clip | str:
    index, path = item
    sink = _Sink(decoding.parts_dir / f"{index}.i16")
    try:
        decoded = decode_to(decoding.corpus_dir / path, decoding.sample_rate_hz, sink.write)
        duration_s = decoded.n_samples / decoding.sample_rate_hz
        if duration_s < decoding.min_duration_s:
            raise ValueError(f"lasts {duration_s:.2f} s, less than {decoding.min_duration_s} s")
    except ValueError as error:
        sink.discard()
        return str(error)
    except MemoryError:
        sink.discard()
        return "needs more memory than there is"
    # Decoders are foreign code, and a clip is not worth the whole build.
    except Exception as error:
        sink.discard()
        return f"cannot be decoded ({type(error).__name__}: {error})"
    return Clip(sink.pcm(), decoded.notes)


class _Sink:
    """Samples in memory, and beyond a few minutes in a file: many hours fit into no memory."""

    def __init__(self, part: Path) -> None:
        self._part = part
        self._held: list[np.ndarray] = []
        self._file: BinaryIO | None = None

    def write(self, chunk: np.ndarray) -> None:
        """Take more samples."""
        if self._file is not None:
            self._file.write(chunk.astype(PCM_DTYPE).tobytes())
            return
        self._held.append(chunk)
        if sum(map(len, self._held)) > _MAX_HELD_SAMPLES:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("wb")
            for held in self._held:
                self._file.write(held.astype(PCM_DTYPE).tobytes())
            self._held = []

    def pcm(self) -> np.ndarray | Path:
        """All samples."""
        if self._file is None:
            return np.concatenate(self._held)
        self._file.close()
        return self._part

    def discard(self) -> None:
        """Leave nothing behind."""
        self._held = []
        if self._file is not None:
            self._file.close()
            self._part.unlink()
