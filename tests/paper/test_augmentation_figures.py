"""Figures of crops and augmentations show what is in their tables, at equal scales."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from clmr.paper import augmentation_figures, view_examples

from .views import CLIP_SAMPLES, views

RATE_HZ = 8_000
PAIRS = np.array([[0, 8_000], [16_000, 4_000], [2_000, 1_000]])


@pytest.fixture
def crop() -> torch.Tensor:
    return 0.1 * torch.randn(1, CLIP_SAMPLES, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def drawn(crop):
    """The gallery of four steps, and its waveforms."""
    examples = view_examples.augmented(crop, RATE_HZ, views())
    excerpt = view_examples.excerpt(crop, examples, RATE_HZ, excerpt_ms=25.0)
    return augmentation_figures.augmentations(crop[0].numpy(), examples, excerpt, RATE_HZ), excerpt


def test_all_pairs_are_bars_where_the_crops_are(store):
    above, below = augmentation_figures.crop_pairs(view_examples.stretches(store, 0, CLIP_SAMPLES, PAIRS)).axes
    bars = [(bar.get_x(), bar.get_width()) for bar in below.patches]
    assert [start for start, _ in bars] == pytest.approx((PAIRS.ravel() / RATE_HZ).tolist())
    assert [width for _, width in bars] == pytest.approx([CLIP_SAMPLES / RATE_HZ] * 6)
    # The first pair alone is marked on the waveform.
    assert [span.get_x() for span in above.patches] == pytest.approx([0.0, 1.0])
    assert [text.get_text() for text in above.get_legend().get_texts()] == ["$x_i$", "$x_j$"]


def test_bars_of_one_pair_do_not_hide_each_other(store):
    _, below = augmentation_figures.crop_pairs(view_examples.stretches(store, 0, CLIP_SAMPLES, PAIRS)).axes
    edges = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in below.patches]
    assert all(low[1] <= high[0] for low, high in pairwise(edges))


def test_waveforms_are_those_of_the_excerpt_with_the_crop_behind(drawn):
    figure, excerpt = drawn
    by_title = {axes.get_title(): axes for axes in figure.axes if axes.get_title()}
    assert list(by_title) == [
        "before", "its only setting", "mild: gain -1 dB", "strong: gain -6 dB",
        *(title for title in by_title if "cutoff" in title), "mild: delay 200 ms", "strong: delay 500 ms",
    ]  # fmt: skip
    behind, after = by_title["strong: gain -6 dB"].lines
    np.testing.assert_array_equal(behind.get_ydata(), excerpt.before)
    np.testing.assert_array_equal(after.get_ydata(), excerpt.gain_strong)


def test_all_waveforms_and_all_spectrograms_have_one_scale(drawn):
    figure, _ = drawn
    waveforms = [axes for axes in figure.axes if axes.lines]
    assert len(waveforms) == 4 + 7
    assert len({axes.get_ylim() for axes in waveforms}) == 1
    images = [axes.images[0] for axes in figure.axes if axes.images]
    assert len(images) == 4 + 7
    assert {image.get_clim() for image in images} == {(-70.0, 0.0)}
    assert {tuple(image.get_extent()) for image in images} == {(0.0, CLIP_SAMPLES / RATE_HZ, 0.0, 4.0)}


def test_levels_fall_with_the_gain(drawn):
    figure, _ = drawn
    rows = np.array(figure.axes).reshape(8, 3)
    # Four steps: the third and the fourth row of panels belong to gain, and its strong setting stands last.
    before, after = (rows[3, column].images[0].get_array().filled() for column in (0, 2))
    assert np.median(after - before) == pytest.approx(-6.0, abs=0.01)


def test_silence_can_be_drawn():
    silence = torch.zeros(1, CLIP_SAMPLES)
    examples = view_examples.augmented(silence, RATE_HZ, views())
    excerpt = view_examples.excerpt(silence, examples, RATE_HZ, excerpt_ms=25.0)
    figure = augmentation_figures.augmentations(silence[0].numpy(), examples, excerpt, RATE_HZ)
    figure.draw_without_rendering()
    assert all(np.isfinite(axes.images[0].get_array()).all() for axes in figure.axes if axes.images)
