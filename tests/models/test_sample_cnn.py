"""SampleCNN against the released architecture: names, shapes, sizes, and outputs of its plain definition."""

import pytest
import torch
from torch import nn

from clmr.models.heads import projector, tagging_head
from clmr.models.initialisation import initialise
from clmr.models.sample_cnn import FORMATS, SampleCNN, SampleCNNParams

EXAMPLE = SampleCNNParams("sample_cnn", 8_000, width=2)


def plain_sample_cnn(strides: tuple[int, ...], width: int) -> nn.Sequential:
    """The released definition: Conv1d, BatchNorm1d, ReLU, MaxPool1d."""
    channels = [width, width, width, *[2 * width] * 6, 4 * width]
    blocks = [nn.Sequential(nn.Conv1d(1, width, 3, stride=3), nn.BatchNorm1d(width), nn.ReLU())]
    for before, after, stride in zip(channels[:-1], channels[1:], strides, strict=True):
        convolution = nn.Conv1d(before, after, stride, stride=1, padding=1)
        blocks.append(nn.Sequential(convolution, nn.BatchNorm1d(after), nn.ReLU(), nn.MaxPool1d(stride, stride)))
    last = nn.Conv1d(4 * width, 4 * width, 3, padding=1)
    blocks.append(nn.Sequential(last, nn.BatchNorm1d(4 * width), nn.ReLU()))
    return nn.Sequential(*blocks)


@pytest.mark.parametrize(
    ("sample_rate_hz", "n_parameters"),
    [(22_050, 2_394_162), (16_000, 2_328_626), (12_000, 2_263_090), (8_000, 2_197_554)],
)
def test_size_with_a_head_of_fifty_tags_is_that_of_the_released_model(sample_rate_hz, n_parameters):
    encoder = SampleCNN(SampleCNNParams("sample_cnn", sample_rate_hz, width=128))
    modules = [encoder, tagging_head("linear", 512, 50)]
    assert sum(p.numel() for module in modules for p in module.parameters()) == n_parameters


def test_state_has_the_names_and_shapes_of_the_released_checkpoints():
    state = SampleCNN(SampleCNNParams("sample_cnn", 22_050, width=128)).state_dict()
    assert len(state) == 77
    assert tuple(state["sequential.0.0.weight"].shape) == (128, 1, 3)
    assert tuple(state["sequential.3.0.weight"].shape) == (256, 128, 3)
    assert tuple(state["sequential.10.0.weight"].shape) == (512, 512, 3)
    assert tuple(state["sequential.9.1.running_var"].shape) == (512,)


def both(sample_rate_hz: int) -> tuple[SampleCNN, nn.Sequential, torch.Tensor]:
    """The encoder, its plain definition with the same weights, and a batch."""
    layout = FORMATS[sample_rate_hz]
    encoder = SampleCNN(SampleCNNParams("sample_cnn", sample_rate_hz, width=4))
    initialise(encoder, torch.Generator().manual_seed(0))
    plain = plain_sample_cnn(layout.strides, width=4)
    plain.load_state_dict({key.removeprefix("sequential."): value for key, value in encoder.state_dict().items()})
    return encoder, plain, torch.randn(5, layout.clip_samples, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("sample_rate_hz", sorted(FORMATS))
def test_embeddings_equal_the_plain_definition(sample_rate_hz):
    encoder, plain, audio = both(sample_rate_hz)
    torch.testing.assert_close(encoder.eval()(audio), plain.eval()(audio.unsqueeze(1)).squeeze(2), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("sample_rate_hz", sorted(FORMATS))
def test_training_equals_the_plain_definition(sample_rate_hz):
    # In float64: batch norm over five values amplifies the rounding of float32 a hundredfold.
    encoder, plain, audio = (part.double() for part in both(sample_rate_hz))
    ours, theirs = encoder(audio), plain(audio.unsqueeze(1)).squeeze(2)
    torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-9)
    ours.square().mean().backward()
    theirs.square().mean().backward()
    for ours, theirs in zip(encoder.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-9, rtol=1e-7)
    state = encoder.state_dict()
    for name, expected in plain.state_dict().items():
        torch.testing.assert_close(state[f"sequential.{name}"], expected, atol=1e-9, rtol=1e-9)


def test_layer_maps_are_those_of_all_blocks_above_the_first():
    encoder = SampleCNNParams("sample_cnn", 8_000, width=4).build().eval()
    with torch.inference_mode():
        maps = list(encoder.layer_maps(torch.zeros(2, 20_736)))
    assert [of_layer.shape[1] for of_layer in maps] == [4, 4, 8, 8, 8, 8, 8, 8, 16, 16]


def test_in_evaluation_the_first_two_blocks_are_one_pass(monkeypatch):
    encoder, audio = SampleCNNParams("sample_cnn", 8_000, width=16).build().eval(), torch.zeros(2, 20_736)
    with torch.inference_mode():
        expected = encoder(audio)
    monkeypatch.setattr(encoder.sequential[0], "forward", None)
    monkeypatch.setattr(encoder.sequential[1], "forward", None)
    with torch.inference_mode():
        assert torch.equal(encoder(audio), expected)


def test_input_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"shape \(B, 20736\) at 8000 Hz, got \(2, 20735\)"):
        SampleCNN(SampleCNNParams("sample_cnn", 8_000, width=2))(torch.zeros(2, 20_735))


def test_unknown_sample_rate_is_refused():
    with pytest.raises(ValueError, match="sample_rate_hz must be one of .*, got 44100"):
        SampleCNNParams("sample_cnn", 44_100, width=2)


@pytest.mark.parametrize(("kind", "n_parameters"), [("identity", 0), ("linear", 512 * 64), ("nonlinear", 512 * 576)])
def test_projectors_have_no_biases(kind, n_parameters):
    assert sum(p.numel() for p in projector(kind, 512, 64).parameters()) == n_parameters


def test_initial_weights_are_kaiming_uniform_and_depend_on_the_seed():
    layers = [nn.Linear(600, 400) for _ in range(3)]
    for layer, seed in zip(layers, (0, 0, 1), strict=True):
        initialise(layer, torch.Generator().manual_seed(seed))
    bound = (6 / 600) ** 0.5
    assert layers[0].weight.abs().max().item() == pytest.approx(bound, rel=1e-3)
    assert layers[0].weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.01)
    assert not layers[0].bias.any()
    assert torch.equal(layers[0].weight, layers[1].weight)
    assert not torch.equal(layers[0].weight, layers[2].weight)
