"""The waveform model of Pons et al. against its authors' size, and against its plain definition."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from clmr.models.pons import Pons, PonsParams
from clmr.models.taggers import build_tagger
from clmr.storage.strict import from_mapping, to_mapping
from tests.models.gradients import gradients

AUTHORS = PonsParams("pons", 16_000, 3.0, width=64, pools=(3,) * 6, hidden_units=500, dropout=0.5)
EMBEDDED = PonsParams("pons", 8_000, 3.0, width=4, pools=(3, 3, 3, 3, 2, 2), hidden_units=8, dropout=0.5)


class PlainPons(nn.Module):
    """The same network of Conv1d, BatchNorm and MaxPool1d over (B, C, T), with the weights of ``model``."""

    def __init__(self, model: Pons) -> None:
        super().__init__()
        self.model = model

    @staticmethod
    def norm(layer: nn.BatchNorm2d, maps: torch.Tensor) -> torch.Tensor:
        return nn.functional.batch_norm(
            maps, layer.running_mean.clone(), layer.running_var.clone(), layer.weight, layer.bias, layer.training
        )

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        model = self.model
        maps = self.norm(model.stem.norm, model.stem.convolution(audio[:, None]).relu())
        for block in model.front:
            maps = nn.functional.max_pool1d(self.norm(block.norm, block.convolution(maps).relu()), block.pool)
        maps = self.norm(model.back[0].norm, model.back[0].convolution(maps).relu())
        for block, pool in zip(model.back[1:], (2, 1), strict=True):
            activations = block.convolution(maps).relu()
            maps = maps + self.norm(block.norm, activations[:, None]).squeeze(1)
            maps = nn.functional.max_pool1d(maps, pool)
        return model.fc(model.hidden(torch.cat([maps.amax(2), maps.mean(2)], dim=1)))


def both(params: PonsParams) -> tuple[Pons, PlainPons, torch.Tensor]:
    model = build_tagger(params, 5, torch.Generator().manual_seed(0))
    audio = torch.randn(6, params.clip_samples, generator=torch.Generator().manual_seed(1))
    return model, PlainPons(model), audio


@pytest.mark.parametrize("clip_duration_s", [3.0, 15.0])
def test_size_is_that_of_the_authors_network_whatever_the_length(clip_duration_s):
    model = Pons(replace(AUTHORS, clip_duration_s=clip_duration_s), n_tags=50)
    assert sum(parameter.numel() for parameter in model.parameters()) == 5_377_082


def test_frames_are_those_of_the_layer_table():
    assert AUTHORS.clip_samples == 48_000
    assert AUTHORS.n_frames == 20
    assert EMBEDDED.n_frames == 22


@pytest.mark.parametrize("params", [EMBEDDED, replace(AUTHORS, width=2, hidden_units=3)])
def test_logits_equal_the_plain_definition(params):
    model, plain, audio = both(params)
    with torch.no_grad():
        for buffer in model.buffers():  # statistics that differ from 0 and 1
            if buffer.is_floating_point():
                buffer += 0.3
    torch.testing.assert_close(model.eval()(audio), plain.eval()(audio), atol=1e-5, rtol=1e-5)


def test_training_equals_the_plain_definition():
    model, plain, audio = (part.double() for part in both(replace(EMBEDDED, dropout=0.0)))
    ours, theirs = (gradients(model, network, audio) for network in (model, plain))
    torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-7)


def test_input_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"shape \(B, 24000\) at 8000 Hz, got \(2, 24001\)"):
        Pons(EMBEDDED, n_tags=2)(torch.zeros(2, 24_001))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clip_duration_s": 0.5}, r"clip_duration_s must be long enough for 8 frames .*\(it gives 2\), got 0.5"),
        ({"pools": [3, 3]}, r"pools must be 6 sizes, got \[3, 3\]"),
        ({"pools": [3, 3, 3, 3, 3, 0]}, r"pools\[5\] must be >= 1, got 0"),
        ({"width": 0}, "width must be >= 1, got 0"),
        ({"dropout": 1.5}, "dropout must be <= 1, got 1.5"),
    ],
)
def test_sizes_that_cannot_work_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        from_mapping(PonsParams, to_mapping(EMBEDDED) | changes, "model")
