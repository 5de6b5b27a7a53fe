"""The compiled loops of the steps against what they stand for: transforms, and recursions in float64."""

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from clmr.augmentations import step as steps
from clmr.augmentations.filter import FilterDraw, coefficients
from clmr.augmentations.pitch import PitchDraw
from clmr.augmentations.reverb import ReverbDraw
from clmr.augmentations.step import CompiledDraw, loops_of
from tests.augmentations.chains import draws, only
from tests.augmentations.signals import noise
from tests.augmentations.test_reverb import looped_reverb

LENGTHS = [2, 15, 17, 3_001, 20_736]


def looped(draw: CompiledDraw, batch: torch.Tensor, sample_rate_hz: int) -> torch.Tensor:
    """The batch through the loops, which must be there."""
    loops, treated = loops_of(type(draw)), batch.clone()
    assert loops is not None
    draw.loop(loops, treated, torch.arange(len(batch)), sample_rate_hz)
    return treated


def drawn(step: str, n_examples: int, sample_rate_hz: int) -> CompiledDraw:
    return only(step).draw(n_examples, sample_rate_hz, draws(5)).steps[step]


@pytest.mark.parametrize("n_samples", LENGTHS)
@pytest.mark.parametrize("sample_rate_hz", [8_000, 22_050])
@pytest.mark.parametrize(
    ("step", "tolerance"), [("noise", 1e-6), ("filter", 2e-5), ("delay", 1e-7), ("pitch", 5e-6), ("reverb", 1e-3)]
)
def test_loops_do_what_transforms_do(step: str, tolerance: float, sample_rate_hz: int, n_samples: int) -> None:
    # The tolerance of the reverberation is that of the transforms, whose tail wraps around 60 dB down.
    batch = noise(6, n_samples)
    draw = drawn(step, 6, sample_rate_hz)
    found, expected = looped(draw, batch, sample_rate_hz), draw.apply(batch, sample_rate_hz)
    assert (found - expected).abs().max() < tolerance * expected.abs().max()


@pytest.mark.parametrize("n_samples", LENGTHS)
@pytest.mark.parametrize(("high_pass", "cutoff_hz"), [(True, 200.0), (True, 1_200.0), (False, 2_200.0), (False, 50.0)])
def test_the_filter_is_the_recursion(high_pass: bool, cutoff_hz: float, n_samples: int) -> None:
    draw = FilterDraw(torch.tensor([True]), torch.tensor([high_pass]), torch.tensor([cutoff_hz]), 0)
    batch = noise(1, n_samples)
    numerator, denominator = (part[0].numpy() for part in coefficients(draw.high_pass, draw.cutoff_hz, 22_050))
    expected = lfilter(numerator, denominator, batch[0].double().numpy())
    found = looped(draw, batch, 22_050)[0].double().numpy()
    assert np.abs(found - expected).max() < 1e-6 * batch.abs().max().item()


@pytest.mark.parametrize("settings", [(0.0, 0.0, 0.0), (100.0, 100.0, 0.0), (71.3, 93.7, 12.9)])
@pytest.mark.parametrize("sample_rate_hz", [8_000, 22_050])
def test_the_reverberation_is_the_network(sample_rate_hz: int, settings: tuple[float, float, float]) -> None:
    draw = ReverbDraw(torch.tensor([True]), *(torch.tensor([value]).double() for value in settings))
    signal = noise(1, 4_001)
    wet = (looped(draw, signal, sample_rate_hz) - signal)[0].double().numpy()
    expected = looped_reverb(signal[0].double().numpy(), draw, sample_rate_hz)
    assert np.abs(wet - expected).max() < 1e-5 * np.abs(expected).max() + 1e-7


def test_an_octave_either_way_is_read_by_the_same_kernel() -> None:
    draw = PitchDraw(torch.tensor([True, True]), torch.tensor([-12.0, 12.0]).double())
    batch = noise(2, 20_001)
    difference = looped(draw, batch, 8_000) - draw.apply(batch, 8_000)
    assert difference.abs().max() < 5e-6 * batch.abs().max()


def test_silence_stays_silent() -> None:
    for step in ("noise", "filter", "delay", "pitch", "reverb"):
        assert not looped(drawn(step, 2, 8_000), torch.zeros(2, 5_000), 8_000).any()


def test_rooms_with_delays_shorter_than_a_vector_are_left_to_transforms() -> None:
    settings = (torch.tensor([value]).double() for value in (0.0, 50.0, 50.0))
    draw = ReverbDraw(torch.tensor([True]), *settings)
    assert not draw.suits_loops(4_000)
    assert draw.suits_loops(8_000)
    batch = noise(1, 2_000)
    expected = draw.apply(batch, 4_000)
    draw.treat_chosen(batch, 4_000)
    assert torch.equal(batch, expected)


def test_a_small_room_that_is_not_chosen_changes_nothing_for_the_others() -> None:
    rooms, half = torch.tensor([0.0, 100.0]).double(), torch.full((2,), 50.0).double()
    draw = ReverbDraw(torch.tensor([False, True]), rooms, half, half)
    batch = noise(2, 2_000)
    expected = looped(draw.examples(torch.tensor([1])), batch[1:], 4_000)
    draw.treat_chosen(batch, 4_000)
    assert torch.equal(batch[1:], expected)


@pytest.mark.parametrize("step", ["noise", "filter", "delay", "pitch", "reverb"])
def test_without_loops_the_chain_goes_on(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "loops_of", lambda _: None)
    batch, draw = noise(3, 5_000), drawn(step, 3, 8_000)
    expected = draw.apply(batch, 8_000)
    draw.treat_chosen(batch, 8_000)
    assert torch.equal(batch, expected)


def test_rows_that_are_not_chosen_stay_as_they_are() -> None:
    batch = noise(4, 5_000)
    draw = FilterDraw(torch.tensor([False, True, False, True]), torch.ones(4).bool(), torch.full((4,), 900.0), 100)
    treated = batch.clone()
    draw.treat_chosen(treated, 8_000)
    assert torch.equal(treated[::2], batch[::2])
    assert (treated[1::2] != batch[1::2]).any(dim=1).all()
