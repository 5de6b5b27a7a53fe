"""CPC against the thesis's sizes, and against its plain definition in one dimension."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from clmr.models.cpc import CPC, CPCParams, StepPredictor
from clmr.models.initialisation import initialise
from clmr.storage.strict import from_mapping, to_mapping

THESIS = CPCParams(
    kind="cpc",
    sample_rate_hz=22_050,
    clip_samples=59_049,
    width=512,
    context_dim=256,
    kernels=(10, 6, 4, 4, 4, 2, 2),
    strides=(5, 3, 2, 2, 2, 2, 2),
    paddings=(2, 2, 2, 2, 1, 1, 1),
    norm="none",
)
SMALL = CPCParams(
    "cpc", 8_000, 1_201, width=6, context_dim=5, kernels=(10, 6, 4), strides=(5, 3, 2), paddings=(2, 2, 1), norm="none"
)


EXAMPLE = replace(SMALL, norm="batch")


def n_parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def encoder_of(params: CPCParams) -> CPC:
    encoder = CPC(params)
    initialise(encoder, torch.Generator().manual_seed(0))
    return encoder.eval()


def audio_of(params: CPCParams, n_examples: int = 3) -> torch.Tensor:
    return 0.2 * torch.randn(n_examples, params.clip_samples, generator=torch.Generator().manual_seed(1))


def test_sizes_are_those_of_the_thesis():
    encoder = CPC(THESIS)
    assert n_parameters(encoder.convolutions) == 5_775_872
    assert n_parameters(encoder.recurrent) == 591_360
    predictor = StepPredictor(256, 512, n_steps=20)
    assert n_parameters(predictor) == 2_621_440
    assert n_parameters(encoder) + n_parameters(predictor) == 8_988_672


def test_frames_are_those_of_the_released_code():
    assert THESIS.frame_counts == (11_809, 3_936, 1_969, 985, 492, 247, 124)
    assert THESIS.n_frames == 124
    assert THESIS.hop_samples == 480
    assert 1_000 * THESIS.hop_samples / THESIS.sample_rate_hz == pytest.approx(21.8, abs=0.05)
    assert THESIS.embedding_dim == 256


@pytest.mark.parametrize("params", [SMALL, CPCParams("cpc", 8_000, 64, 3, 2, (4,), (4,), (0,), "batch")])
def test_shapes_are_as_the_parameters_say(params):
    encoder, audio = encoder_of(params), audio_of(params)
    frames = encoder.frames(audio)
    assert frames.shape == (3, params.n_frames, params.width)
    assert (frames >= 0).all()
    assert encoder.contexts(frames).shape == (3, params.n_frames, params.context_dim)
    assert encoder(audio).shape == (3, params.embedding_dim)
    assert encoder(audio[:1]).shape == (1, params.embedding_dim)


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_outputs_and_gradients_equal_the_plain_definition(norm):
    params = replace(SMALL, norm=norm)
    encoder, plain = (encoder_of(params).double().train() for _ in range(2))
    audio = audio_of(params).double()
    encoder.standardise_by(audio)
    maps = ((audio - audio.mean()) / audio.std()).unsqueeze(1)
    for layer in plain.convolutions:
        maps = layer(maps)
        maps = (nn.BatchNorm1d(6).double()(maps) if norm == "batch" else maps).relu()
    contexts, _ = plain.recurrent(maps.transpose(1, 2))
    expected = contexts.mean(dim=1)
    found = encoder(audio)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)
    found.square().sum().backward()
    expected.square().sum().backward()
    compared = [key for key, parameter in plain.named_parameters() if parameter.grad is not None]
    assert len(compared) == 10
    for key in compared:
        ours, theirs = encoder.get_parameter(key).grad, plain.get_parameter(key).grad
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_a_context_has_seen_no_later_frame():
    encoder = encoder_of(SMALL)
    frames = encoder.frames(audio_of(SMALL)).detach()
    changed = frames.clone()
    changed[:, 20:] += 1
    before, after = encoder.contexts(frames), encoder.contexts(changed)
    assert torch.equal(before[:, :20], after[:, :20])
    assert not torch.equal(before[:, 20], after[:, 20])


def test_the_level_of_the_corpus_does_not_matter_but_that_of_a_clip_does():
    audio = audio_of(SMALL)
    loud, quiet = encoder_of(SMALL), encoder_of(SMALL)
    loud.standardise_by(audio)
    quiet.standardise_by(0.1 * audio)
    torch.testing.assert_close(loud(audio), quiet(0.1 * audio), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(loud(audio), loud(0.1 * audio), atol=1e-2)
    assert loud.state_dict()["audio_deviation"].item() == pytest.approx(audio.std().item(), rel=1e-5)


def test_silence_cannot_standardise():
    with pytest.raises(ValueError, match=r"a deviation of 0\.0; it must not be silent"):
        CPC(SMALL).standardise_by(torch.zeros(2, 100))


def test_bfloat16_is_close_and_gives_float32_contexts():
    encoder, audio = encoder_of(SMALL), audio_of(SMALL)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        frames = encoder.frames(audio)
        rounded = encoder(audio)
    assert frames.dtype == torch.bfloat16
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, encoder(audio), atol=0.05, rtol=0.05)


def test_predictions_of_a_step_are_linear_in_the_context():
    predictor = StepPredictor(context_dim=3, width=4, n_steps=5)
    contexts = torch.randn(2, 7, 3, generator=torch.Generator().manual_seed(0))
    third = predictor.linear.weight[2 * 4 : 3 * 4]
    torch.testing.assert_close(predictor(contexts)[:, :, 2], contexts @ third.T)


def test_recurrent_weights_depend_on_the_seed_alone():
    weights = [encoder_of(SMALL).recurrent.weight_hh_l0 for _ in range(2)]
    assert torch.equal(*weights)
    assert weights[0].abs().max().item() == pytest.approx((3 / 5) ** 0.5, rel=0.05)
    assert not encoder_of(SMALL).recurrent.bias_ih_l0.any()


def test_input_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"shape \(B, 1201\) at 8000 Hz, got \(2, 1200\)"):
        CPC(SMALL)(torch.zeros(2, 1_200))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "width must be >= 1, got 0"),
        ({"context_dim": 0}, "context_dim must be >= 1"),
        ({"sample_rate_hz": 0}, "sample_rate_hz must be >= 1"),
        ({"kernels": []}, "kernels must be a list of at least one kernel"),
        ({"strides": [5, 3]}, "strides must be 3 numbers >= 1, one for each kernel, got .5, 3."),
        ({"paddings": [0, 0, -1]}, "paddings must be 3 numbers >= 0"),
        ({"clip_samples": 9}, "clip_samples must be long enough for two frames, got 9"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        from_mapping(CPCParams, to_mapping(SMALL) | changes, "encoder")
