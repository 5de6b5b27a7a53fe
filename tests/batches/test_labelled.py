"""Subsets, crops and segments of labelled clips."""

from itertools import pairwise

import pytest
import torch

from clmr.batches.labelled import LabelledCrops, label_subset
from clmr.batches.reading import audio_reader
from clmr.batches.segments import long_enough, spread_segments


def test_a_smaller_share_of_labels_is_part_of_a_larger_one(store):
    subsets = [set(label_subset(store, fraction, seed=0)) for fraction in (0.25, 0.5, 0.75, 1.0)]
    assert subsets[-1] == set(store.rows("train"))
    for smaller, larger in pairwise(subsets):
        assert smaller < larger
    assert [len(set(store.clips.track_id.iloc[sorted(subset)])) for subset in subsets] == [3, 6, 9, 12]
    assert set(label_subset(store, 0.25, seed=1)) != subsets[0]


def test_every_clip_comes_once_an_epoch_at_another_place(store):
    rows, reader = store.rows("train"), audio_reader(store, torch.device("cpu"))
    crops = LabelledCrops(store, reader, rows, 24_000)
    epochs = [list(crops.batches(5, seed=0, epoch=epoch)) for epoch in (0, 1)]
    for batches in epochs:
        assert [len(tags) for _, tags in batches] == [5, 5, 5, 5, 4]
        assert torch.cat([tags for _, tags in batches]).sum(dim=0).tolist() == store.tags[rows].sum(axis=0).tolist()
    assert not torch.equal(epochs[0][0][0], epochs[1][0][0])
    again = next(crops.batches(5, seed=0, epoch=1))
    assert torch.equal(again[0], epochs[1][0][0])


def test_segments_are_spread_from_the_first_sample_to_the_last(store):
    rows = store.rows("valid")[:1]
    clip = store.clips.iloc[rows[0]]
    starts, of = spread_segments(store, rows, 24_000, 3)
    assert of.tolist() == [rows[0]] * 3
    assert starts[0] == clip.offset
    assert starts[-1] + 24_000 == clip.offset + clip.n_samples
    middle, _ = spread_segments(store, rows, 24_000, 1)
    assert middle[0] == starts[1]


def test_whole_clips_are_long_enough_and_longer_ones_are_asked_for(store):
    rows = store.rows("test")
    assert long_enough(store, rows, 48_000).tolist() == rows.tolist()
    with pytest.raises(ValueError, match=r"no clip in \['test'\] has the 48001 samples .* \(longest: 48000\)"):
        long_enough(store, rows, 48_001)
