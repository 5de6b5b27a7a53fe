"""Frozen encoders come from checkpoints of pre-training and of supervised networks alike."""

import pytest
import torch

from clmr.compute.seeding import generator
from clmr.models.encoders import save_encoder
from clmr.models.frozen_encoders import load_frozen_encoder
from clmr.models.sample_cnn_tagger import SampleCNNTaggerParams
from clmr.models.taggers import build_tagger
from clmr.storage.tensors import save_tensors
from tests.examples import example_of


def is_frozen(encoder):
    return not encoder.training and not any(parameter.requires_grad for parameter in encoder.parameters())


@pytest.mark.parametrize("kind", ["sample_cnn", "cpc"])
def test_a_pre_trained_encoder_comes_back_frozen(tmp_path, kind):
    params, path = example_of("models", kind), tmp_path / "encoder.safetensors"
    encoder = params.build()
    save_encoder(path, encoder, {})
    before = torch.random.get_rng_state()
    loaded = load_frozen_encoder(path, params, "")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert is_frozen(loaded)
    assert all(torch.equal(loaded.state_dict()[name], tensor) for name, tensor in encoder.state_dict().items())


def test_so_does_the_encoder_of_a_supervised_network(tmp_path):
    params = SampleCNNTaggerParams("sample_cnn", sample_rate_hz=8_000, width=2, dropout=0.5)
    network, path = build_tagger(params, 3, generator(0, "weights")).eval(), tmp_path / "model.safetensors"
    save_tensors(path, network.state_dict(), {})
    loaded = load_frozen_encoder(path, params.encoder, "encoder.")
    assert is_frozen(loaded)
    audio = torch.rand(2, params.encoder.clip_samples, generator=torch.Generator().manual_seed(0)) - 0.5
    with torch.inference_mode():
        assert torch.equal(loaded(audio), network.encoder(audio))


def test_what_is_no_such_encoder_is_refused(tmp_path):
    params, path = example_of("models", "sample_cnn"), tmp_path / "encoder.safetensors"
    with pytest.raises(FileNotFoundError):
        load_frozen_encoder(path, params, "")
    save_encoder(path, example_of("models", "cpc").build(), {})
    with pytest.raises(ValueError, match="do not fit SampleCNN"):
        load_frozen_encoder(path, params, "")
