"""Encoders in checkpoints: what is saved comes back, whatever the architecture."""

import pytest
import torch

from clmr.models.encoders import ENCODERS, load_encoder, save_encoder
from clmr.storage.strict import to_mapping
from clmr.storage.tensors import load_tensors, save_tensors
from tests.examples import example_of


@pytest.mark.parametrize("kind", ENCODERS.targets)
def test_a_saved_encoder_comes_back_frozen(tmp_path, kind):
    params = example_of("models", kind)
    encoder = params.build()
    save_encoder(tmp_path / "encoder.safetensors", encoder, {"seed": 3})
    before = torch.random.get_rng_state()
    loaded = load_encoder(tmp_path / "encoder.safetensors")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert type(loaded) is type(encoder)
    assert loaded.params == params
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    for name, tensor in encoder.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    _, facts = load_tensors(tmp_path / "encoder.safetensors")
    assert facts == {"seed": 3, "encoder": to_mapping(params)}


@pytest.mark.parametrize("kind", ENCODERS.targets)
def test_every_kind_is_read_and_has_what_encoders_have(kind):
    params = example_of("models", kind)
    assert ENCODERS.read(to_mapping(params)) == params
    assert params.kind == kind
    assert params.build()(torch.zeros(2, params.clip_samples)).shape == (2, params.embedding_dim)


@pytest.mark.parametrize("kind", ENCODERS.targets)
def test_the_mean_of_the_last_layer_is_the_embedding(kind):
    params = example_of("models", kind)
    encoder = params.build().eval().requires_grad_(False)
    audio = torch.rand(3, params.clip_samples, generator=torch.Generator().manual_seed(0)) - 0.5
    maps = list(encoder.layer_maps(audio))
    assert len(maps) > 1
    assert all(of_layer.dim() == 4 and of_layer.shape[::2] == (3, 1) for of_layer in maps)
    torch.testing.assert_close(maps[-1].mean(dim=(2, 3)), encoder(audio))
    with pytest.raises(ValueError, match="audio must have shape"):
        next(encoder.layer_maps(audio[:, 1:]))


def test_weights_of_another_architecture_are_refused(tmp_path):
    path = tmp_path / "encoder.safetensors"
    weights = example_of("models", "sample_cnn").build().state_dict()
    save_tensors(path, weights, {"encoder": to_mapping(example_of("models", "cpc"))})
    with pytest.raises(ValueError, match="do not fit CPC"):
        load_encoder(path)
    save_tensors(path, {}, {"encoder": {"kind": "vgg"}})
    with pytest.raises(ValueError, match="encoder.kind: found str 'vgg', allowed are sample_cnn, cpc"):
        load_encoder(path)
