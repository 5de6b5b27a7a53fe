"""Subsets of labels: nested, of the stated size, of whole tracks, with a positive of every tag where there is room."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from clmr.batches.label_subsets import nested_label_subsets, stratified_part

FRACTIONS = (0.05, 0.1, 0.25, 0.5, 1.0)


def with_tags(store, n_tracks: int, n_tags: int, share: float, seed: int):
    """A store of so many training tracks, two clips each, with random tags; tags become rarer in their order."""
    rng = np.random.default_rng(seed)
    clips = store.clips.iloc[np.resize(store.rows("train"), 2 * n_tracks)].reset_index(drop=True)
    clips["track_id"] = [f"track{row // 2:04d}" for row in range(2 * n_tracks)]
    chances = share / np.arange(1, n_tags + 1)
    tags = (rng.uniform(size=(2 * n_tracks, n_tags)) < chances).astype(np.uint8)
    tags[0, :] = 1
    return replace(store, clips=clips, tags=tags, tag_names=tuple(f"tag{tag}" for tag in range(n_tags)))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_tracks", [40, 81])
def test_subsets_are_nested_exact_whole_and_deterministic(store, n_tracks, seed):
    large = with_tags(store, n_tracks, n_tags=8, share=0.5, seed=seed)
    subsets = nested_label_subsets(large, FRACTIONS, seed)
    assert list(subsets) == list(FRACTIONS)
    for smaller, larger in pairwise(subsets.values()):
        assert set(smaller) < set(larger)
    for fraction, rows in subsets.items():
        assert rows.tolist() == sorted(set(rows))
        tracks = large.clips.track_id.iloc[rows].value_counts()
        assert len(tracks) == round(fraction * n_tracks)
        assert (tracks == 2).all()
    again, other = nested_label_subsets(large, FRACTIONS, seed), nested_label_subsets(large, FRACTIONS, seed + 100)
    assert all(np.array_equal(again[fraction], rows) for fraction, rows in subsets.items())
    assert not np.array_equal(other[0.25], subsets[0.25])
    assert np.array_equal(other[1.0], large.rows("train"))


@pytest.mark.parametrize("seed", range(5))
def test_every_tag_keeps_a_positive_where_there_is_room_and_else_its_share(store, seed):
    large = with_tags(store, 200, n_tags=10, share=0.4, seed=seed)
    for fraction, rows in nested_label_subsets(large, (0.1, 0.25, 0.5), seed).items():
        kept, all_of_them = large.tags[rows].sum(axis=0), large.tags.sum(axis=0)
        assert (kept > 0).all()
        # Of the more frequent half of the tags no share is off by more than a tenth of all labels.
        frequent = np.argsort(all_of_them)[5:]
        assert np.abs(kept[frequent] / all_of_them[frequent] - fraction).max() < 0.1


def test_a_random_share_loses_tags_that_a_stratified_one_keeps(store):
    large = with_tags(store, 200, n_tags=20, share=0.4, seed=3)
    rng, n_kept = np.random.default_rng(0), 20
    at_random = [large.tags.reshape(200, 2, -1)[rng.permutation(200)[:n_kept]].any(axis=(0, 1)).sum() for _ in range(9)]
    kept = large.tags[nested_label_subsets(large, (0.1,), 0)[0.1]].any(axis=0).sum()
    assert kept == 20 > np.mean(at_random)


def test_parts_have_the_size_that_is_asked_for():
    counts = np.random.default_rng(0).integers(0, 2, size=(9, 4))
    for n_kept in range(10):
        assert stratified_part(counts, n_kept).sum() == n_kept
    assert stratified_part(np.zeros((5, 2), dtype=int), 2).tolist() == [True, True, False, False, False]


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.01])
def test_fractions_out_of_range_are_refused(store, fraction):
    with pytest.raises(ValueError, match=rf"a fraction of the labels must be in \(0, 1\], got {fraction}"):
        nested_label_subsets(store, (0.5, fraction), 0)


def test_a_fraction_without_any_positive_is_refused(store):
    with pytest.raises(ValueError, match=r"a fraction of 0.01 of the 12 training tracks .* is 0 clips without any tag"):
        nested_label_subsets(store, (0.01, 1.0), 0)


def test_a_corpus_without_labels_is_refused(store):
    with pytest.raises(ValueError, match="no clip of the training split has any tag; use a labelled corpus"):
        nested_label_subsets(replace(store, tags=np.zeros_like(store.tags)), (1.0,), 0)
