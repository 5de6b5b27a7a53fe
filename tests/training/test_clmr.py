"""CLMR: its views, its step and its initial weights."""

import pytest
import torch

from clmr.batches.crops import crop_batches, track_crops
from clmr.compute.distributed import World
from clmr.losses import nt_xent
from clmr.training.clmr import CLMRRecipe, CLMRRun, build_modules
from clmr.training.pretrain import pretrain
from tests.augmentations.chains import only, thesis_chain
from tests.training.recipes import clmr_recipe

CPU = torch.device("cpu")


def run_of(store, recipe: CLMRRecipe, world: World | None = None) -> CLMRRun:
    run = CLMRRun(recipe, 0, track_crops(store, recipe.encoder.clip_samples, recipe.splits), CPU, 2)
    run.world = world or run.world
    return run


def test_one_sided_augmentation_leaves_the_second_view_as_cropped(store):
    one_sided = run_of(store, clmr_recipe(augmentations=thesis_chain(), augment_second_view=False))
    first, second = next(crop_batches(one_sided.crops, 6, 2, 0, 0))
    (views,) = one_sided.inputs((first, second), 0, 0)
    assert torch.equal(views[6:], second)
    assert not torch.equal(views[:6], first)
    (both,) = run_of(store, clmr_recipe(augmentations=thesis_chain())).inputs((first, second), 0, 0)
    assert torch.equal(both[:6], views[:6])
    assert not torch.equal(both[6:], second)


def augmented(run: CLMRRun, n_examples: int, *place: int) -> torch.Tensor:
    """Ones, after the augmentations of an epoch, step and view."""
    crops = torch.ones(n_examples, 100)
    run.augment(crops, *place)
    return crops


def test_views_are_altered_by_draws_of_their_own(store):
    run = run_of(store, clmr_recipe(augmentations=only("gain")))
    places = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0)]
    views = [augmented(run, 6, *place) for place in places]
    assert torch.equal(views[0], augmented(run, 6, *places[0]))
    for number, view in enumerate(views):
        assert not any(torch.equal(view, other) for other in views[:number])


def test_processes_share_the_draws_of_the_whole_batch(store):
    recipe = clmr_recipe(augmentations=only("gain"))
    whole = augmented(run_of(store, recipe), 6, 0, 0, 0)
    parts = [augmented(run_of(store, recipe, World(rank, 3)), 2, 0, 0, 0) for rank in range(3)]
    torch.testing.assert_close(torch.cat(parts), whole)


def test_the_loss_of_a_step_is_that_of_its_parts(store):
    run = run_of(store, clmr_recipe())
    views = run.inputs(next(crop_batches(run.crops, 6, 2, 0, 0)), 0, 0)[0]
    projections = run.modules["projector"](run.modules["encoder"](views)).detach()
    expected = nt_xent(projections[:6], projections[6:], 0.5)
    torch.testing.assert_close(run.train_step(views), expected)


def test_no_epochs_leave_the_initial_weights(store, tmp_path):
    trained = pretrain(clmr_recipe(epochs=0), 0, store, tmp_path, CPU)
    expected = build_modules(clmr_recipe(), 0)["encoder"].state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in trained.encoder.state_dict().items())


def test_one_pair_has_no_negatives():
    with pytest.raises(ValueError, match="batch_size must be >= 2, one pair has no negatives, got 1"):
        clmr_recipe(batch_size=1)
