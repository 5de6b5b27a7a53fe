"""Numbers about the spectra of filters, and tests of what training changes about them.

What belongs here: peaks, bandwidths, and comparisons of two networks. What does not: how spectra come about
(:mod:`clmr.interpret.filters`).

The units of all tests are the filters of a layer. They tell whether these two networks differ, and nothing of networks
that were trained from another seed.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from clmr.batches.reading import audio_reader
from clmr.batches.segments import spread_segments
from clmr.corpora.store import Store

# Peaks are read off bins, so those next to a frequency may belong to it.
_BINS_APART = 1
_MOST_CLIPS = 200


@dataclass(frozen=True)
class Compared:
    """How the filters of one layer differ between two networks.

    Attributes:
        peaks_distance: Largest distance between the two cumulative distributions of peak frequencies, in [0, 1].
        peaks_p: Its p-value, of the Kolmogorov-Smirnov test.
        bandwidth_ratio: Ratio of the geometric mean bandwidths, first network over second.
        bandwidth_p: P-value of the difference of the mean logarithms, by permutation.
    """

    peaks_distance: float
    peaks_p: float
    bandwidth_ratio: float
    bandwidth_p: float


def peak_frequencies_hz(spectra: np.ndarray, frequencies_hz: np.ndarray) -> np.ndarray:
    """Frequency of the largest value of each spectrum, the mean at 0 Hz left out, shape (filters,).

    Args:
        spectra: Magnitudes, shape (filters, bins).
        frequencies_hz: Frequency of each bin, shape (bins,).

    >>> peak_frequencies_hz(np.array([[9.0, 0.1, 1.0]]), np.array([0.0, 10.0, 20.0]))
    array([20.])
    """
    return frequencies_hz[1 + spectra[:, 1:].argmax(axis=1)]


def bandwidths_hz(spectra: np.ndarray, frequencies_hz: np.ndarray) -> np.ndarray:
    """Width of the band that would hold each spectrum's power, were it flat, shape (filters,).

    It is (sum p)^2 / sum p^2 bins for a power of p: that of one bin for a tone, the whole range for white noise.

    Args:
        spectra: Magnitudes, shape (filters, bins), none of them silent.
        frequencies_hz: Frequency of each bin, shape (bins,).

    >>> bandwidths_hz(np.array([[0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0]]), np.array([0.0, 10.0, 20.0, 30.0]))
    array([20., 10.])
    """
    power = np.square(spectra.astype(np.float64))
    return power.sum(axis=1) ** 2 / np.square(power).sum(axis=1) * (frequencies_hz[1] - frequencies_hz[0])


def share_at_hop(peaks_hz: np.ndarray, sample_rate_hz: int, hop_samples: int, n_samples: int) -> tuple[float, float]:
    """Share of peaks at a multiple of the sample rate over the hop, and the share that random peaks would have.

    Such peaks come from where a layer looks, whatever its weights: see :data:`clmr.interpret.filters.Objective`.

    Args:
        peaks_hz: Peak frequencies, shape (filters,).
        sample_rate_hz: Rate of the audio.
        hop_samples: Hop H of the layer.
        n_samples: Window of the spectra, which decides how exactly a frequency is known.

    >>> share_at_hop(np.array([2_667.0, 1_000.0]), 8_000, hop_samples=3, n_samples=729)[0]
    0.5
    """
    bins = np.round(peaks_hz * n_samples / sample_rate_hz)
    multiples = np.arange(1, hop_samples // 2 + 1) * n_samples / hop_samples
    every = np.arange(1, n_samples // 2 + 1)

    def near(wanted: np.ndarray) -> np.ndarray:
        return np.any(np.abs(wanted[:, None] - multiples) <= _BINS_APART, axis=1)

    return float(near(bins).mean()), float(near(every).mean())


def compare_filters(
    first: np.ndarray, second: np.ndarray, frequencies_hz: np.ndarray, n_permutations: int, rng: np.random.Generator
) -> Compared:
    """How peaks and bandwidths of one layer differ between two networks.

    Args:
        first: Spectra of the first network, shape (filters, bins).
        second: Those of the second; it may have another number of filters.
        frequencies_hz: Frequency of each bin.
        n_permutations: Permutations of the filters.
        rng: Source of the permutations.
    """
    peaks = [peak_frequencies_hz(spectra, frequencies_hz) for spectra in (first, second)]
    widths = [bandwidths_hz(spectra, frequencies_hz) for spectra in (first, second)]
    # Of the limit distribution: the exact one is for samples without ties, and many filters share a bin.
    found = stats.ks_2samp(*peaks, method="asymp")
    # Never zero: even the spectrum of a tone is one bin wide.
    logs = [np.log(one) for one in widths]
    ratio = np.exp(logs[0].mean() - logs[1].mean())
    p_value = permutation_p(logs[0], logs[1], n_permutations, rng)
    return Compared(float(found.statistic), float(found.pvalue), float(ratio), p_value)


def permutation_p(first: np.ndarray, second: np.ndarray, n_permutations: int, rng: np.random.Generator) -> float:
    """Chance of so large a difference of means, of either sign, if all values were from one distribution.

    The observed difference counts as one of the permutations, so the value is never 0.

    Args:
        first: Values of one group, shape (N,).
        second: Values of the other, shape (M,).
        n_permutations: Random divisions of all values into N and M.
        rng: Source of the divisions.

    >>> permutation_p(np.arange(8.0), np.arange(8.0), 99, np.random.default_rng(0))
    1.0
    """
    observed = abs(first.mean() - second.mean())
    everything = np.concatenate([first, second])
    shuffled = rng.permuted(np.tile(everything, (n_permutations, 1)), axis=1)
    drawn = np.abs(shuffled[:, : len(first)].mean(axis=1) - shuffled[:, len(first) :].mean(axis=1))
    # A tolerance, since sums in another order differ in the last digits.
    return float((1 + (drawn >= observed - 1e-12).sum()) / (1 + n_permutations))


def spread_hz(peaks_hz: np.ndarray) -> np.ndarray:
    """Distance of each peak from the median of all, whose mean says how widely peaks are spread, shape (filters,).

    >>> spread_hz(np.array([100.0, 200.0, 400.0]))
    array([100.,   0., 200.])
    """
    return np.abs(peaks_hz - np.median(peaks_hz))


def content_limit_hz(store: Store, window_samples: int, share: float) -> float:
    """Frequency below which this share of the power of a store's test clips lies.

    Each of up to two hundred clips, evenly spread over the split, counts the same, whatever its level.

    Args:
        store: The audio.
        window_samples: Length of the windows, which decides the resolution.
        share: Share of the power, in (0, 1).
    """
    rows = store.rows("test")
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST_CLIPS)).astype(int)]
    shortest = int(store.clips.n_samples.to_numpy()[rows].min())
    starts, _ = spread_segments(store, rows, shortest, 1)
    # Imported here: the statistics above need no torch.
    import torch

    audio = audio_reader(store, torch.device("cpu")).read(starts, shortest).numpy()
    frequencies_hz, power = stats_welch(audio, store.sample_rate_hz, window_samples)
    total = (power / power.sum(axis=1, keepdims=True).clip(min=np.finfo(float).tiny)).mean(axis=0).cumsum()
    return float(frequencies_hz[np.searchsorted(total, share * total[-1])])


def stats_welch(audio: np.ndarray, sample_rate_hz: int, window_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies, and power of each row of audio in windows of this length, shape (rows, bins)."""
    from scipy.signal import welch

    return welch(audio, sample_rate_hz, nperseg=min(window_samples, audio.shape[1]), axis=1)
