"""Tests of drawing: every drawn value has the distribution it should have."""

from dataclasses import replace

import pytest
import torch
from scipy.stats import chisquare, kstest

from clmr.augmentations.chain import ChainDraw
from clmr.augmentations.drawing import draw_chosen
from tests.augmentations.chains import STEPS, complete_chain, draws, thesis_chain
from tests.augmentations.signals import generator

N_EXAMPLES = 20_000
SAMPLE_RATE_HZ = 22_050


@pytest.fixture(scope="module")
def draw() -> ChainDraw:
    return thesis_chain().draw(N_EXAMPLES, SAMPLE_RATE_HZ, draws(1))


@pytest.mark.parametrize(
    ("step", "value", "low", "high"),
    [
        ("noise", "snr_db", 40, 80),
        ("gain", "gain_db", -6, 0),
        ("pitch", "semitones", -7, 7),
        ("reverb", "room_size", 0, 100),
        ("reverb", "reverberance", 0, 100),
        ("reverb", "damping", 0, 100),
    ],
)
def test_continuous_values_are_uniform(draw: ChainDraw, step: str, value: str, low: float, high: float) -> None:
    values = getattr(draw.steps[step], value)
    assert kstest(values.numpy(), "uniform", args=(low, high - low)).pvalue > 0.01


@pytest.mark.parametrize(
    ("sample_rate_hz", "high_pass", "low_hz", "high_hz"),
    [
        (22_050, False, 2200, 4000),
        (22_050, True, 200, 1200),
        (8_000, False, 2200, 3600),
        (8_000, True, 200, 1200),
    ],
)
def test_cutoffs_are_uniform_below_the_nyquist_frequency(
    sample_rate_hz: int, high_pass: bool, low_hz: float, high_hz: float
) -> None:
    drawn = thesis_chain().filter.draw(N_EXAMPLES, sample_rate_hz, generator(2))
    values = drawn.cutoff_hz[drawn.high_pass == high_pass]
    assert kstest(values.numpy(), "uniform", args=(low_hz, high_hz - low_hz)).pvalue > 0.01


def test_delays_are_uniform_over_seven_values_with_both_ends(draw: ChainDraw) -> None:
    values, counts = draw.steps["delay"].delay_ms.unique(return_counts=True)
    assert values.tolist() == [200, 250, 300, 350, 400, 450, 500]
    assert chisquare(counts.numpy()).pvalue > 0.01


def test_coin_flips_between_the_filters_are_fair(draw: ChainDraw) -> None:
    # Five standard deviations of a fair coin.
    assert abs(draw.steps["filter"].high_pass.double().mean() - 0.5) < 5 * 0.5 / N_EXAMPLES**0.5


def test_steps_are_chosen_with_their_probabilities_and_independently(draw: ChainDraw) -> None:
    probability = torch.tensor([step.p for step in thesis_chain().steps().values()], dtype=torch.float64)
    chosen = torch.stack([step.chosen for step in draw.steps.values()]).double()
    tolerance = 5 * (probability * (1 - probability) / N_EXAMPLES).sqrt()
    assert ((chosen.mean(dim=1) - probability).abs() < tolerance).all()
    correlation = torch.corrcoef(chosen) - torch.eye(len(chosen))
    assert correlation.abs().max() < 5 / N_EXAMPLES**0.5


def test_values_of_different_steps_are_independent(draw: ChainDraw) -> None:
    values = {"noise": "snr_db", "gain": "gain_db", "filter": "high_pass", "delay": "delay_ms", "pitch": "semitones"}
    values["reverb"] = "room_size"
    drawn = torch.stack([getattr(draw.steps[step], value).double() for step, value in values.items()])
    correlation = torch.corrcoef(drawn) - torch.eye(len(drawn))
    assert correlation.abs().max() < 5 / N_EXAMPLES**0.5


def test_probabilities_zero_and_one_are_certain() -> None:
    assert not draw_chosen(N_EXAMPLES, 0.0, generator()).any()
    assert draw_chosen(N_EXAMPLES, 1.0, generator()).all()


@pytest.mark.parametrize("step", STEPS)
def test_a_generator_advances_by_as_much_whatever_the_probability(step: str) -> None:
    after = []
    for p in (0.0, 1.0):
        used = generator(3)
        replace(complete_chain().steps()[step], p=p).draw(16, SAMPLE_RATE_HZ, used)
        after.append(used.get_state())
    assert torch.equal(*after)
