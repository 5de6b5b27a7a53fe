"""Audio that FFmpeg reads and libsndfile does not, such as AAC and WMA, through the optional package PyAV."""

import importlib.util
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from clmr.corpora.audio_kinds import NEEDS_AV

INSTALL = "pip install 'clmr[formats]' brings PyAV, which reads it; or convert the file to FLAC"
_BLOCK_FRAMES = 1 << 18
# Containers round their lengths, and count what encoders add at either end.
_LENGTH_TOLERANCE_S = 0.2


def opened(
    path: Path, kind: str | None, reason: str, stack: ExitStack
) -> tuple[int, bool, Iterator[np.ndarray], list[str]]:
    """Sample rate, whether samples are floating-point, blocks of shape (T, C), and notes to be filled.

    Args:
        path: The file.
        kind: What it is by its first bytes.
        reason: What libsndfile said of it.
        stack: Closes the file.

    Raises:
        ValueError: If PyAV is not installed, or does not read the file either.
    """
    # FFmpeg finds some audio in anything, so it is asked only where the first bytes are those of audio.
    if kind is None:
        raise ValueError(f"cannot be decoded ({reason})")
    if kind not in NEEDS_AV:
        raise ValueError(f"is {kind}, not audio")
    if importlib.util.find_spec("av") is None:
        raise ValueError(f"is {kind}; {INSTALL}")
    import av  # optional

    try:
        container = stack.enter_context(av.open(stack.enter_context(path.open("rb"))))
        if not container.streams.audio:
            raise ValueError(f"is {kind} and holds no audio")
        rate_hz = container.streams.audio[0].rate
    except (av.error.FFmpegError, OSError) as error:
        raise ValueError(f"is {kind} and cannot be decoded ({_words(error)})") from error
    notes: list[str] = []
    return rate_hz, False, _blocks(container, rate_hz, kind, notes), notes


def _blocks(container: Any, rate_hz: int, kind: str, notes: list[str]) -> Iterator[np.ndarray]:
    import av

    # To floating-point numbers, with rate and channels as they are.
    resampler, held, n_held, n_read = av.AudioResampler(format="fltp"), [], 0, 0
    try:
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                held.append(part.to_ndarray().T)
                n_held += len(held[-1])
            if n_held >= _BLOCK_FRAMES:
                yield np.concatenate(held)
                held, n_held, n_read = [], 0, n_read + n_held
    except (av.error.FFmpegError, OSError) as error:
        if not n_read + n_held:
            raise ValueError(f"is {kind} and cannot be decoded ({_words(error)})") from error
        notes.append(f"is damaged: decoding stopped after {(n_read + n_held) / rate_hz:.1f} s ({_words(error)})")
    else:
        # In microseconds; files that do not state it have None.
        missing_s = (container.duration or 0) / 1e6 - (n_read + n_held) / rate_hz
        if missing_s > _LENGTH_TOLERANCE_S:
            notes.append(f"is cut off: {missing_s:.1f} s of what its header promises are not there")
    if held:
        yield np.concatenate(held)


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
