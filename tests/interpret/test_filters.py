"""Gradient ascent: it ascends, side by side as one by one, and finds the frequency that a filter was made for."""

import numpy as np
import pytest
import torch
from torch import nn

from clmr.interpret.filters import (
    AscentParams,
    ascend,
    load_spectra,
    magnitude_spectra,
    network_spectra,
    responses,
    save_spectra,
)
from clmr.interpret.layers import frozen, layers_of, up_to
from clmr.models.initialisation import initialised
from clmr.models.sample_cnn import SampleCNNParams

RATE_HZ = 8_000
ASCENT = AscentParams(n_samples=243, n_steps=12, learning_rate=0.1, start_amplitude=0.1, seed=0)


@pytest.fixture(scope="module")
def encoder():
    return initialised(SampleCNNParams("sample_cnn", RATE_HZ, 4, "one_rms").build, torch.Generator().manual_seed(0))


def test_every_filter_responds_more_than_to_the_noise(encoder):
    layers = up_to(layers_of(frozen(encoder)), 3)
    start = 0.1 * torch.randn(4, 243, generator=torch.Generator().manual_seed(0))
    for objective in ("mean", "power"):
        found = ascend(layers, start, ASCENT, objective)
        before, after = (responses(layers, audio, torch.arange(4), objective) for audio in (start, found))
        assert (after > before).all()


def test_side_by_side_is_the_same_as_one_by_one(encoder, monkeypatch):
    layers = up_to(layers_of(frozen(encoder)), 2)
    start = 0.1 * torch.randn(4, 243, generator=torch.Generator().manual_seed(0))
    together = ascend(layers, start, ASCENT, "mean")
    monkeypatch.setattr("clmr.interpret.filters._BATCH_SAMPLES", 1)
    alone = ascend(layers, start, ASCENT, "mean")
    # Adam divides by the size of the gradient, which magnifies rounding.
    torch.testing.assert_close(alone, together, atol=1e-3, rtol=1e-3)


def test_power_finds_the_frequency_of_a_filter():
    tones_hz, taps = (500, 1_500, 3_000), 64
    layer = nn.Conv1d(1, len(tones_hz), taps)
    time = torch.arange(taps) / RATE_HZ
    with torch.no_grad():
        layer.weight[:, 0] = torch.stack([torch.sin(2 * torch.pi * tone * time) for tone in tones_hz])
        layer.bias.zero_()
    start = 0.1 * torch.randn(3, 729, generator=torch.Generator().manual_seed(0))
    found = ascend(layers_of(frozen(layer)), start, AscentParams(729, 30, 0.1, 0.1, 0), "power")
    peaks_hz = magnitude_spectra(found, 729).argmax(dim=1) * RATE_HZ / 729
    # A filter of 64 samples resolves 125 Hz.
    torch.testing.assert_close(peaks_hz, torch.tensor(tones_hz, dtype=torch.float), atol=125, rtol=0)


def test_the_mean_finds_the_hop_whatever_the_weights(encoder):
    spectra = network_spectra(encoder, "untrained", [1], ASCENT)
    peaks_hz = spectra.frequencies_hz[1 + spectra.layers[1].values["mean"][:, 1:].argmax(axis=1)]
    np.testing.assert_allclose(peaks_hz, RATE_HZ / 3, atol=RATE_HZ / 243)


def test_higher_layers_get_as_many_samples_as_they_see(encoder):
    spectra = network_spectra(encoder, "untrained", [2, 6], ASCENT)
    assert [(layer.hop_samples, len(layer.values["mean"])) for layer in spectra.layers.values()] == [(3, 4), (162, 8)]
    assert {values.shape[1] for layer in spectra.layers.values() for values in layer.values.values()} == {122}
    assert all(np.allclose(layer.values["power"].max(axis=1), 1) for layer in spectra.layers.values())


def test_the_seed_decides_and_no_global_generator_does(encoder):
    first = network_spectra(encoder, "x", [2], ASCENT).layers[2].values["power"]
    torch.rand(1)
    assert (network_spectra(encoder, "x", [2], ASCENT).layers[2].values["power"] == first).all()
    other = AscentParams(243, 12, 0.1, 0.1, seed=1)
    assert not np.allclose(network_spectra(encoder, "x", [2], other).layers[2].values["power"], first)


def test_what_is_saved_is_read_again(encoder, tmp_path):
    spectra = network_spectra(encoder, "x", [1, 2], AscentParams(243, 1, 0.1, 0.1, 0))
    save_spectra(tmp_path, spectra)
    again = load_spectra(tmp_path)
    assert (again.run, again.sample_rate_hz, again.n_samples, list(again.layers)) == ("x", RATE_HZ, 243, [1, 2])
    for number, layer in spectra.layers.items():
        assert again.layers[number].hop_samples == layer.hop_samples
        assert all((again.layers[number].values[name] == values).all() for name, values in layer.values.items())


def test_a_layer_out_of_range_is_refused(encoder):
    with pytest.raises(ValueError, match="found layer 12, layers of this network are 1 to 11"):
        network_spectra(encoder, "x", [12], ASCENT)


def test_a_filter_out_of_range_is_refused(encoder):
    layers = up_to(layers_of(encoder), 1)
    with pytest.raises(ValueError, match=r"found filters \[4\], filters of the layer are 0 to 3"):
        responses(layers, torch.zeros(1, 243), torch.tensor([4]), "mean")


def test_inputs_longer_than_the_network_s_are_refused(encoder):
    with pytest.raises(ValueError, match="found n_samples 20737, x reads 20736 at most; use fewer"):
        network_spectra(encoder, "x", [1], AscentParams(20_737, 1, 0.1, 0.1, 0))


def test_too_short_an_input_is_refused():
    with pytest.raises(ValueError, match="n_samples must be >= 16, got 8"):
        AscentParams(8, 1, 0.1, 0.1, 0)


def test_silence_has_a_spectrum_of_zeros():
    assert (magnitude_spectra(torch.ones(1, 64), 64) == 0).all()
