"""Any audio file to mono PCM at a given sample rate.

What belongs here: mixing down, resampling and judging what was read. What does not: opening files, which
:mod:`clmr.corpora.audio_files` does.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from clmr.corpora.audio_files import open_audio
from clmr.corpora.signal_checks import SignalChecks

MIN_PEAK = 1 / 32_767
"""Peak below which audio counts as silent: one step of 16 bits."""
WHOLE_FRAMES = 1 << 23
"""Longest source that is resampled as a whole, three minutes at 44,100 Hz; longer ones pass in blocks."""


@dataclass(frozen=True)
class Decoded:
    """A file that was decoded.

    Attributes:
        n_samples: Samples at the new rate.
        notes: What cannot be right about the file or its signal, one sentence each; empty for most.
    """

    n_samples: int
    notes: tuple[str, ...]


def decode_mono(path: Path, sample_rate_hz: int) -> np.ndarray:
    """Mono int16 audio of shape (T,), the mean of all channels, resampled with soxr.

    Differs: the released code of the thesis mixes to mono as well; the current one keeps the channels.

    Args:
        path: WAV, FLAC, Ogg, Opus, MP3, AIFF, or any other format that libsndfile reads; with PyAV what FFmpeg does.
        sample_rate_hz: Rate of the result.

    Raises:
        ValueError: If the file cannot be decoded, or is empty, silent, or holds values that are not
            finite; the message gives the reason alone, for a report that names the file.

    >>> import tempfile, soundfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(Path(folder, "tone.wav"), np.full((8_000, 2), 0.5), 8_000)
    ...     decode_mono(Path(folder, "tone.wav"), 4_000).shape
    (4000,)
    """
    chunks: list[np.ndarray] = []
    decode_to(path, sample_rate_hz, chunks.append)
    return np.concatenate(chunks)


def decode_to(path: Path, sample_rate_hz: int, write: Callable[[np.ndarray], object]) -> Decoded:
    """Hand the samples of :func:`decode_mono` to ``write``, piece by piece, so that memory does not grow with a file.

    What was written before an error is to be thrown away.

    Args:
        path: As for :func:`decode_mono`.
        sample_rate_hz: Likewise.
        write: Receives int16 arrays of shape (T,).

    Raises:
        ValueError: As :func:`decode_mono`.
    """
    n_samples, peak = 0, 0.0
    with open_audio(path) as source:
        checks = SignalChecks(source.rate_hz, source.is_float)
        mono = _mixed_down(source.blocks(), checks)
        for chunk in _resampled(mono, source.rate_hz, sample_rate_hz):
            if len(chunk):
                peak = max(peak, float(np.abs(chunk).max()))
                write(to_int16(chunk))
                n_samples += len(chunk)
        notes = source.notes
    if checks.n_frames == 0:
        raise ValueError("holds no samples")
    checks.require_usable()
    if peak < MIN_PEAK:
        raise ValueError(checks.silence())
    return Decoded(n_samples, (*notes, *checks.notes()))


def to_int16(audio: np.ndarray) -> np.ndarray:
    """Audio in [-1, 1] as 16-bit integers, rounded; samples outside that range are clipped.

    >>> to_int16(np.array([0.5, -1.0, 2.0])).tolist()
    [16384, -32767, 32767]
    """
    # Clipped, not wrapped: resampling overshoots where a recording is mastered to full scale.
    return np.rint(np.clip(audio, -1, 1) * 32_767).astype(np.int16)


def _mixed_down(blocks: Iterable[np.ndarray], checks: SignalChecks) -> Iterator[np.ndarray]:
    """The mean over channels of each block, which was looked at before."""
    for block in blocks:
        # A NaN would become some integer, and be heard as a click.
        if not np.isfinite(block).all():
            raise ValueError("holds values that are not finite")
        mono = block.mean(axis=1)
        checks.look_at(block, mono)
        yield mono


def _resampled(blocks: Iterator[np.ndarray], source_hz: int, target_hz: int) -> Iterator[np.ndarray]:
    """Blocks at another rate: one for a source of usual length, several for a long one."""
    held: list[np.ndarray] = []
    n_held = 0
    for block in blocks:
        held.append(block)
        n_held += len(block)
        if n_held > WHOLE_FRAMES:
            yield from _resampled_in_blocks(_chained(held, blocks), source_hz, target_hz)
            return
    if held:
        mono = np.concatenate(held)
        yield mono if source_hz == target_hz else soxr.resample(mono, source_hz, target_hz, quality="HQ")


def _resampled_in_blocks(blocks: Iterator[np.ndarray], source_hz: int, target_hz: int) -> Iterator[np.ndarray]:
    if source_hz == target_hz:
        yield from blocks
        return
    stream = soxr.ResampleStream(source_hz, target_hz, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _chained(held: list[np.ndarray], blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    # Taken out one by one, so that what was resampled is not held any longer.
    while held:
        yield held.pop(0)
    yield from blocks
