"""Crops and augmentations of one clip: made as in pre-training, and described by what was drawn."""

import re
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
import torch

from clmr.augmentations.chain import AugmentationParams
from clmr.augmentations.filter import FilterDraw
from clmr.augmentations.pitch import PitchDraw
from clmr.augmentations.reverb import ReverbDraw
from clmr.compute.seeding import generator
from clmr.paper import view_examples
from clmr.paper.view_examples import STRETCH_COLUMNS, AugmentedExample, ViewsParams
from clmr.storage.strict import from_mapping, to_mapping
from tests.augmentations.chains import STEPS, complete_chain

from .views import CLIP_SAMPLES, views

RATE_HZ = 8_000


@pytest.fixture
def crop() -> torch.Tensor:
    return 0.1 * torch.randn(1, CLIP_SAMPLES, generator=torch.Generator().manual_seed(0))


def test_the_clip_is_one_of_the_training_split_with_room_for_a_crop(store):
    rows = {view_examples.choose_clip(store, CLIP_SAMPLES, seed) for seed in range(20)}
    assert len(rows) > 1
    assert set(store.clips.split.iloc[list(rows)]) == {"train"}
    assert view_examples.choose_clip(store, CLIP_SAMPLES, 3) == view_examples.choose_clip(store, CLIP_SAMPLES, 3)


def test_clips_that_are_too_short_are_refused(store):
    with pytest.raises(ValueError, match=r"no clip in \['train'\] has the 100000 samples"):
        view_examples.choose_clip(store, 100_000, seed=0)


def test_crops_lie_inside_the_clip_and_differ(store):
    row, n_pairs = view_examples.choose_clip(store, CLIP_SAMPLES, 0), 200
    pairs = view_examples.crop_pairs(store, row, CLIP_SAMPLES, n_pairs, seed=1)
    latest = store.clips.n_samples.iloc[row] - CLIP_SAMPLES
    assert pairs.shape == (n_pairs, 2)
    assert pairs.min() >= 0
    assert pairs.max() <= latest
    # Uniform over all starts: 400 draws come within a fiftieth of either end.
    assert pairs.min() < 0.02 * latest
    assert pairs.max() > 0.98 * latest


def test_the_share_of_pairs_that_overlap_is_the_probability(store):
    row, n_pairs, clip_samples = 0, 4_000, 4_000
    pairs = view_examples.crop_pairs(store, row, clip_samples, n_pairs, seed=2)
    share = float((np.abs(pairs[:, 0] - pairs[:, 1]) < clip_samples).mean())
    expected = view_examples.overlap_share(int(store.clips.n_samples.iloc[row]), clip_samples)
    # Within four standard deviations of a share of 4,000 draws.
    assert share == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / n_pairs))


def test_a_crop_holds_the_samples_of_its_place_in_the_clip(store):
    read = view_examples.read_crop(store, 3, 100, CLIP_SAMPLES)
    expected = store.clip(3)[100 : 100 + CLIP_SAMPLES] / 32_768
    np.testing.assert_array_equal(read.numpy(), expected[None].astype(np.float32))


def test_stretches_are_the_whole_waveform_and_the_crops(store):
    pairs = np.array([[0, 8_000], [16_000, 4_000]])
    table = view_examples.stretches(store, 3, CLIP_SAMPLES, pairs)
    assert tuple(table.columns) == STRETCH_COLUMNS
    waveform, crops = table[table.shown == "waveform"], table[table.shown == "crop"]
    audio = store.clip(3) / 32_768
    assert (waveform.low.min(), waveform.high.max()) == (audio.min(), audio.max())
    assert (waveform.start_s.iloc[0], waveform.end_s.iloc[-1]) == (0, len(audio) / RATE_HZ)
    assert (waveform.start_s.iloc[1:].to_numpy() == waveform.end_s.iloc[:-1].to_numpy()).all()
    assert crops.pair.tolist() == [1, 1, 2, 2]
    assert crops["view"].tolist() == ["x_i", "x_j"] * 2
    assert crops.start_s.tolist() == [0.0, 1.0, 2.0, 0.5]
    assert crops.end_s.to_numpy() - crops.start_s.to_numpy() == pytest.approx(CLIP_SAMPLES / RATE_HZ)


def test_each_step_is_shown_alone_in_the_order_of_the_chain(crop):
    examples = view_examples.augmented(crop, RATE_HZ, views())
    assert [(example.step, example.setting) for example in examples] == [
        ("polarity", "strong"), ("gain", "mild"), ("gain", "strong"), ("filter", "mild"), ("filter", "strong"),
        ("delay", "mild"), ("delay", "strong"),
    ]  # fmt: skip
    by_step = view_examples.by_step(examples)
    assert list(by_step) == ["polarity", "gain", "filter", "delay"]
    np.testing.assert_array_equal(by_step["polarity"]["strong"].audio, -crop[0].numpy())
    np.testing.assert_allclose(by_step["gain"]["strong"].audio, 10 ** (-6 / 20) * crop[0].numpy(), rtol=1e-5)
    echo = by_step["delay"]["strong"].audio - crop[0].numpy()
    np.testing.assert_allclose(echo[4_000:], 0.5 * crop[0, :-4_000].numpy(), atol=1e-6)
    assert not echo[:4_000].any()
    assert by_step["polarity"]["strong"].values == ""
    assert by_step["gain"]["mild"].values == "gain -1 dB"
    assert by_step["delay"]["strong"].values == "delay 500 ms"


def test_every_step_there_is_can_be_shown(crop):
    always = {name: replace(step, p=1.0) for name, step in complete_chain().steps().items()}
    nothing = dict.fromkeys(field.name for field in fields(AugmentationParams))
    params = views(strong=AugmentationParams(**(nothing | always)), mild=AugmentationParams())
    examples = view_examples.augmented(crop, RATE_HZ, params)
    assert tuple(example.step for example in examples) == STEPS
    assert all(np.isfinite(example.audio).all() and example.audio.shape == (CLIP_SAMPLES,) for example in examples)


@pytest.mark.parametrize("high_pass", [True, False])
def test_the_kind_of_filter_and_its_cutoff_are_named(high_pass):
    draw = FilterDraw(torch.tensor([True]), torch.tensor([high_pass]), torch.tensor([2_200.0]), tail_samples=3)
    kind = "high-pass" if high_pass else "low-pass"
    assert view_examples.in_words(draw) == f"{kind}, cutoff 2,200 Hz"


def test_values_without_a_unit_are_named_as_they_are():
    one, half = torch.tensor([True]), torch.tensor([50.0])
    assert view_examples.in_words(PitchDraw(one, torch.tensor([-7.0]))) == "semitones -7"
    expected = "room size 50, reverberance 50, damping 50"
    assert view_examples.in_words(ReverbDraw(one, half, half, half)) == expected


def test_seeds_are_not_settings():
    noise = complete_chain().steps()["noise"].draw(1, RATE_HZ, generator(0, "noise"))
    assert re.fullmatch(r"signal-to-noise ratio [\d.]+ dB", view_examples.in_words(noise))


def test_the_excerpt_is_the_loudest_stretch_of_the_second_half(crop):
    crop[:, 15_000:15_200] *= 20
    crop[:, 1_000:1_200] *= 40
    doubled = AugmentedExample("gain", "strong", "", 2 * crop[0].numpy())
    table = view_examples.excerpt(crop, [doubled], RATE_HZ, excerpt_ms=25.0)
    assert list(table.columns) == ["time_ms", "before", "gain_strong"]
    assert len(table) == 200
    assert table.time_ms.iloc[0] == pytest.approx(15_000 / 8, abs=0.5)
    np.testing.assert_array_equal(table.gain_strong, 2 * table.before)


@pytest.mark.parametrize("excerpt_ms", [0.01, 1_297.0])
def test_excerpts_that_do_not_fit_are_refused(crop, excerpt_ms):
    with pytest.raises(ValueError, match="excerpt_ms must be .* at most half of the crop, 1296 ms, got"):
        view_examples.excerpt(crop, [], RATE_HZ, excerpt_ms)


def test_parameters_can_be_written_and_read():
    assert from_mapping(ViewsParams, to_mapping(views()), "views") == views()


@pytest.mark.parametrize(
    ("place", "change", "message"),
    [
        ("mild", {"gain": {"p": 0.5, "gain_db": [-1.0, -1.0]}}, r"mild.gain.p must be 1.0, since .*, got 0.5"),
        ("strong", {"chorus": {"p": 1.0}}, r"views.strong: found unknown key chorus, allowed are polarity, noise"),
        ("strong", {"pitch": {"p": 1.0, "semitones": [0.0, 13.0]}}, r"semitones must be \[low, high\] with -12"),
        ("mild", {"gain": {"p": 1.1, "gain_db": [-1.0, -1.0]}}, r"views.mild.gain.p must be <= 1, got 1.1"),
    ],
)
def test_settings_that_show_nothing_are_refused(place, change, message):
    mapping = to_mapping(views())
    mapping[place] |= change
    with pytest.raises(ValueError, match=message):
        from_mapping(ViewsParams, mapping, "views")


def test_a_gallery_without_steps_is_refused():
    nothing = AugmentationParams()
    with pytest.raises(ValueError, match="strong must be at least one step"):
        views(mild=nothing, strong=nothing)


def test_stretches_keep_their_types_when_there_is_one_pair(store):
    table = view_examples.stretches(store, 0, CLIP_SAMPLES, np.array([[0, 1]]))
    assert isinstance(table.pair.dtype, pd.Int64Dtype)
    assert table.low.dtype == table.start_s.dtype == np.float64
