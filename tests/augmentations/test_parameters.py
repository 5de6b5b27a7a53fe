"""Tests of the chain's settings: limits, and the two ready-made chains."""

from dataclasses import fields

import pytest

from clmr.augmentations import AugmentationParams
from clmr.augmentations.parameters import DelayParams, FilterParams, GainParams, NoiseParams, PitchParams
from clmr.storage.strict import from_mapping, to_mapping


def test_thesis_chain_survives_a_round_trip_through_plain_values() -> None:
    chain = AugmentationParams.thesis()
    assert from_mapping(AugmentationParams, to_mapping(chain), "params.yaml: augmentations") == chain


def test_steps_stand_in_the_order_of_the_thesis() -> None:
    order = ["polarity", "noise", "gain", "filter", "delay", "pitch", "reverb"]
    assert [field.name for field in fields(AugmentationParams)] == order


def test_no_augmentation_means_every_probability_is_zero() -> None:
    chain = AugmentationParams.none()
    assert {getattr(chain, field.name).p for field in fields(chain)} == {0.0}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GainParams(p=1.1, gain_db=(-6.0, 0.0)), "p must be a probability"),
        (lambda: GainParams(p=0.5, gain_db=(0.0, -6.0)), "gain_db must be"),
        (lambda: NoiseParams(p=-0.1, snr_db=(40.0, 80.0)), "p must be a probability"),
        (lambda: FilterParams(0.5, low_pass_hz=(0.0, 100.0), high_pass_hz=(200.0, 300.0)), "low_pass_hz"),
        (lambda: DelayParams(p=0.5, delay_ms=(200.0, 500.0), step_ms=0.0, factor=0.5), "step_ms must be > 0"),
        (lambda: DelayParams(p=0.5, delay_ms=(200.0, 500.0), step_ms=50.0, factor=1.5), "factor must be"),
        (lambda: PitchParams(p=0.5, semitones=(-13.0, 7.0)), "semitones must be"),
    ],
)
def test_settings_out_of_range_are_named(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_unknown_key_is_refused() -> None:
    mapping = to_mapping(AugmentationParams.thesis())
    mapping["gain"]["probability"] = 0.5
    with pytest.raises(ValueError, match="unknown key probability"):
        from_mapping(AugmentationParams, mapping, "params.yaml: augmentations")
