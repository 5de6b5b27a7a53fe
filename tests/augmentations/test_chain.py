"""Tests of the chain as a whole."""

from dataclasses import fields, replace

import pytest
import torch
from signals import generator, noise

from clmr.augmentations import AugmentationParams, apply_chain, augment, draw_chain

THESIS, NONE = AugmentationParams.thesis(), AugmentationParams.none()
ALWAYS = AugmentationParams(
    **{step.name: replace(getattr(THESIS, step.name), p=1.0) for step in fields(AugmentationParams)}
)


def only(step: str) -> AugmentationParams:
    return replace(NONE, **{step: getattr(ALWAYS, step)})


@pytest.mark.parametrize(("n_samples", "sample_rate_hz"), [(59_049, 22_050), (20_736, 8_000), (5_001, 16_000)])
@pytest.mark.parametrize("step", [field.name for field in fields(AugmentationParams)] + ["all", "thesis"])
def test_a_batch_equals_its_examples_one_by_one(step: str, n_samples: int, sample_rate_hz: int) -> None:
    params = {"all": ALWAYS, "thesis": THESIS}.get(step) or only(step)
    batch = noise(6, n_samples)
    draw = draw_chain(params, len(batch), sample_rate_hz, generator(5))
    together = apply_chain(batch, draw, sample_rate_hz)
    alone = torch.cat(
        [apply_chain(batch[[row]], draw.examples(slice(row, row + 1)), sample_rate_hz) for row in range(6)]
    )
    # Reverberation raises what long transforms round differently in batches: 94 dB below the peak.
    tolerance = 3e-5 if step in ("reverb", "all", "thesis") else 1e-6
    assert ((together - alone).abs().amax(dim=1) <= tolerance * alone.abs().amax(dim=1)).all()


def test_more_than_is_treated_at_once() -> None:
    batch = noise(260, 20_001)
    draw = draw_chain(ALWAYS, len(batch), 8_000, generator(6))
    few = apply_chain(batch[250:], draw.examples(slice(250, None)), 8_000)
    torch.testing.assert_close(apply_chain(batch, draw, 8_000)[250:], few, rtol=0, atol=1e-5)


def test_no_augmentation_is_the_identity() -> None:
    batch = noise(3, 1001)
    assert torch.equal(augment(batch, NONE, 22_050, generator()), batch)


@pytest.mark.parametrize("step", [field.name for field in fields(AugmentationParams)])
def test_probability_one_changes_every_example_and_never_the_input(step: str) -> None:
    batch = noise(4, 20_001)
    before = batch.clone()
    augmented = augment(batch, only(step), 22_050, generator(1))
    assert torch.equal(batch, before)
    assert ((augmented - batch).abs().amax(dim=1) > 0).all()


def test_the_seed_decides() -> None:
    batch = noise(4, 8_000)
    first, again, other = (augment(batch, THESIS, 8_000, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    augment(noise(4, 8_000), ALWAYS, 8_000, generator())
    assert torch.equal(before, torch.get_rng_state())


def test_threads_do_not_matter() -> None:
    batch, n_threads = noise(8, 20_736), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = augment(batch, THESIS, 8_000, generator(3))
        torch.set_num_threads(2)
        two = augment(batch, THESIS, 8_000, generator(3))
    finally:
        torch.set_num_threads(n_threads)
    torch.testing.assert_close(one, two, rtol=0, atol=1e-5)


def test_silence_stays_silent() -> None:
    augmented = augment(torch.zeros(5, 20_001), ALWAYS, 22_050, generator())
    assert augmented.abs().max() == 0


@pytest.mark.parametrize("n_samples", [2, 3, 1001])
@pytest.mark.parametrize("sample_rate_hz", [8_000, 22_050])
def test_one_short_example(n_samples: int, sample_rate_hz: int) -> None:
    augmented = augment(noise(1, n_samples), ALWAYS, sample_rate_hz, generator())
    assert augmented.shape == (1, n_samples)
    assert augmented.isfinite().all()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_samples_that_are_not_finite_are_refused_and_located(value: float) -> None:
    batch = noise(3, 100)
    batch[1, 50] = value
    with pytest.raises(ValueError, match=r"NaN or infinity in the examples \[1\]"):
        augment(batch, THESIS, 8_000, generator())


@pytest.mark.parametrize("batch", [torch.zeros(100), torch.zeros(1, 1), torch.zeros(0, 9), torch.zeros(1, 9).double()])
def test_other_shapes_and_types_are_refused(batch: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="batch must be float32 of shape"):
        augment(batch, THESIS, 8_000, generator())


def test_sample_rate_must_be_positive() -> None:
    with pytest.raises(ValueError, match="sample_rate_hz must be > 0, got 0"):
        augment(noise(1, 9), THESIS, 0, generator())


def test_the_host_never_waits_for_the_device() -> None:
    # A meta tensor has no values: asking for one, or mixing in a tensor on the CPU, raises.
    batch = torch.empty(4, 20_001, device="meta")
    draw = draw_chain(ALWAYS, 4, 22_050, generator())
    mixed = draw_chain(THESIS, 4, 22_050, generator())
    assert apply_chain(batch, draw, 22_050).shape == (4, 20_001)
    assert apply_chain(batch, mixed, 22_050).device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_cpu_and_gpu_agree() -> None:
    batch = noise(8, 20_736)
    draw = draw_chain(replace(ALWAYS, pitch=NONE.pitch), 8, 8_000, generator(4))
    torch.testing.assert_close(
        apply_chain(batch.cuda(), draw, 8_000).cpu(), apply_chain(batch, draw, 8_000), rtol=0, atol=1e-5
    )
