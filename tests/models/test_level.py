"""The level at which networks read audio: what one loudness means, and that every network can read at it."""

import pytest
import torch

from clmr.models.cpc import CPCParams
from clmr.models.dieleman import DielemanParams
from clmr.models.initialisation import initialised
from clmr.models.level import levelled
from clmr.models.pons import PonsParams
from clmr.models.sample_cnn import SampleCNNParams
from clmr.models.sample_cnn_tagger import SampleCNNTaggerParams
from tests.augmentations.signals import noise

N_SAMPLES = 20_736


def draws() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def encoders() -> dict[str, torch.nn.Module]:
    """Every network that reads waveforms, at one loudness."""
    level = "one_rms"
    sizes = {"kernels": (8, 4), "strides": (5, 2), "paddings": (2, 1)}
    return {
        "sample_cnn": initialised(SampleCNNParams("sample_cnn", 8_000, 4, level).build, draws()),
        "cpc": initialised(CPCParams("cpc", 8_000, N_SAMPLES, 4, 3, **sizes, norm="none", level=level).build, draws()),
        "tagger": initialised(lambda: SampleCNNTaggerParams("sample_cnn", 8_000, 4, 0.0, level).build(3), draws()),
        "pons": initialised(
            lambda: PonsParams("pons", 8_000, N_SAMPLES / 8_000, 4, (3, 3, 3, 3, 2, 2), 6, 0.0, level).build(3), draws()
        ),
        "dieleman": initialised(
            lambda: DielemanParams("dieleman", 8_000, N_SAMPLES / 8_000, 512, 256, 4, level).build(3), draws()
        ),
    }


def test_audio_as_recorded_is_left_alone() -> None:
    audio = noise(2, 100)
    assert levelled(audio, "as_recorded") is audio


def test_one_loudness_is_a_root_mean_square_of_one() -> None:
    audio = noise(3, N_SAMPLES) * torch.tensor([[1e-4], [0.1], [1.0]])
    assert torch.allclose(levelled(audio, "one_rms").square().mean(dim=1), torch.ones(3), atol=1e-5)


def test_silence_stays_silent_and_single_samples_stay_finite() -> None:
    audio = torch.zeros(3, N_SAMPLES)
    audio[1, 100], audio[2, 7] = 1 / 32_768, 1.0
    found = levelled(audio, "one_rms")
    assert not found[0].any()
    assert found.isfinite().all()
    assert found[2].square().mean().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("gain", [0.01, 0.25, 3.0])
@pytest.mark.parametrize("name", ["sample_cnn", "cpc", "tagger", "pons", "dieleman"])
def test_networks_at_one_loudness_do_not_hear_gain(name: str, gain: float) -> None:
    network, audio = encoders()[name].eval(), 0.1 * noise(2, N_SAMPLES)
    with torch.inference_mode():
        expected = network(audio)
        assert (network(gain * audio) - expected).abs().max() < 1e-5 * expected.abs().max() + 1e-7


def test_networks_read_levels_as_recorded_unless_told_otherwise() -> None:
    network, audio = initialised(SampleCNNParams("sample_cnn", 8_000, 4).build, draws()).eval(), noise(2, N_SAMPLES)
    with torch.inference_mode():
        assert not torch.allclose(network(audio), network(0.1 * audio))
