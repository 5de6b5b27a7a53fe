"""Encoders in checkpoints: what is saved comes back, whatever the architecture."""

import pytest
import torch

from clmr.models.cpc import CPCParams
from clmr.models.encoders import ENCODERS, load_encoder, save_encoder
from clmr.models.sample_cnn import SampleCNNParams
from clmr.storage.strict import to_mapping
from clmr.storage.tensors import load_tensors, save_tensors

SAMPLE_CNN = SampleCNNParams("sample_cnn", 8_000, width=2)
CPC = CPCParams("cpc", 8_000, 1_000, 4, 3, kernels=(8, 4), strides=(5, 2), paddings=(2, 1), norm="batch")


@pytest.mark.parametrize("params", [SAMPLE_CNN, CPC], ids=lambda params: params.kind)
def test_a_saved_encoder_comes_back_frozen(tmp_path, params):
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


def test_every_kind_is_read_and_has_what_encoders_have():
    for kind, params in {"sample_cnn": SAMPLE_CNN, "cpc": CPC}.items():
        assert ENCODERS.read(to_mapping(params)) == params
        assert params.kind == kind
        assert params.build()(torch.zeros(2, params.clip_samples)).shape == (2, params.embedding_dim)
    assert set(ENCODERS.targets) == {"sample_cnn", "cpc"}


def test_weights_of_another_architecture_are_refused(tmp_path):
    path = tmp_path / "encoder.safetensors"
    save_tensors(path, SAMPLE_CNN.build().state_dict(), {"encoder": to_mapping(CPC)})
    with pytest.raises(ValueError, match="do not fit CPC"):
        load_encoder(path)
    save_tensors(path, {}, {"encoder": {"kind": "vgg"}})
    with pytest.raises(ValueError, match="encoder.kind: found str 'vgg', allowed are sample_cnn, cpc"):
        load_encoder(path)
