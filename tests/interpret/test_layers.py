"""Layers of encoders: run one after the other they are the encoder, and they see what their receptive field says."""

import pytest
import torch
from torch import nn

from clmr.interpret.layers import convolved, frozen, hop_samples, layers_of, receptive_field_samples, up_to
from clmr.models.initialisation import initialised
from tests.models.test_cpc import EXAMPLE as CPC
from tests.models.test_sample_cnn import EXAMPLE as SAMPLE_CNN


def built(params):
    encoder = frozen(initialised(params.build, torch.Generator().manual_seed(0)))
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            # Norms that would do nothing could be left out unnoticed.
            module.running_mean.fill_(0.1)
            module.running_var.fill_(2.0)
    return encoder


def test_together_they_are_the_encoder():
    encoder = built(SAMPLE_CNN)
    layers = layers_of(encoder)
    audio = torch.randn(2, SAMPLE_CNN.clip_samples, generator=torch.Generator().manual_seed(1))
    last = convolved(layers, audio).unsqueeze(2)
    torch.testing.assert_close(layers[-1].norm(last).relu().flatten(1), encoder(audio), atol=1e-4, rtol=1e-4)


def test_those_of_cpc_give_its_frames():
    encoder = built(CPC)
    layers = layers_of(encoder)
    audio = torch.randn(2, CPC.clip_samples, generator=torch.Generator().manual_seed(1))
    last = layers[-1].norm(convolved(layers, audio).unsqueeze(2)).relu().squeeze(2)
    torch.testing.assert_close(last.transpose(1, 2), encoder.frames(audio), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("params", [SAMPLE_CNN, CPC], ids=["sample_cnn", "cpc"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_value_depends_on_its_receptive_field_alone(params, number):
    layers = up_to(layers_of(built(params)), number)
    field, hop = receptive_field_samples(layers), hop_samples(layers)
    audio = torch.randn(1, min(4 * field + 8 * hop, params.clip_samples), generator=torch.Generator().manual_seed(1))
    audio.requires_grad_(True)
    maps = convolved(layers, audio)
    # Of an absolute value, since a rectified or pooled path may have no gradient.
    maps[0, :, maps.shape[2] // 2].abs().sum().backward()
    moved = audio.grad[0].nonzero().flatten()
    assert 0 < moved[-1] - moved[0] + 1 <= field
    if number == 1:
        assert moved[-1] - moved[0] + 1 == field


@pytest.mark.parametrize("number", [0, 12])
def test_a_layer_that_is_not_there_is_refused(number):
    with pytest.raises(ValueError, match=f"found layer {number}, layers of this network are 1 to 11; choose among"):
        up_to(layers_of(built(SAMPLE_CNN)), number)


@pytest.mark.parametrize(
    "network", [nn.Linear(2, 2), nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm2d(2), nn.Conv1d(2, 2, 3))]
)
def test_networks_that_are_no_such_stack_are_refused(network):
    with pytest.raises(ValueError, match="filters can be shown of a stack of convolutions"):
        layers_of(network)
