"""CPC: its task, its window, its input, and what its recipe refuses."""

import math
from dataclasses import replace

import pytest
import torch

from clmr.batches.crops import crop_batches, track_crops
from clmr.compute.seeding import generator
from clmr.corpora.store import Store
from clmr.losses import draw_negatives, info_nce
from clmr.storage.strict import from_mapping, to_mapping
from clmr.training.cpc import CPCRecipe, CPCRun, build_modules, sample_of
from clmr.training.pretrain import pretrain
from tests.training.recipes import cpc_recipe

CPU = torch.device("cpu")


def run_of(store: Store, recipe: CPCRecipe) -> CPCRun:
    return CPCRun(recipe, 0, track_crops(store, recipe.encoder.clip_samples, recipe.splits), CPU, 2)


def test_the_loss_of_a_step_is_that_of_its_parts(store: Store):
    recipe = cpc_recipe(window_frames=None)
    run = run_of(store, recipe)
    (crop,) = next(crop_batches(run.crops, 6, 1, 0, 0))
    encoder, predictor = run.modules["encoder"], run.modules["predictor"]
    frames = encoder.frames(crop)
    n_contexts = recipe.encoder.n_frames - 3
    draws = generator(0, "negatives", 0, 0)
    torch.randint(1, (), generator=draws)  # a window as long as the clip has one place
    negatives = draw_negatives(6, recipe.encoder.n_frames, 0, n_contexts, 3, 7, draws)
    expected = info_nce(frames, predictor(encoder.contexts(frames)[:, :n_contexts]), 0, negatives)
    found = run.train_step(*run.inputs((crop,), 0, 0))
    torch.testing.assert_close(found, tuple(part.detach() for part in expected))


def test_a_window_limits_the_contexts():
    recipe = cpc_recipe(window_frames=20)
    assert recipe.n_contexts == 17
    assert cpc_recipe(window_frames=None).n_contexts == recipe.encoder.n_frames - 3
    assert cpc_recipe(window_frames=4).n_contexts == 1


def test_every_weight_takes_part(store: Store):
    # Without batch norm, which takes out what the biases before it add.
    run = run_of(store, cpc_recipe(encoder=replace(cpc_recipe().encoder, norm="none")))
    (crop,) = next(crop_batches(run.crops, 6, 1, 0, 0))
    run.train_step(*run.inputs((crop,), 0, 0))
    for name, module in run.modules.items():
        for key, parameter in module.named_parameters():
            assert parameter.grad.abs().sum() > 0, f"{name}.{key}"


def test_input_is_standardised_by_the_training_crops(store: Store, tmp_path):
    recipe = cpc_recipe(epochs=0)
    trained = pretrain(recipe, 0, store, tmp_path, CPU)
    crops = track_crops(store, recipe.encoder.clip_samples, recipe.splits)
    sample = sample_of(crops, 0)
    assert sample.shape == (crops.n_tracks, recipe.encoder.clip_samples)
    assert trained.encoder.audio_deviation.item() == pytest.approx(sample.double().std().item(), rel=1e-6)
    assert trained.encoder.audio_mean.item() == pytest.approx(sample.double().mean().item(), abs=1e-7)
    expected = build_modules(recipe, 0, crops)["encoder"].state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in trained.encoder.state_dict().items())


def test_a_small_gain_starts_at_the_loss_of_guessing(store: Store):
    run = run_of(store, cpc_recipe(predictor_gain=1e-4))
    (crop,) = next(crop_batches(run.crops, 6, 1, 0, 0))
    loss, _ = run.train_step(*run.inputs((crop,), 0, 0))
    assert loss.item() == pytest.approx(math.log(8), abs=1e-3)
    weights = [
        build_modules(cpc_recipe(predictor_gain=gain), 0, run.crops)["predictor"].linear.weight for gain in (1.0, 0.5)
    ]
    torch.testing.assert_close(0.5 * weights[0], weights[1])


def test_clips_shorter_than_the_input_are_refused(store: Store, tmp_path):
    recipe = cpc_recipe(encoder=replace(cpc_recipe().encoder, clip_samples=60_000))
    with pytest.raises(ValueError, match=r"no clip in \['train'\] has the 60000 samples of the encoder's input"):
        pretrain(recipe, 0, store, tmp_path, CPU)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_steps": 40}, "n_steps must be in 1 to 39, since the encoder has 40 frames, got 40"),
        ({"n_steps": 0}, "n_steps must be in 1 to 39"),
        ({"window_frames": 3}, r"window_frames must be in 4 \(n_steps and one context\) to 40, or null, got 3"),
        ({"window_frames": 41}, "window_frames must be in 4"),
        ({"n_negatives": 238}, "n_negatives must be in 1 to 237, the frames of a batch .*, got 238"),
        ({"n_negatives": 0}, "n_negatives must be in 1 to 237"),
        ({"predictor_gain": 0.0}, "predictor_gain must be > 0, got 0.0"),
        ({"batch_size": 0}, "batch_size must be >= 1"),
        ({"epochs": -1}, "epochs must be >= 0"),
        ({"splits": []}, "splits must be a list of at least one split"),
        ({"seeds": []}, r"seeds must be a list of at least one number, each listed once, got \[\]"),
        ({"seeds": [0, 1, 0]}, r"each listed once, got \[0, 1, 0\]"),
    ],
)
def test_what_makes_no_task_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        from_mapping(CPCRecipe, to_mapping(cpc_recipe()) | changes, "recipe")
