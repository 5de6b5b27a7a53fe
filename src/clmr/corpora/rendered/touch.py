"""How touch is heard: the harder a note is played, the brighter it is.

What belongs here: the filter that follows touch. What does not: velocities, which the arrangement gives to notes
(``arranging``). They make notes louder and, in these soundfonts, hardly brighter, and what they make louder is
balanced away again.
"""

import numpy as np
from scipy import signal

# Gain of the treble over the bass in dB. The three bands of the equaliser tilt the spectrum by chance, whatever is
# played; touch must stand out from them.
TREBLE_DB = {"soft": -10.0, "normal": 0.0, "hard": 10.0}
# Above the fundamentals of most melodies, and low enough that most of the rise lies below 4 kHz, the highest
# frequency of the stores at embedded scale.
_CENTRE_HZ = 1000.0


def touched(samples: np.ndarray, touch: str, sample_rate_hz: int) -> np.ndarray:
    """``samples`` as they sound at a touch, shape (T,): through a shelf of first order, at most 6 dB per octave.

    All players of a clip have one touch. So the mix may be filtered instead of every part, as filters are linear.

    Args:
        samples: A part or a mix, shape (T,).
        touch: Key of `TREBLE_DB`.
        sample_rate_hz: Rate of the samples.

    >>> touched(np.ones(8, dtype=np.float32), "normal", 8_000).tolist() == [1.0] * 8
    True
    """
    gain = 10 ** (TREBLE_DB[touch] / 20)
    root = np.sqrt(gain)
    # Of H(s) = (gain s + root) / (s + root), whose gain is 1 at low, root at the centre and gain at high frequencies,
    # with s = stretch (z - 1) / (z + 1), so that the centre stays in place.
    stretch = 1 / np.tan(np.pi * _CENTRE_HZ / sample_rate_hz)
    numerator = np.array([root + gain * stretch, root - gain * stretch])
    denominator = np.array([root + stretch, root - stretch])
    # In the precision of the samples, or the result would be float64 and everything after it twice as slow.
    first = denominator[0]
    return signal.lfilter(
        (numerator / first).astype(samples.dtype), (denominator / first).astype(samples.dtype), samples
    )
