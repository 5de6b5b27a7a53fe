"""Audio as MP3, which every browser plays, from a page on disk as well as inside a notebook."""

import io

import numpy as np
import soundfile

RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""Sample rates that the format has."""
_QUALITY = 0.3
"""Between 0, the best, and 1, the smallest, at a variable rate."""


def mp3(audio: np.ndarray, sample_rate_hz: int) -> bytes:
    """Audio as MP3; equal audio gives equal bytes.

    Args:
        audio: Mono, shape (T,), in [-1, 1].
        sample_rate_hz: Sample rate in Hz, one of :data:`RATES_HZ`.

    Raises:
        ValueError: If the format has no such sample rate.
    """
    if sample_rate_hz not in RATES_HZ:
        raise ValueError(
            f"found {sample_rate_hz} Hz, MP3 has {', '.join(map(str, RATES_HZ))}; use a store of such a rate"
        )
    # Not Ogg, whose streams carry a random number: what is published would differ from run to run.
    encoded = io.BytesIO()
    soundfile.write(encoded, audio, sample_rate_hz, format="MP3", bitrate_mode="VARIABLE", compression_level=_QUALITY)
    return encoded.getvalue()
