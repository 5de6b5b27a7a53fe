"""Crops: within one clip, uniform over its track, never two clips of a track in one batch."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from clmr.batches.crops import crop_batches, track_crops
from clmr.compute.distributed import World
from clmr.corpora.store import Store

CROP = 20_736


def test_every_position_lies_within_one_clip_of_its_track(store: Store):
    crops = track_crops(store, CROP, ("train",))
    rng = np.random.default_rng(0)
    tracks = rng.integers(0, crops.n_tracks, 2_000)
    starts = crops.locate(tracks, rng.random(2_000))
    names = np.sort(store.clips.track_id[store.rows("train")].unique())
    for start, track in zip(starts, names[tracks], strict=True):
        inside = store.clips[
            (store.clips.offset <= start) & (start + CROP <= store.clips.offset + store.clips.n_samples)
        ]
        assert inside.track_id.tolist() == [track]


def test_positions_are_uniform_over_all_possible_starts_of_a_track(store: Store):
    crops = track_crops(store, CROP, ("train",))
    positions = np.random.default_rng(0).random(5_000)
    starts = crops.locate(np.zeros(5_000, dtype=int), positions)
    first, second = store.clips[store.clips.track_id == "track000"].itertuples()
    n_starts = first.n_samples - CROP + 1
    within = np.where(starts < second.offset, starts - first.offset, starts - second.offset + n_starts)
    assert within.min() >= 0
    assert within.max() < 2 * n_starts
    assert kstest(within / (2 * n_starts), "uniform").pvalue > 0.01


def test_the_ends_of_a_clip_are_reachable(store: Store):
    crops = track_crops(store, CROP, ("train",))
    ends = crops.locate(np.array([0, 0]), np.array([0.0, np.nextafter(1, 0)]))
    clips = store.clips[store.clips.track_id == "track000"]
    assert ends.tolist() == [clips.offset.iloc[0], clips.offset.iloc[-1] + clips.n_samples.iloc[-1] - CROP]


def test_a_batch_has_each_track_once_and_an_epoch_too(store: Store):
    crops = track_crops(store, CROP, ("train", "valid"))
    batches = list(crop_batches(crops, batch_size=4, n_crops=2, seed=1, epoch=0))
    assert len(batches) == crops.n_tracks // 4
    seen = []
    for first, second in batches:
        assert first.shape == second.shape == (4, CROP)
        assert first.dtype == torch.float32
        assert not torch.equal(first, second)
        seen += [tuple(row[:5].tolist()) for row in first]
    assert len(set(seen)) == len(seen)


def test_batches_depend_on_seed_and_epoch_alone(store: Store):
    crops = track_crops(store, CROP, ("train",))

    def batch(seed: int, epoch: int) -> torch.Tensor:
        return next(iter(crop_batches(crops, 4, 2, seed, epoch)))[0]

    assert torch.equal(batch(0, 0), batch(0, 0))
    assert not torch.equal(batch(0, 0), batch(0, 1))
    assert not torch.equal(batch(0, 0), batch(1, 0))


@pytest.mark.parametrize("n_crops", [1, 3])
def test_any_number_of_crops_of_each_track_can_be_read(store: Store, n_crops):
    crops = track_crops(store, CROP, ("train",))
    batches = list(crop_batches(crops, 4, n_crops, 0, 0))
    assert len(batches) == crops.n_tracks // 4
    assert all(len(batch) == n_crops and batch[0].shape == (4, CROP) for batch in batches)
    whole = next(crop_batches(crops, 4, 2, 0, 0))
    parts = [next(crop_batches(crops, 4, 2, 0, 0, World(rank, 2))) for rank in range(2)]
    for view in range(2):
        assert torch.equal(torch.cat([part[view] for part in parts]), whole[view])


def test_values_are_those_of_the_store(store: Store):
    crops = track_crops(store, CROP, ("train",))
    read = crops.read(np.array([1_000, 5_000]))
    np.testing.assert_array_equal(read[1].numpy() * 32_768, store.audio[5_000 : 5_000 + CROP])


def test_what_does_not_fit_is_refused(store: Store):
    with pytest.raises(ValueError, match=r"no clip in \['train'\] has the 60000 samples .*longest: 48000"):
        track_crops(store, 60_000, ("train",))
    crops = track_crops(store, CROP, ("train",))
    with pytest.raises(ValueError, match=rf"batch_size 99 is larger than the {crops.n_tracks} tracks"):
        next(iter(crop_batches(crops, 99, 2, 0, 0)))
