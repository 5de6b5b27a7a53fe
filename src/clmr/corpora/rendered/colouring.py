"""Recording conditions: equaliser, room, noise and level. All functions work on float arrays of shape (T,).

They are drawn for each track, so that the spectrum of a clip says less about its tags. By themselves they
are not enough for that: it matters more that instruments are drawn independently of style (``productions``).
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft, signal

from clmr.corpora.rendered.params import ColouringParams

_N_EQ_BANDS = 3
_EQ_LOWEST_HZ = 80.0
_EQ_HIGHEST_HZ = 6000.0
_LIMITER_CEILING = 0.97
_QUIETEST_RMS = 1e-5


@dataclass(frozen=True)
class Colouring:
    """The drawn recording conditions of one track.

    Attributes:
        eq_bands: Centre in Hz, gain in dB and quality of each peaking band.
        rt60_s: Reverberation time.
        wet_db: Reverberation relative to the direct sound.
        snr_db: Level of the music above the noise.
        noise_slope: Exponent of the noise's power spectrum; 0 is white, -2 is brown.
    """

    eq_bands: tuple[tuple[float, float, float], ...]
    rt60_s: float
    wet_db: float
    snr_db: float
    noise_slope: float


def draw_colouring(params: ColouringParams, sample_rate_hz: int, rng: np.random.Generator) -> Colouring:
    """Conditions drawn uniformly from the parameters' ranges; band centres on a logarithmic scale.

    Args:
        params: The ranges.
        sample_rate_hz: Rate of the audio; all bands lie below half of it.
        rng: Source of the draws.
    """
    # Well below the Nyquist frequency, towards which the upper half of a peaking filter is squeezed.
    highest_hz = min(_EQ_HIGHEST_HZ, 0.4 * sample_rate_hz)
    centres_hz = np.exp(rng.uniform(np.log(_EQ_LOWEST_HZ), np.log(highest_hz), _N_EQ_BANDS))
    gains_db = rng.uniform(-params.eq_gain_db, params.eq_gain_db, _N_EQ_BANDS)
    qualities = rng.uniform(0.5, 1.5, _N_EQ_BANDS)
    bands = zip(centres_hz.tolist(), gains_db.tolist(), qualities.tolist(), strict=True)
    return Colouring(
        eq_bands=tuple(bands),
        rt60_s=float(rng.uniform(*params.room_rt60_s)),
        wet_db=float(rng.uniform(*params.room_wet_db)),
        snr_db=float(rng.uniform(*params.noise_snr_db)),
        noise_slope=float(rng.uniform(-2.0, 0.0)),
    )


def colour(
    samples: np.ndarray, colouring: Colouring, level_db: float, sample_rate_hz: int, rng: np.random.Generator
) -> np.ndarray:
    """``samples`` through equaliser and room, with noise, at ``level_db``; float32, shape (T,), within ±1.

    Args:
        samples: Music, shape (T,).
        colouring: The recording conditions.
        level_db: Root mean square of the result before limiting, in dB re full scale.
        sample_rate_hz: Rate of the audio.
        rng: Source of the room's tail and of the noise.

    Raises:
        ValueError: If the samples are silent, since no level can be reached then.

    >>> conditions = Colouring(((800.0, 6.0, 1.0),), rt60_s=0.2, wet_db=-12.0, snr_db=30.0, noise_slope=-1.0)
    >>> tone = np.sin(np.arange(8_000) / 5)
    >>> colour(tone, conditions, -20.0, 8_000, np.random.default_rng(0)).shape
    (8000,)
    """
    music = add_room(equalise(samples, colouring.eq_bands, sample_rate_hz), colouring, sample_rate_hz, rng)
    music_rms = root_mean_square(music)
    if music_rms < _QUIETEST_RMS:
        raise ValueError(
            f"found silence (rms {music_rms:.1e}), expected music; check the arrangement and the soundfont"
        )
    # After equaliser and room: it is the noise of the recording, not of the place.
    noise = coloured_noise(len(samples), colouring.noise_slope, rng)
    mixed = music / music_rms + noise * 10 ** (-colouring.snr_db / 20)
    scaled = mixed * 10 ** (level_db / 20) / root_mean_square(mixed)
    # A limiter, as on records: the loudest clips keep their level and lose their peaks.
    return (_LIMITER_CEILING * np.tanh(scaled / _LIMITER_CEILING)).astype(np.float32)


def root_mean_square(samples: np.ndarray) -> float:
    """Root mean square of an array."""
    # Not np.dot, whose sum depends on the number of threads; so would the bytes of the corpus.
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def equalise(samples: np.ndarray, bands: tuple[tuple[float, float, float], ...], sample_rate_hz: int) -> np.ndarray:
    """``samples`` through peaking filters in series, shape (T,).

    Source: Bristow-Johnson, Audio EQ Cookbook.

    Args:
        samples: Shape (T,).
        bands: Centre in Hz, gain in dB and quality of each filter.
        sample_rate_hz: Rate of the audio.

    >>> equalise(np.ones(8), ((800.0, 6.0, 1.0),), 8_000).shape
    (8,)
    """
    if not bands:
        return samples
    sections = [_peaking_section(*band, sample_rate_hz) for band in bands]
    return signal.sosfilt(np.array(sections, dtype=np.float32), samples)


def add_room(samples: np.ndarray, colouring: Colouring, sample_rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """``samples`` with the reverberation of a synthetic room, noise that decays by 60 dB in ``rt60_s``; shape (T,).

    Args:
        samples: Shape (T,).
        colouring: Length and level of the reverberation.
        sample_rate_hz: Rate of the audio.
        rng: Source of the noise.

    >>> room = Colouring((), rt60_s=0.2, wet_db=-12.0, snr_db=30.0, noise_slope=0.0)
    >>> add_room(np.ones(100), room, 8_000, np.random.default_rng(0)).shape
    (100,)
    """
    n_tail = max(1, round(colouring.rt60_s * sample_rate_hz))
    decay = 10.0 ** (-3 * np.arange(n_tail) / n_tail)
    tail = rng.standard_normal(n_tail) * decay
    tail *= 10 ** (colouring.wet_db / 20) / np.sqrt(np.sum(tail**2))
    tail = tail.astype(np.float32)  # twice as fast as float64, and far below the noise
    wet = signal.oaconvolve(samples, tail)[: len(samples)]
    return samples + wet


def coloured_noise(n_samples: int, slope: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of unit power whose power falls with frequency as f**slope, shape (T,).

    Args:
        n_samples: T.
        slope: Exponent; 0 is white, -1 pink, -2 brown.
        rng: Source of the noise.

    >>> coloured_noise(100, -1.0, np.random.default_rng(0)).shape
    (100,)
    """
    size = fft.next_fast_len(n_samples, real=True)
    spectrum = fft.rfft(rng.standard_normal(size, dtype=np.float32))
    # Flat below 1/500 of Nyquist: otherwise brown noise would be nothing but inaudible rumble.
    frequencies = np.maximum(np.linspace(0, 1, len(spectrum), dtype=np.float32), 1 / 500)
    noise = fft.irfft(spectrum * frequencies ** (slope / 2), size)[:n_samples]
    return noise / root_mean_square(noise)


def _peaking_section(centre_hz: float, gain_db: float, quality: float, sample_rate_hz: int) -> list[float]:
    amplitude = 10 ** (gain_db / 40)
    omega = 2 * np.pi * centre_hz / sample_rate_hz
    alpha = np.sin(omega) / (2 * quality)
    numerator = [1 + alpha * amplitude, -2 * np.cos(omega), 1 - alpha * amplitude]
    denominator = [1 + alpha / amplitude, -2 * np.cos(omega), 1 - alpha / amplitude]
    return [value / denominator[0] for value in (*numerator, *denominator)]
