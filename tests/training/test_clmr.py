"""CLMR: its views and its initial weights."""

from dataclasses import replace

import pytest
import torch

from clmr.augmentations import AugmentationParams
from clmr.batches.crops import crop_batches, track_crops
from clmr.compute.distributed import World
from clmr.training.clmr import CLMRRun, build_modules
from clmr.training.pretrain import pretrain
from tests.training.recipes import clmr_recipe

CPU = torch.device("cpu")


def test_one_sided_augmentation_leaves_the_second_view_as_cropped(store):
    params = clmr_recipe(augmentations=AugmentationParams.thesis(), augment_second_view=False)
    crops = track_crops(store, params.encoder.clip_samples, params.splits)
    run = CLMRRun(params, crops, CPU, 2, World())
    first, second = next(iter(crop_batches(crops, 6, 2, 0, 0)))
    views = run.views(first, second, 0, 0)
    assert torch.equal(views[6:], second)
    assert not torch.equal(views[:6], first)
    both = CLMRRun(replace(params, augment_second_view=True), crops, CPU, 2, World()).views(first, second, 0, 0)
    assert torch.equal(both[:6], views[:6])
    assert not torch.equal(both[6:], second)


def test_no_epochs_leave_the_initial_weights(store, tmp_path):
    trained = pretrain(clmr_recipe(epochs=0), store, tmp_path, CPU)
    expected = build_modules(clmr_recipe())["encoder"].state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in trained.encoder.state_dict().items())


def test_one_pair_has_no_negatives():
    with pytest.raises(ValueError, match="batch_size must be >= 2, one pair has no negatives, got 1"):
        clmr_recipe(batch_size=1)
