"""The table of filters: where their peaks lie, and what training changes, layer by layer.

What belongs here: rows of numbers from spectra. What does not: the numbers themselves
(:mod:`clmr.interpret.filter_statistics`) and drawing (:mod:`clmr.paper.filter_figures`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from clmr.evaluation import comparison
from clmr.interpret import filter_statistics as statistics
from clmr.interpret.filters import OBJECTIVES, NetworkSpectra, Objective
from clmr.paper.planned import ShownNetwork

FILTER_COLUMNS = (
    "system", "run", "layer", "objective", "n_filters", "peak_low_hz", "peak_median_hz", "peak_high_hz",
    "bandwidth_hz", "at_hop_hz", "share_at_hop", "chance_at_hop", "peaks_distance", "bandwidth_ratio",
    "peaks_p", "bandwidth_p", "peaks_p_holm", "bandwidth_p_holm",
)  # fmt: skip
"""One row per network, layer and objective; the comparisons are with the untrained network of the same kind."""

Spectra = Mapping[str, NetworkSpectra]
"""Spectra by run."""


def untrained_twin(network: ShownNetwork, networks: Sequence[ShownNetwork]) -> ShownNetwork | None:
    """The untrained network of the same kind; None for an untrained one, or if none is shown."""
    if network.trained_on is None:
        return None
    twins = [one for one in networks if one.trained_on is None and one.architecture == network.architecture]
    return twins[0] if twins else None


def filter_table(networks: Sequence[ShownNetwork], spectra: Spectra, n_permutations: int, seed: int) -> pd.DataFrame:
    """Peaks and bandwidths of every network, layer and objective, beside the untrained network.

    Two tests for each row of a trained network: Kolmogorov-Smirnov on the peak frequencies, and a permutation of
    filters on the mean logarithm of the bandwidths. Their p-values are corrected by Holm's method, all together.

    Args:
        networks: The networks to show.
        spectra: Spectra of each.
        n_permutations: Permutations of each test.
        seed: Seed of the permutations.
    """
    rng, rows = np.random.default_rng(seed), []
    for network in networks:
        twin = untrained_twin(network, networks)
        for layer in spectra[network.run].layers:
            for objective in OBJECTIVES:
                row = _row(network, spectra[network.run], layer, objective)
                if twin is not None and layer in spectra[twin.run].layers:
                    other = spectra[twin.run].layers[layer].values[objective]
                    row |= _compared(spectra[network.run], layer, objective, other, n_permutations, rng)
                rows.append(row)
    table = pd.DataFrame(rows, columns=FILTER_COLUMNS)
    raw = table[["peaks_p", "bandwidth_p"]].to_numpy(dtype=float)
    tested = ~np.isnan(raw)
    adjusted = np.full(raw.shape, np.nan)
    adjusted[tested] = comparison.holm(raw[tested].tolist())
    return table.assign(peaks_p_holm=adjusted[:, 0], bandwidth_p_holm=adjusted[:, 1])


def peaks_of(spectra: NetworkSpectra, layer: int, objective: Objective) -> np.ndarray:
    """Peak frequencies of a layer's filters in Hz."""
    return statistics.peak_frequencies_hz(spectra.layers[layer].values[objective], spectra.frequencies_hz)


def _row(network: ShownNetwork, spectra: NetworkSpectra, layer: int, objective: Objective) -> dict[str, Any]:
    found = spectra.layers[layer]
    peaks = peaks_of(spectra, layer, objective)
    low, median, high = np.percentile(peaks, [10, 50, 90])
    share, chance = statistics.share_at_hop(peaks, spectra.sample_rate_hz, found.hop_samples, spectra.n_samples)
    return {
        "system": network.system, "run": network.run, "layer": layer, "objective": objective, "n_filters": len(peaks),
        "peak_low_hz": low, "peak_median_hz": median, "peak_high_hz": high,
        "bandwidth_hz": statistics.bandwidths_hz(found.values[objective], spectra.frequencies_hz).mean(),
        "at_hop_hz": spectra.sample_rate_hz / found.hop_samples, "share_at_hop": share, "chance_at_hop": chance,
    }  # fmt: skip


def _compared(
    spectra: NetworkSpectra, layer: int, objective: Objective, other: np.ndarray, n: int, rng: np.random.Generator
) -> dict[str, Any]:
    own = spectra.layers[layer].values[objective]
    found = statistics.compare_filters(own, other, spectra.frequencies_hz, n, rng)
    return {
        "peaks_distance": found.peaks_distance,
        "peaks_p": found.peaks_p,
        "bandwidth_ratio": found.bandwidth_ratio,
        "bandwidth_p": found.bandwidth_p,
    }
