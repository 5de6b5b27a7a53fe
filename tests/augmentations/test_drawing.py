"""Tests of drawing: every drawn parameter has the distribution it should have."""

import pytest
import torch
from scipy.stats import chisquare, kstest
from signals import generator

from clmr.augmentations import AugmentationParams, draw_chain
from clmr.augmentations.drawing import Draw, draw_chosen, treat_chosen

N = 20_000
SAMPLE_RATE_HZ = 22_050


@pytest.fixture(scope="module")
def draw():
    return draw_chain(AugmentationParams.thesis(), N, SAMPLE_RATE_HZ, generator(1))


@pytest.mark.parametrize(
    ("step", "parameter", "low", "high"),
    [
        ("noise", "snr_db", 40, 80),
        ("gain", "gain_db", -6, 0),
        ("pitch", "semitones", -7, 7),
        ("reverb", "room_size", 0, 100),
        ("reverb", "reverberance", 0, 100),
        ("reverb", "damping", 0, 100),
    ],
)
def test_continuous_parameters_are_uniform(draw, step: str, parameter: str, low: float, high: float) -> None:
    values = getattr(getattr(draw, step), parameter)
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
    drawn = draw_chain(AugmentationParams.thesis(), N, sample_rate_hz, generator(2)).filter
    values = drawn.cutoff_hz[drawn.high_pass == high_pass]
    assert kstest(values.numpy(), "uniform", args=(low_hz, high_hz - low_hz)).pvalue > 0.01


def test_delays_are_uniform_over_seven_values_with_both_ends(draw) -> None:
    values, counts = draw.delay.delay_ms.unique(return_counts=True)
    assert values.tolist() == [200, 250, 300, 350, 400, 450, 500]
    assert chisquare(counts.numpy()).pvalue > 0.01


def test_coin_flips_between_the_filters_are_fair(draw) -> None:
    # Five standard deviations of a fair coin.
    assert abs(draw.filter.high_pass.double().mean() - 0.5) < 5 * 0.5 / N**0.5


def test_steps_are_chosen_with_their_probabilities_and_independently(draw) -> None:
    params = AugmentationParams.thesis()
    probability = torch.tensor([getattr(params, name).p for name in draw._fields], dtype=torch.float64)
    chosen = torch.stack([step.chosen for step in draw]).double()
    tolerance = 5 * (probability * (1 - probability) / N).sqrt()
    assert ((chosen.mean(dim=1) - probability).abs() < tolerance).all()
    correlation = torch.corrcoef(chosen) - torch.eye(len(chosen))
    assert correlation.abs().max() < 5 / N**0.5


def test_probabilities_zero_and_one_are_certain() -> None:
    assert not draw_chosen(N, 0.0, generator()).any()
    assert draw_chosen(N, 1.0, generator()).all()


def test_probability_of_one_step_leaves_the_draws_of_the_others() -> None:
    some = draw_chain(AugmentationParams.thesis(), 16, SAMPLE_RATE_HZ, generator(3))
    none = draw_chain(AugmentationParams.none(), 16, SAMPLE_RATE_HZ, generator(3))
    assert torch.equal(some.reverb.damping, none.reverb.damping)
    assert torch.equal(some.pitch.semitones, none.pitch.semitones)


def test_only_chosen_rows_are_treated() -> None:
    batch = torch.arange(8.0).view(4, 2)
    draw = Draw(torch.tensor([True, False, False, True]))
    treat_chosen(batch, draw, lambda rows, drawn: rows + 10 * len(drawn.chosen))
    assert batch.tolist() == [[20, 21], [2, 3], [4, 5], [26, 27]]


def test_nothing_is_treated_where_none_is_chosen() -> None:
    treat_chosen(torch.zeros(2, 3), Draw(torch.zeros(2, dtype=torch.bool)), lambda rows, drawn: 1 / 0)
