"""Convolutions in the fast layout against the layers they stand for."""

import pytest
import torch
from torch import nn

from clmr.models.initialisation import initialise
from clmr.models.layout import audio_maps, convolve, convolve_and_normalise, frame_maps


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (3, 0), (2, 3)])
@pytest.mark.parametrize("length", [31, 32])
@pytest.mark.parametrize("channels", [1, 6])
def test_convolving_maps_is_what_the_layer_does(channels, length, stride, padding):
    generator = torch.Generator().manual_seed(0)
    layer = nn.Conv1d(channels, 5, 4, stride=stride, padding=padding)
    initialise(layer, generator)
    signal = torch.randn(3, channels, length, generator=generator)
    torch.testing.assert_close(convolve(layer, signal[:, :, None]).squeeze(2), layer(signal), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_convolution_and_norm_together_are_what_the_layers_do(training):
    generator = torch.Generator().manual_seed(0)
    layer, norm = nn.Conv1d(6, 5, 4), nn.BatchNorm2d(5).train(training)
    initialise(layer, generator)
    for values in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        torch.nn.init.uniform_(values, 0.5, 1.5, generator=generator)
    signal = torch.randn(3, 6, 31, generator=generator)
    expected = nn.functional.batch_norm(
        layer(signal), norm.running_mean.clone(), norm.running_var.clone(), norm.weight, norm.bias, training
    )
    found = convolve_and_normalise(layer, norm, signal[:, :, None]).squeeze(2)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("stride", [5, 8, 16])
def test_frames_are_what_the_layer_gives_on_audio(stride):
    generator = torch.Generator().manual_seed(0)
    layer = nn.Conv1d(1, 7, 16, stride=stride)
    initialise(layer, generator)
    audio = torch.randn(1, 101, generator=generator)
    torch.testing.assert_close(frame_maps(audio, layer).squeeze(2), layer(audio[:, None]), atol=1e-5, rtol=1e-5)
    assert frame_maps(audio, layer).shape == convolve(layer, audio_maps(audio)).shape
