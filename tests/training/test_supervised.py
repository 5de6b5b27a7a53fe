"""Supervised training on tones: same result however often it is killed, best weights kept, errors that help."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from clmr.batches.labelled import label_subset
from clmr.corpora.store import Store
from clmr.evaluation.end_to_end import evaluate_supervised
from clmr.evaluation.scores import load_clip_scores
from clmr.models.heads import END_TO_END
from clmr.models.pons import PonsParams
from clmr.models.sample_cnn_tagger import SampleCNNTaggerParams
from clmr.storage.strict import from_mapping, to_mapping
from clmr.storage.tensors import load_tensors
from clmr.training import loop
from clmr.training import supervised as training
from clmr.training.supervised import SupervisedRecipe, SupervisedRun, train_supervised
from tests.augmentations.chains import thesis_chain
from tests.training.recipes import ADAM, DIELEMAN
from tests.training.recipes import supervised_recipe as recipe

CPU = torch.device("cpu")
SAMPLE_CNN = SampleCNNTaggerParams("sample_cnn", 8_000, width=4, dropout=0.5)
PONS = PonsParams("pons", 8_000, 3.0, width=2, pools=(3, 3, 3, 3, 2, 2), hidden_units=8, dropout=0.5)


def assert_same(left, right) -> None:
    assert left.curve.equals(right.curve)
    assert left.best_epoch == right.best_epoch
    for name, tensor in left.model.state_dict().items():
        assert torch.equal(tensor, right.model.state_dict()[name]), name


def test_tones_are_told_apart(store: Store, tmp_path):
    params = recipe(max_epochs=12, patience_epochs=12)
    trained = train_supervised(params, 0, store, tmp_path, CPU)
    assert trained.curve.loss.iloc[-1] < trained.curve.loss.iloc[0]
    (found,) = evaluate_supervised(trained, params, 0, store, CPU, tmp_path / "scores")
    assert (found["head"], found["seed"]) == (END_TO_END, 0)
    assert found["roc_auc_tag"] > 0.95
    assert found["epochs"] == trained.best_epoch
    assert found["n_tags_without_positives"] == 1  # the tag never
    assert found["n_tags_excluded"] == 2
    assert found["n_clips_excluded"] == 0
    scores, rows = load_clip_scores(tmp_path / "scores", 0)
    assert rows.tolist() == store.rows("test").tolist()
    assert scores[END_TO_END].shape == (len(rows), 4)


@pytest.mark.parametrize("model", [SAMPLE_CNN, PONS], ids=lambda model: model.kind)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_killed_and_resumed_run_ends_with_the_same_weights(store, tmp_path, monkeypatch, model, precision):
    params = recipe(model=model, precision=precision, augmentations=thesis_chain())
    whole = train_supervised(params, 0, store, tmp_path / "whole", CPU)
    steps = iter(range(100))
    step = SupervisedRun.train_step

    def dying(self, *inputs):
        if next(steps) == 12:  # in the middle of the third epoch of five steps
            raise KeyboardInterrupt
        return step(self, *inputs)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "SAVED_EVERY_S", 0.0)
        patch.setattr(SupervisedRun, "train_step", dying)
        with pytest.raises(KeyboardInterrupt):
            train_supervised(params, 0, store, tmp_path / "killed", CPU)
    _, facts = load_tensors(tmp_path / "killed" / "state.safetensors")
    assert len(facts["history"]) == 2
    assert_same(train_supervised(params, 0, store, tmp_path / "killed", CPU), whole)


def test_a_finished_run_is_taken_as_it_is(store, tmp_path, monkeypatch):
    whole = train_supervised(recipe(), 0, store, tmp_path, CPU)
    monkeypatch.setattr(SupervisedRun, "train_epoch", None)
    assert_same(train_supervised(recipe(), 0, store, tmp_path, CPU), whole)


def test_the_seed_alone_decides(store, tmp_path):
    params = recipe(model=SAMPLE_CNN, max_epochs=1)
    first, again, other = (
        train_supervised(params, seed, store, tmp_path / str(folder), CPU) for folder, seed in enumerate((0, 0, 1))
    )
    assert_same(first, again)
    assert not torch.equal(first.model.fc.weight, other.model.fc.weight)


def test_global_random_state_is_left_alone(store, tmp_path):
    before = torch.random.get_rng_state()
    train_supervised(recipe(model=SAMPLE_CNN, max_epochs=1), 0, store, tmp_path, CPU)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_what_another_seed_left_is_not_used(store, tmp_path):
    train_supervised(recipe(max_epochs=1), 0, store, tmp_path, CPU)
    with pytest.raises(ValueError, match="left by a run with another recipe or seed"):
        train_supervised(recipe(max_epochs=1), 1, store, tmp_path, CPU)


def test_training_stops_early_and_the_best_weights_come_back(store, tmp_path, monkeypatch):
    losses = iter([0.5, 0.3, 0.4, 0.3, 0.35, 0.1])
    states = []

    def scripted(self):
        states.append({name: value.clone() for name, value in self.model.state_dict().items()})
        return next(losses)

    monkeypatch.setattr(SupervisedRun, "validation_loss", scripted)
    trained = train_supervised(recipe(max_epochs=6, patience_epochs=3), 0, store, tmp_path, CPU)
    assert trained.curve.valid_loss.tolist() == [0.5, 0.3, 0.4, 0.3, 0.35]
    assert trained.best_epoch == 2
    assert not trained.model.training
    for name, value in trained.model.state_dict().items():
        assert torch.equal(value, states[1][name]), name
    assert not torch.equal(states[1]["fc.weight"], states[-1]["fc.weight"])


@pytest.mark.parametrize("place", ["train_step", "validation_loss"])
def test_a_loss_that_is_not_finite_ends_the_run(store, tmp_path, monkeypatch, place):
    nan = float("nan") if place == "validation_loss" else torch.tensor(float("nan"))
    monkeypatch.setattr(SupervisedRun, place, lambda self, *batch: nan)
    with pytest.raises(ValueError, match="loss of epoch 1 is nan; the last state that was saved is kept; lower the"):
        train_supervised(recipe(), 0, store, tmp_path, CPU)
    assert not (tmp_path / "state.safetensors").exists()


def test_validation_never_changes(store, tmp_path):
    run = SupervisedRun(recipe(), 0, store, training.labelled_clips(recipe(), 0, store), CPU)
    assert run.validation_loss() == run.validation_loss()


def test_schedules(store):
    clips = training.labelled_clips(recipe(), 0, store)
    constant = SupervisedRun(recipe(optimizer=ADAM), 0, store, clips, CPU)
    assert [constant.learning_rate(step) for step in (0, 14)] == [3e-3, 3e-3]
    cosine = SupervisedRun(recipe(), 0, store, clips, CPU)
    assert cosine.learning_rate(0) == pytest.approx(3e-3 / 5)
    assert cosine.learning_rate(4) == 3e-3
    assert cosine.learning_rate(14) < 1e-4


def test_tags_that_a_share_lacks_are_counted(store, tmp_path):
    params = recipe(label_fraction=0.25, max_epochs=1, batch_size=4)
    train = label_subset(store, 0.25, seed=0)
    trained = train_supervised(params, 0, store, tmp_path, CPU)
    assert trained.clips.train.tolist() == train.tolist()
    assert trained.clips.n_tags_without_positives == (~store.tags[train].any(axis=0)).sum()


def shortened(store: Store, rows: np.ndarray, n_samples: int) -> Store:
    clips = store.clips.copy()
    clips.loc[rows, "n_samples"] = n_samples
    return replace(store, clips=clips)


def test_clips_shorter_than_the_input_are_counted(store, tmp_path):
    short = np.concatenate([store.rows(split)[:1] for split in ("train", "valid", "test")])
    altered = shortened(store, short, 20_000)
    trained = train_supervised(recipe(max_epochs=1), 0, altered, tmp_path, CPU)
    assert trained.clips.n_excluded == 2
    assert short[0] not in trained.clips.train
    (found,) = evaluate_supervised(trained, recipe(), 0, altered, CPU, tmp_path / "scores")
    assert found["n_clips_excluded"] == 3
    assert found["n_clips"] == len(store.rows("test")) - 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model": replace(DIELEMAN, sample_rate_hz=16_000)},
            "tones has 8000 Hz, the model reads 16000 Hz; use a store of that rate",
        ),
        ({"model": replace(DIELEMAN, clip_duration_s=7.0)}, r"no clip in \['train'\] has the 56000 samples"),
        ({"label_fraction": 0.01}, "label_fraction 0.01 of the 12 training tracks .* 0 clips without any tag"),
    ],
)
def test_recipe_and_store_must_fit(store, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        train_supervised(recipe(**changes), 0, store, tmp_path, CPU)


def test_a_corpus_without_labels_is_refused(store, tmp_path):
    with pytest.raises(ValueError, match="no clip of the training split has any tag; use a labelled corpus"):
        train_supervised(recipe(), 0, replace(store, tags=np.zeros_like(store.tags)), tmp_path, CPU)


def test_one_clip_is_too_few(store):
    altered = shortened(store, store.rows("train")[1:], 20_000)
    with pytest.raises(ValueError, match="leaves 1 clip to train on"):
        training.labelled_clips(recipe(), 0, altered)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label_fraction": 0.0}, r"label_fraction must be in \(0, 1\], got 0.0"),
        ({"batch_size": 2}, "batch_size must be >= 3"),
        (
            {"optimizer": {"kind": "sgd"}},
            "recipe.optimizer.kind: found str 'sgd', allowed are adam, lars, by_batch_size",
        ),
        ({"seeds": [1, 1]}, r"seeds must be a list of at least one number, each listed once, got \[1, 1\]"),
        ({"model": {"kind": "sample_cnn"}}, "recipe.model: missing key sample_rate_hz"),
        ({"augmentations": {"chorus": {}}}, "recipe.augmentations: found unknown key chorus"),
        ({"patience_epochs": 0}, "patience_epochs must be >= 1"),
    ],
)
def test_values_out_of_range_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        from_mapping(SupervisedRecipe, to_mapping(recipe()) | changes, "recipe")


def test_the_share_of_labels_has_no_default():
    mapping = to_mapping(recipe())
    del mapping["label_fraction"]
    with pytest.raises(ValueError, match="recipe: missing key label_fraction"):
        from_mapping(SupervisedRecipe, mapping, "recipe")
