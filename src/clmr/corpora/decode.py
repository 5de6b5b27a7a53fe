"""Any audio file to mono PCM at a given sample rate."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

MIN_PEAK = 1 / 32_767
"""Peak below which audio counts as silent: one step of 16 bits."""


def decode_mono(path: Path, sample_rate_hz: int) -> np.ndarray:
    """Mono int16 audio of shape (T,), the mean of all channels, resampled with soxr.

    Differs: the released code of the thesis mixes to mono as well; the current one keeps the channels.

    Args:
        path: WAV, FLAC, OGG, MP3, or any other format that libsndfile reads.
        sample_rate_hz: Rate of the result.

    Raises:
        ValueError: If the file cannot be decoded, or is empty, silent, or holds values that are not
            finite; the message gives the reason alone, for a report that names the file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(Path(folder, "tone.wav"), np.full((8_000, 2), 0.5), 8_000)
    ...     decode_mono(Path(folder, "tone.wav"), 4_000).shape
    (4000,)
    """
    try:
        audio, source_rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        # Without the path, which differs between machines: stores keep the reason of each clip they skip.
        reason = error.error_string if isinstance(error, soundfile.LibsndfileError) else error.strerror
        raise ValueError(f"cannot be decoded ({reason})") from error
    if audio.size == 0:
        raise ValueError("holds no samples")
    # A NaN would become some integer, and be heard as a click.
    if not np.isfinite(audio).all():
        raise ValueError("holds values that are not finite")
    mono = audio.mean(axis=1)
    if source_rate_hz != sample_rate_hz:
        mono = soxr.resample(mono, source_rate_hz, sample_rate_hz, quality="HQ")
    if np.abs(mono).max() < MIN_PEAK:
        raise ValueError("is silent")
    return to_int16(mono)


def to_int16(audio: np.ndarray) -> np.ndarray:
    """Audio in [-1, 1] as 16-bit integers, rounded; samples outside that range are clipped.

    >>> to_int16(np.array([0.5, -1.0, 2.0])).tolist()
    [16384, -32767, 32767]
    """
    # Clipped, not wrapped: resampling overshoots where a recording is mastered to full scale.
    return np.rint(np.clip(audio, -1, 1) * 32_767).astype(np.int16)
