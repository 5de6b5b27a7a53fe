"""Checks before timing: encoders at any level against plain ones that hear the same."""

import pytest
import torch

from benchmarks.checks import check_encoder
from clmr.models.sample_cnn import SampleCNNParams


@pytest.mark.parametrize("level", ["as_recorded", "one_rms"])
@torch.inference_mode()
def test_an_encoder_is_checked_at_its_level(level):
    params = SampleCNNParams("sample_cnn", 8_000, width=16, level=level)
    assert "encoder in fp32 on cpu differs" in check_encoder(params, torch.device("cpu"), "fp32")
