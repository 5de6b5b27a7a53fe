"""The 1-D CNN of Dieleman and Schrauwen: size, and equality with its plain definition."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from clmr.models.dieleman import Dieleman, DielemanParams
from clmr.models.taggers import build_tagger
from clmr.storage.strict import from_mapping, to_mapping
from tests.models.gradients import gradients

PAPER = DielemanParams("dieleman", 16_000, 3.0, frame_samples=1_024, hop_samples=512, filters=128)
EMBEDDED = replace(PAPER, sample_rate_hz=8_000, frame_samples=512, hop_samples=256, filters=4)


def plain(model: Dieleman, audio: torch.Tensor) -> torch.Tensor:
    """Conv1d and MaxPool1d over (B, C, T), zeros around each input as TensorFlow's "same" puts them."""
    params = model.params
    missing = (params.n_frames - 1) * params.hop_samples + params.frame_samples - params.clip_samples
    maps = model.frames(functional.pad(audio[:, None], (missing // 2, missing - missing // 2))).relu()
    for layer in model.layers:
        maps = functional.max_pool1d(layer(functional.pad(maps, (3, 4))).relu(), 4)
    return model.fc(model.hidden(maps.flatten(1)).relu())


def test_size_is_the_nearest_match_to_the_thesis():
    model = Dieleman(PAPER, n_tags=50)
    assert sum(parameter.numel() for parameter in model.parameters()) == 193_374
    assert (PAPER.n_frames, PAPER.n_summaries) == (94, 5)


def test_half_the_rate_and_half_the_frame_give_the_same_shapes():
    assert (EMBEDDED.n_frames, EMBEDDED.n_summaries) == (PAPER.n_frames, PAPER.n_summaries)


@pytest.mark.parametrize(
    "params",
    [EMBEDDED, replace(PAPER, filters=4), replace(EMBEDDED, hop_samples=512), replace(EMBEDDED, clip_duration_s=2.345)],
)
def test_logits_and_gradients_equal_the_plain_definition(params):
    model = build_tagger(params, 5, torch.Generator().manual_seed(0))
    audio = torch.randn(3, params.clip_samples, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(model(audio), plain(model, audio), atol=1e-5, rtol=1e-5)
    ours, theirs = (gradients(model, forward, audio) for forward in (model, lambda batch: plain(model, batch)))
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_input_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"shape \(B, 24000\) at 8000 Hz, got \(24000,\)"):
        Dieleman(EMBEDDED, n_tags=2)(torch.zeros(24_000))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hop_samples": 513}, "hop_samples must be <= frame_samples 512"),
        ({"clip_duration_s": 0.4}, r"clip_duration_s must be long enough for 16 frames of 256 .*\(it gives 13\)"),
        ({"filters": 0}, "filters must be >= 1"),
    ],
)
def test_sizes_that_cannot_work_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        from_mapping(DielemanParams, to_mapping(EMBEDDED) | changes, "model")
