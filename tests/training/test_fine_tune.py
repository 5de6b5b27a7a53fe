"""Training on few labels: the best validation score is kept, killed runs resume, and encoders start where they were."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from clmr.batches.label_subsets import nested_label_subsets
from clmr.models.initialisation import initialised
from clmr.models.sample_cnn import SampleCNNParams
from clmr.models.sample_cnn_tagger import SampleCNNTaggerParams
from clmr.storage.strict import from_mapping, to_mapping
from clmr.storage.tensors import load_tensors
from clmr.training import loop
from clmr.training.fine_tune import FewLabelsRecipe, FewLabelsRun, Labels, Start, train_on_labels
from tests.training.recipes import SAMPLE_CNN, supervised_recipe

CPU = torch.device("cpu")
TAGGER = SampleCNNTaggerParams("sample_cnn", 8_000, width=4, dropout=0.0)


def recipe(**changes) -> FewLabelsRecipe:
    mapping = to_mapping(supervised_recipe(model=TAGGER, label_fraction=0.25))
    return from_mapping(
        FewLabelsRecipe, mapping | {"crops_per_epoch": 12, "encoder_rate_factor": None} | changes, "recipe"
    )


def start_of(n_tags: int, params: SampleCNNParams = SAMPLE_CNN) -> Start:
    """An encoder with random weights, and a probe that knows nothing of the first tag and all of the last."""
    encoder = initialised(params.build, torch.Generator().manual_seed(1)).eval()
    weights = np.random.default_rng(0).normal(size=(params.embedding_dim, n_tags))
    return Start(encoder, weights, np.array([-np.inf, *[0.5] * (n_tags - 2), np.inf]))


@pytest.fixture
def labels(store) -> Labels:
    return Labels(store, nested_label_subsets(store, (0.25, 1.0), 0)[0.25])


def assert_same(left, right) -> None:
    assert left.curve.equals(right.curve)
    assert left.best_epoch == right.best_epoch
    for name, tensor in left.model.state_dict().items():
        assert torch.equal(tensor, right.model.state_dict()[name]), name


def run_of(params, labels, start=None) -> FewLabelsRun:
    from clmr.training.fine_tune import _clips

    return FewLabelsRun(params, 0, labels.store, _clips(params, labels), CPU, start)


def test_few_clips_are_cropped_several_times_in_an_epoch(labels, tmp_path):
    assert len(labels.rows) == 6
    run = run_of(recipe(), labels)
    assert run.clips.train.tolist() == [*labels.rows, *labels.rows]
    assert run.steps_per_epoch == 3  # batches of at most 5
    assert len(run_of(recipe(crops_per_epoch=1), labels).clips.train) == 6
    trained = train_on_labels(recipe(max_epochs=1), 0, labels, None, tmp_path, CPU)
    assert trained.clips.train.tolist() == labels.rows.tolist()
    assert trained.clips.n_tags_without_positives == (~labels.store.tags[labels.rows].any(axis=0)).sum()


def test_the_best_validation_score_is_kept_and_not_the_lowest_loss(labels, tmp_path, monkeypatch):
    scripted, states = iter([(0.5, 0.3), (0.4, 0.6), (0.3, 0.5), (0.2, 0.6), (0.1, 0.9)]), []

    def validation(self):
        states.append({name: value.clone() for name, value in self.model.state_dict().items()})
        loss, self.valid_pr_auc = next(scripted)
        return loss

    monkeypatch.setattr(FewLabelsRun, "validation_loss", validation)
    trained = train_on_labels(recipe(max_epochs=5, patience_epochs=2), 0, labels, None, tmp_path, CPU)
    assert trained.curve.valid_loss.tolist() == [0.5, 0.4, 0.3, 0.2]
    assert trained.best_epoch == 2
    for name, value in trained.model.state_dict().items():
        assert torch.equal(value, states[1][name]), name


@pytest.mark.parametrize("start", [None, SAMPLE_CNN], ids=["scratch", "fine_tuned"])
def test_a_killed_and_resumed_run_ends_with_the_same_weights(labels, tmp_path, monkeypatch, start):
    factor, given = (None, None) if start is None else (0.5, start_of(labels.store.tags.shape[1], start))
    params = recipe(encoder_rate_factor=factor)
    whole = train_on_labels(params, 0, labels, given, tmp_path / "whole", CPU)
    steps, step = iter(range(100)), FewLabelsRun.train_step

    def dying(self, *inputs):
        if next(steps) == 7:
            raise KeyboardInterrupt
        return step(self, *inputs)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "SAVED_EVERY_S", 0.0)
        patch.setattr(FewLabelsRun, "train_step", dying)
        with pytest.raises(KeyboardInterrupt):
            train_on_labels(params, 0, labels, given, tmp_path / "killed", CPU)
    assert len(load_tensors(tmp_path / "killed" / "state.safetensors")[1]["history"]) == 2
    assert_same(train_on_labels(params, 0, labels, given, tmp_path / "killed", CPU), whole)


def test_fine_tuning_starts_from_the_encoder_and_moves_it_more_slowly_than_the_head(labels):
    start = start_of(labels.store.tags.shape[1])
    run = run_of(recipe(encoder_rate_factor=0.01), labels, start)
    for name, value in start.encoder.state_dict().items():
        assert torch.equal(run.model.encoder.state_dict()[name], value), name
    audio = torch.from_numpy(labels.store.audio[: TAGGER.clip_samples] / 2**15).float()[None]
    with torch.no_grad():
        found, embedded = run.model.eval()(audio)[0].numpy(), start.encoder(audio)[0].numpy()
    expected = embedded @ start.weights
    assert found[1:-1] == pytest.approx((expected + 0.5)[1:-1], rel=1e-4)
    # Tags that no or every labelled clip has are all but certain.
    assert [found[0], found[-1]] == pytest.approx([expected[0] - 6, expected[-1] + 6], rel=1e-4)
    next(run.steps(iter([None] * run.steps_per_epoch), epoch=1))
    rates = {id(p): group["lr"] for group in run.optimizer.param_groups for p in group["params"]}
    of_encoder = {rates[id(parameter)] for parameter in run.model.encoder.parameters()}
    of_head = {rates[id(parameter)] for parameter in run.model.fc.parameters()}
    rate = run.learning_rate(run.steps_per_epoch)
    assert of_head == {rate}
    assert of_encoder == {rate * 0.01}
    assert len(rates) == len(list(run.model.parameters()))


def test_fine_tuning_leaves_the_encoder_that_it_was_given_alone(labels, tmp_path):
    start = start_of(labels.store.tags.shape[1])
    before = {name: value.clone() for name, value in start.encoder.state_dict().items()}
    trained = train_on_labels(recipe(encoder_rate_factor=1.0), 0, labels, start, tmp_path, CPU)
    assert all(torch.equal(value, before[name]) for name, value in start.encoder.state_dict().items())
    weights = dict(trained.model.encoder.named_parameters())
    assert not torch.equal(weights["sequential.0.0.weight"], before["sequential.0.0.weight"])


def test_validation_scores_and_losses_are_those_of_the_parent(labels):
    run = run_of(recipe(), labels)
    assert run.validation_loss() == pytest.approx(super(FewLabelsRun, run).validation_loss(), rel=1e-6)
    assert 0 < run.valid_pr_auc <= 1


@pytest.mark.parametrize(
    ("factor", "start", "message"),
    [
        (0.1, None, "found no encoder to start from and encoder_rate_factor 0.1; give both, or neither"),
        (None, SAMPLE_CNN, "found an encoder to start from and encoder_rate_factor None; give both, or neither"),
        (0.1, replace(SAMPLE_CNN, width=2), "found a checkpoint of SampleCNNParams.*width=2.* name a run with that"),
        (0.1, SampleCNNParams("sample_cnn", 16_000, 4), "16000.*whose inputs have 43740 samples, but the model to"),
    ],
)
def test_an_encoder_that_does_not_fit_is_refused(labels, tmp_path, factor, start, message):
    given = None if start is None else start_of(labels.store.tags.shape[1], start)
    with pytest.raises(ValueError, match=message):
        train_on_labels(recipe(encoder_rate_factor=factor), 0, labels, given, tmp_path, CPU)


def test_a_store_of_another_rate_and_a_single_clip_are_refused(labels, tmp_path):
    other = recipe(model=to_mapping(replace(TAGGER, sample_rate_hz=16_000)))
    with pytest.raises(ValueError, match="tones has 8000 Hz, the model reads 16000 Hz; use a store of that rate"):
        train_on_labels(other, 0, labels, None, tmp_path, CPU)
    with pytest.raises(ValueError, match=r"a fraction of 0.25 leaves 1 clip to train on, at least 2 are needed"):
        train_on_labels(recipe(), 0, replace(labels, rows=labels.rows[:1]), None, tmp_path, CPU)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder_rate_factor": 0.0}, r"encoder_rate_factor must be in \(0, 1\], or null to train from scratch"),
        ({"encoder_rate_factor": 2.0}, "encoder_rate_factor must be <= 1, got 2.0"),
        ({"crops_per_epoch": 0}, "crops_per_epoch must be >= 1, got 0"),
        ({"label_fraction": 1.5}, r"label_fraction must be in \(0, 1\], got 1.5"),
    ],
)
def test_values_out_of_range_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        recipe(**changes)
