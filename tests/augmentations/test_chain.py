"""Tests of the chain as a whole."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch

from clmr.augmentations.chain import AugmentationParams
from clmr.storage.strict import from_mapping, to_mapping
from tests.augmentations.chains import NOTHING, STEPS, always, complete_chain, draws, only, thesis_chain
from tests.augmentations.signals import noise

PLACE = "params.yaml: bases.clmr.augmentations"


def same_draw(first: object, second: object) -> bool:
    """Whether two draws of a step hold the same values."""
    pairs = [(value, vars(second)[name]) for name, value in vars(first).items()]
    return all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in pairs)


@pytest.mark.parametrize(("n_samples", "sample_rate_hz"), [(59_049, 22_050), (20_736, 8_000), (5_001, 16_000)])
@pytest.mark.parametrize("step", [*STEPS, "all", "thesis"])
def test_a_batch_equals_its_examples_one_by_one(step: str, n_samples: int, sample_rate_hz: int) -> None:
    chain = {"all": always(), "thesis": thesis_chain()}.get(step) or only(step)
    batch = noise(6, n_samples)
    draw = chain.draw(len(batch), sample_rate_hz, draws(5))
    together = draw.apply(batch, sample_rate_hz)
    alone = torch.cat(
        [draw.examples(slice(row, row + 1)).apply(batch[[row]], sample_rate_hz) for row in range(6)],
    )
    # Reverberation raises what long transforms round differently in batches: 94 dB below the peak.
    tolerance = 3e-5 if step in ("reverb", "all", "thesis") else 1e-6
    assert ((together - alone).abs().amax(dim=1) <= tolerance * alone.abs().amax(dim=1)).all()


def test_more_than_is_treated_at_once() -> None:
    batch = noise(260, 20_001)
    draw = always().draw(len(batch), 8_000, draws(6))
    few = draw.examples(slice(250, None)).apply(batch[250:], 8_000)
    torch.testing.assert_close(draw.apply(batch, 8_000)[250:], few, rtol=0, atol=1e-5)


def test_the_draws_used_are_those_of_the_chosen_examples() -> None:
    draw = thesis_chain().draw(8, 8_000, draws(7))
    which = torch.tensor([5, 2])
    for name, step in draw.examples(which).steps.items():
        assert torch.equal(step.chosen, draw.steps[name].chosen[which])
    assert torch.equal(draw.examples(which).steps["pitch"].semitones, draw.steps["pitch"].semitones[[5, 2]])


def test_a_chain_without_steps_is_a_copy() -> None:
    batch = noise(3, 1001)
    augmented = NOTHING.augment(batch, 22_050, draws())
    assert torch.equal(augmented, batch)
    assert augmented.data_ptr() != batch.data_ptr()


def test_steps_of_probability_zero_change_nothing() -> None:
    batch = noise(3, 1001)
    never = replace(always(), **{name: replace(step, p=0.0) for name, step in always().steps().items()})
    assert torch.equal(never.augment(batch, 22_050, draws()), batch)


@pytest.mark.parametrize("step", STEPS)
def test_probability_one_changes_every_example_and_never_the_input(step: str) -> None:
    batch = noise(4, 20_001)
    before = batch.clone()
    augmented = only(step).augment(batch, 22_050, draws(1))
    assert torch.equal(batch, before)
    assert ((augmented - batch).abs().amax(dim=1) > 0).all()


def test_steps_are_applied_in_the_order_of_the_thesis() -> None:
    assert tuple(thesis_chain().steps()) == ("polarity", "noise", "gain", "filter", "delay", "pitch", "reverb")
    batch = noise(2, 20_001)
    draw = always().draw(2, 8_000, draws(8))
    expected = batch.clone()
    for name in STEPS:
        draw.steps[name].treat_chosen(expected, 8_000)
    assert torch.equal(draw.apply(batch, 8_000), expected)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_more_or_less_shifts_no_other_draw(step: str) -> None:
    chain = complete_chain()
    all_steps = chain.draw(16, 22_050, draws(3)).steps
    without = replace(chain, **{step: None}).draw(16, 22_050, draws(3)).steps
    never = replace(chain, **{step: replace(chain.steps()[step], p=0.0)})
    switched_off = never.draw(16, 22_050, draws(3)).steps
    assert list(without) == [name for name in STEPS if name != step]
    assert not switched_off[step].chosen.any()
    for name in without:
        assert same_draw(without[name], all_steps[name])
        assert same_draw(switched_off[name], all_steps[name])


def test_a_step_left_out_equals_one_of_probability_zero() -> None:
    batch = noise(6, 8_000)
    without = replace(thesis_chain(), delay=None)
    never = replace(thesis_chain(), delay=replace(thesis_chain().delay, p=0.0))
    assert torch.equal(without.augment(batch, 8_000, draws(4)), never.augment(batch, 8_000, draws(4)))


def test_each_step_asks_for_its_own_generator() -> None:
    asked = []

    def remembered(step: str) -> torch.Generator:
        asked.append(step)
        return draws()(step)

    replace(thesis_chain(), gain=None).draw(2, 8_000, remembered)
    assert asked == ["polarity", "noise", "filter", "delay", "pitch", "reverb"]


def test_the_seed_decides() -> None:
    batch = noise(4, 8_000)
    first, again, other = (thesis_chain().augment(batch, 8_000, draws(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    always().augment(noise(4, 8_000), 8_000, draws())
    assert torch.equal(before, torch.get_rng_state())


def test_threads_do_not_matter() -> None:
    batch, n_threads = noise(8, 20_736), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = thesis_chain().augment(batch, 8_000, draws(3))
        torch.set_num_threads(2)
        two = thesis_chain().augment(batch, 8_000, draws(3))
    finally:
        torch.set_num_threads(n_threads)
    torch.testing.assert_close(one, two, rtol=0, atol=1e-5)


def test_silence_stays_silent() -> None:
    augmented = always().augment(torch.zeros(5, 20_001), 22_050, draws())
    assert augmented.abs().max() == 0


@pytest.mark.parametrize("n_samples", [2, 3, 1001])
@pytest.mark.parametrize("sample_rate_hz", [8_000, 22_050])
def test_one_short_example(n_samples: int, sample_rate_hz: int) -> None:
    augmented = always().augment(noise(1, n_samples), sample_rate_hz, draws())
    assert augmented.shape == (1, n_samples)
    assert augmented.isfinite().all()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_samples_that_are_not_finite_are_refused_and_located(value: float) -> None:
    batch = noise(3, 100)
    batch[1, 50] = value
    with pytest.raises(ValueError, match=r"NaN or infinity in the examples \[1\]"):
        thesis_chain().augment(batch, 8_000, draws())


@pytest.mark.parametrize("batch", [torch.zeros(100), torch.zeros(1, 1), torch.zeros(0, 9), torch.zeros(1, 9).double()])
def test_other_shapes_and_types_are_refused(batch: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="batch must be float32 of shape"):
        thesis_chain().augment(batch, 8_000, draws())


def test_sample_rate_must_be_positive() -> None:
    with pytest.raises(ValueError, match="sample_rate_hz must be > 0, got 0"):
        thesis_chain().augment(noise(1, 9), 0, draws())


def test_the_host_never_waits_for_the_device() -> None:
    # A meta tensor has no values: asking for one, or mixing in a tensor on the CPU, raises.
    batch = torch.empty(4, 20_001, device="meta")
    for chain in (always(), thesis_chain()):
        augmented = chain.draw(4, 22_050, draws()).apply(batch, 22_050)
        assert augmented.shape == (4, 20_001)
        assert augmented.device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_cpu_and_gpu_agree() -> None:
    batch = noise(8, 20_736)
    draw = replace(always(), pitch=None).draw(8, 8_000, draws(4))
    torch.testing.assert_close(draw.apply(batch.cuda(), 8_000).cpu(), draw.apply(batch, 8_000), rtol=0, atol=1e-5)


def test_a_chain_survives_a_round_trip_through_plain_values() -> None:
    for chain in (thesis_chain(), complete_chain()):
        assert from_mapping(AugmentationParams, to_mapping(chain), PLACE) == chain


def test_a_step_left_out_of_the_mapping_is_left_out_of_the_chain() -> None:
    chain = from_mapping(AugmentationParams, {"gain": {"p": 0.3, "gain_db": [-6, 0]}, "pitch": None}, PLACE)
    assert list(chain.steps()) == ["gain"]


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"polarty": {"p": 0.5}}, f"{PLACE}: found unknown key polarty, allowed are polarity, noise, gain, filter,"),
        ({"gain": {"p": 0.5, "gain_db": [-6.0, 0.0], "pp": 1}}, f"{PLACE}.gain: found unknown key pp, allowed are p,"),
        ({"polarity": {}}, f"{PLACE}.polarity: missing key p"),
        ({"polarity": {"p": 1.1}}, f"{PLACE}.polarity.p must be <= 1, got 1.1"),
        ({"polarity": {"p": -0.1}}, f"{PLACE}.polarity.p must be >= 0, got -0.1"),
        ({"polarity": 0.5}, f"{PLACE}.polarity: found float 0.5, expected a mapping with the keys p"),
    ],
)
def test_what_is_not_a_chain_is_refused(mapping: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        from_mapping(AugmentationParams, mapping, PLACE)


@pytest.mark.parametrize(
    ("step", "setting", "value", "allowed"),
    [
        ("noise", "snr_db", [80.0, 40.0], "[low, high] with -120.0 <= low <= high <= 120.0"),
        ("gain", "gain_db", [0.0, -6.0], "[low, high] with -120.0 <= low <= high <= 24.0"),
        ("filter", "low_pass_hz", [0.0, 100.0], "[low, high] with 20.0 <= low <= high <= 96000.0"),
        ("filter", "high_pass_hz", [300.0, 200.0], "[low, high] with 20.0 <= low <= high <= 96000.0"),
        ("delay", "delay_ms", [500.0, 200.0], "[low, high] with 0.0 <= low <= high <= 10000.0"),
        ("delay", "step_ms", 0.0, "> 0"),
        ("delay", "factor", 1.5, "<= 1"),
        ("pitch", "semitones", [-13.0, 7.0], "[low, high] with -12.0 <= low <= high <= 12.0"),
        ("reverb", "damping", [0.0, 101.0], "[low, high] with 0.0 <= low <= high <= 100.0"),
    ],
)
def test_settings_out_of_range_are_named(step: str, setting: str, value: Any, allowed: str) -> None:
    mapping = to_mapping(thesis_chain())
    mapping[step][setting] = value
    message = re.escape(f"{setting} must be {allowed}, got {value}")
    with pytest.raises(ValueError, match=f"^{re.escape(PLACE)}.{step}.*{message}$"):
        from_mapping(AugmentationParams, mapping, PLACE)
