"""Pre-training: it learns, it repeats, and a kill leaves no trace in the result."""

from dataclasses import replace

import pytest
import torch

from clmr.augmentations import AugmentationParams
from clmr.corpora.store import Store
from clmr.distributed import World
from clmr.models.sample_cnn import SampleCNNParams
from clmr.optim import OptimizerParams
from clmr.training import pretrain as training
from clmr.training.checkpoint import load_tensors, save_tensors
from clmr.training.pretrain import PretrainParams, build_modules, curve_metrics, pretrain

CPU = torch.device("cpu")


def recipe(**changes) -> PretrainParams:
    base = PretrainParams(
        store="tones",
        splits=("train",),
        encoder=SampleCNNParams(8_000, width=4),
        projector="nonlinear",
        projection_dim=8,
        augmentations=AugmentationParams.none(),
        augment_second_view=True,
        temperature=0.5,
        batch_size=6,
        epochs=3,
        optimizer=OptimizerParams("adam", 3e-3, "constant", 0.075, 1e-6, 1),
        precision="fp32",
        seed=0,
    )
    return replace(base, **changes)


def weights(trained) -> dict[str, torch.Tensor]:
    return trained.encoder.state_dict()


def assert_same(left, right) -> None:
    assert left.curve.equals(right.curve)
    for name, tensor in weights(left).items():
        assert torch.equal(tensor, weights(right)[name]), name


def test_loss_falls_below_guessing(store: Store, tmp_path):
    trained = pretrain(recipe(epochs=8), store, tmp_path, CPU)
    metrics = curve_metrics(trained, recipe(epochs=8))
    assert trained.curve.loss.iloc[-1] < trained.curve.loss.iloc[0]
    assert metrics["loss"] < metrics["loss_of_guessing"]
    assert metrics["accuracy"] > metrics["accuracy_of_guessing"]
    assert not trained.encoder.training


@pytest.mark.parametrize("optimizer", ["adam", "lars"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_killed_and_resumed_run_ends_with_the_same_weights(store, tmp_path, monkeypatch, optimizer, precision):
    params = recipe(
        optimizer=OptimizerParams(optimizer, 3e-3, "constant", 0.075, 1e-6, 1),
        precision=precision,
        augmentations=AugmentationParams.thesis(),
    )
    whole = pretrain(params, store, tmp_path / "whole", CPU)
    steps = iter(range(100))
    step = training.PretrainRun.train_step

    def dying(self, views):
        if next(steps) == 5:  # in the middle of the third epoch
            raise KeyboardInterrupt
        return step(self, views)

    with monkeypatch.context() as patch:
        patch.setattr(training.PretrainRun, "train_step", dying)
        with pytest.raises(KeyboardInterrupt):
            pretrain(params, store, tmp_path / "killed", CPU)
    _, facts = load_tensors(tmp_path / "killed" / "state.safetensors")
    assert len(facts["history"]) == 2
    assert_same(pretrain(params, store, tmp_path / "killed", CPU), whole)


def test_what_another_recipe_left_is_not_used(store, tmp_path):
    pretrain(recipe(epochs=1), store, tmp_path, CPU)
    with pytest.raises(ValueError, match="left by another recipe"):
        pretrain(recipe(epochs=1, seed=1), store, tmp_path, CPU)


def test_global_random_state_is_left_alone(store, tmp_path):
    before = torch.random.get_rng_state()
    pretrain(recipe(epochs=1, augmentations=AugmentationParams.thesis()), store, tmp_path, CPU)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_one_sided_augmentation_leaves_the_second_view_as_cropped(store, tmp_path):
    params = recipe(augmentations=AugmentationParams.thesis(), augment_second_view=False)
    crops = training.track_crops(store, params.encoder.clip_samples, params.splits)
    run = training.PretrainRun(params, crops, CPU, 2, World())
    first, second = next(iter(training.paired_batches(crops, 6, 0, 0)))
    views = run.views(first, second, 0, 0)
    assert torch.equal(views[6:], second)
    assert not torch.equal(views[:6], first)
    both = training.PretrainRun(replace(params, augment_second_view=True), crops, CPU, 2, World()).views(
        first, second, 0, 0
    )
    assert torch.equal(both[:6], views[:6])
    assert not torch.equal(both[6:], second)


def test_no_epochs_leave_the_initial_weights(store, tmp_path):
    trained = pretrain(recipe(epochs=0), store, tmp_path, CPU)
    expected = build_modules(recipe())["encoder"].state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in weights(trained).items())
    assert trained.curve.empty
    assert curve_metrics(trained, recipe()) == {"epochs": 0}


def test_a_loss_that_is_not_finite_ends_the_run(store, tmp_path, monkeypatch):
    nan = torch.tensor(float("nan"))
    monkeypatch.setattr(training.PretrainRun, "train_step", lambda self, views: (nan, nan))
    with pytest.raises(ValueError, match=r"the loss of epoch 1 is nan; .*lower the learning rate"):
        pretrain(recipe(), store, tmp_path, CPU)
    assert not (tmp_path / "state.safetensors").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder": SampleCNNParams(16_000, 4)}, "store tones has 8000 Hz, the encoder expects 16000"),
        ({"batch_size": 1_000}, "batch_size 1000 is larger than the 12 tracks"),
    ],
)
def test_recipe_and_store_must_fit(store, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        pretrain(recipe(**changes), store, tmp_path, CPU)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "encoder.safetensors"
    with pytest.raises(FileNotFoundError, match="no such checkpoint"):
        load_tensors(path)
    save_tensors(path, {"a": torch.ones(3)}, {"recipe": 1})
    tensors, facts = load_tensors(path)
    assert torch.equal(tensors["a"], torch.ones(3))
    assert facts == {"recipe": 1}
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        load_tensors(path)
