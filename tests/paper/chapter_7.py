"""Networks and spectra as the stages of chapter 7 give them."""

import numpy as np

from clmr.interpret.filters import OBJECTIVES, AscentParams, LayerSpectra, NetworkSpectra
from clmr.interpret.params import ActivatedParams, ActivationsParams, InterpretabilityParams
from clmr.paper.planned import ShownNetwork

NETWORKS = (
    ShownNetwork("clmr_primary", "clmr", "sample_cnn", "primary", "fig_7_1"),
    ShownNetwork("clmr_small", "clmr", "sample_cnn", "unlabelled_small", "fig_7_2"),
    ShownNetwork("sample_cnn_primary", "sample_cnn", "sample_cnn", "primary", "fig_7_3"),
    ShownNetwork("random_init", "random_init", "sample_cnn", None, "untrained"),
)
PARAMS = InterpretabilityParams(
    activations=ActivationsParams(
        primary=ActivatedParams("clmr_primary", "primary"),
        secondary=ActivatedParams("clmr_secondary", "secondary"),
        out_of_domain=ActivatedParams("clmr_primary", "secondary"),
        untrained=ActivatedParams("random_init", "primary"),
    ),
    filters={"clmr_primary": "fig_7_1"},
    layers=(1, 2),
    shown_layers=(1, 2),
    ascent=AscentParams(729, 2, 0.1, 0.1, 0),
    content_share=0.999,
    n_components=3,
    n_factors=4,
    n_segments=30,
    n_described=3,
    loud_tags=("loud", "techno"),
    frequent_tags=("guitar", "solo"),
    n_resamples=99,
    seed=0,
)


def spectra(run: str, first_bins: tuple[int, int], second_bins: tuple[int, int], seed: int = 0) -> NetworkSpectra:
    """Two layers of 32 filters whose spectra are tones in these ranges of bins."""
    rng = np.random.default_rng(seed)
    layers = {}
    for number, (low, high) in ((1, first_bins), (2, second_bins)):
        values = np.eye(365)[rng.integers(low, high, 32)] + 0.01
        layers[number] = LayerSpectra(number, 3**number, {name: values.copy() for name in OBJECTIVES})
    return NetworkSpectra(run, 8_000, 729, layers)


SPECTRA = {
    "clmr_primary": spectra("clmr_primary", (243, 244), (1, 365)),
    "clmr_small": spectra("clmr_small", (100, 140), (100, 140), 1),
    "sample_cnn_primary": spectra("sample_cnn_primary", (90, 130), (90, 130), 2),
    "random_init": spectra("random_init", (243, 244), (1, 100), 3),
}
