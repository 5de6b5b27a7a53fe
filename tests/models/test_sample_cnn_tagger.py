"""SampleCNN with a head: the size of the released supervised model, and dropout in training only."""

import pytest
import torch

from clmr.models.sample_cnn_tagger import SampleCNNTagger, SampleCNNTaggerParams
from clmr.models.taggers import TAGGERS, build_tagger
from clmr.storage.strict import from_mapping


def test_size_is_that_of_the_released_supervised_model():
    model = SampleCNNTagger(SampleCNNTaggerParams("sample_cnn", 22_050, width=128, dropout=0.5), n_tags=50)
    assert sum(parameter.numel() for parameter in model.parameters()) == 2_394_162
    assert "encoder.sequential.0.0.weight" in model.state_dict()


def test_dropout_acts_in_training_only():
    params = SampleCNNTaggerParams("sample_cnn", 8_000, width=4, dropout=0.5)
    model = build_tagger(params, 3, torch.Generator().manual_seed(0))
    audio = torch.randn(4, params.clip_samples, generator=torch.Generator().manual_seed(1))
    expected = model.eval().fc(model.encoder(audio))
    torch.testing.assert_close(model(audio), expected)
    model.train()
    with torch.random.fork_rng(devices=[]):
        assert not torch.equal(model(audio), model(audio))


def test_initial_weights_depend_on_the_generator_alone():
    params = SampleCNNTaggerParams("sample_cnn", 8_000, width=2, dropout=0.5)
    before = torch.random.get_rng_state()
    models = [build_tagger(params, 3, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert torch.equal(torch.random.get_rng_state(), before)
    weights = [model.fc.weight for model in models]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def read(changes: dict) -> SampleCNNTaggerParams:
    valid = {"kind": "sample_cnn", "sample_rate_hz": 8_000, "width": 2, "dropout": 0.5}
    return from_mapping(TAGGERS, valid | changes, "model")


def test_rate_and_dropout_are_checked():
    with pytest.raises(ValueError, match="sample_rate_hz must be one of"):
        read({"sample_rate_hz": 44_100})
    with pytest.raises(ValueError, match="model.dropout must be <= 1, got 2.0"):
        read({"dropout": 2.0})
