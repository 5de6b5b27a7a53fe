"""Pre-training by any method: it learns, it repeats, and a kill leaves no trace in the result."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch

from clmr.compute.distributed import World
from clmr.corpora.store import Store
from clmr.models.cpc import CPC
from clmr.models.sample_cnn import SampleCNN, SampleCNNParams
from clmr.storage.strict import from_mapping, to_mapping
from clmr.storage.tensors import load_tensors, save_tensors
from clmr.training import loop
from clmr.training.pretrain import METHODS, PretrainRecipe, curve_metrics, pretrain, pretrain_seeds
from tests.augmentations.chains import thesis_chain
from tests.training.recipes import ADAM, LARS, clmr_recipe, cpc_recipe

CPU = torch.device("cpu")
RECIPES = {"clmr": clmr_recipe, "cpc": cpc_recipe}
both_methods = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
RecipeMaker = Callable[..., PretrainRecipe]


def weights(trained) -> dict[str, torch.Tensor]:
    return trained.encoder.state_dict()


def assert_same(left, right) -> None:
    assert left.curve.equals(right.curve)
    assert weights(left).keys() == weights(right).keys()
    for name, tensor in weights(left).items():
        assert torch.equal(tensor, weights(right)[name]), name


@both_methods
def test_loss_falls_below_guessing(store: Store, tmp_path, recipe: RecipeMaker):
    trained = pretrain(recipe(epochs=8), 0, store, tmp_path, CPU)
    metrics = curve_metrics(trained, recipe(epochs=8))
    assert trained.curve.loss.iloc[-1] < trained.curve.loss.iloc[0]
    assert metrics["loss"] < metrics["loss_of_guessing"]
    assert metrics["accuracy"] > metrics["accuracy_of_guessing"]
    assert not trained.encoder.training


def test_guessing_is_among_the_candidates_of_the_method(store: Store, tmp_path):
    for recipe, n_candidates in ((clmr_recipe(epochs=1), 11), (cpc_recipe(epochs=1), 8)):
        trained = pretrain(recipe, 0, store, tmp_path / recipe.method, CPU)
        assert curve_metrics(trained, recipe)["accuracy_of_guessing"] == 1 / n_candidates


@pytest.mark.parametrize("optimizer", [ADAM, LARS], ids=lambda params: params.kind)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@both_methods
def test_a_killed_and_resumed_run_ends_with_the_same_weights(
    store, tmp_path, monkeypatch, optimizer, precision, recipe
):
    chain = {"augmentations": thesis_chain()} if recipe is clmr_recipe else {}
    params = recipe(optimizer=optimizer, precision=precision, **chain)
    whole = pretrain(params, 0, store, tmp_path / "whole", CPU)
    steps, method = iter(range(100)), params.run_class
    step = method.train_step

    def dying(self, *inputs):
        if next(steps) == 5:  # in the middle of the third epoch
            raise KeyboardInterrupt
        return step(self, *inputs)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "SAVED_EVERY_S", 0.0)
        patch.setattr(method, "train_step", dying)
        with pytest.raises(KeyboardInterrupt):
            pretrain(params, 0, store, tmp_path / "killed", CPU)
    _, facts = load_tensors(tmp_path / "killed" / "state.safetensors")
    assert len(facts["history"]) == 2
    assert_same(pretrain(params, 0, store, tmp_path / "killed", CPU), whole)


def test_states_are_written_every_few_seconds_and_at_the_end(store, tmp_path, monkeypatch):
    # At the start, after four of five epochs, and after each of two states.
    clock, saved = iter([0.0, 1.0, 5.0, 5.0, 9.0, 9.9, 12.0]), []
    monkeypatch.setattr(loop, "monotonic", lambda: next(clock))
    monkeypatch.setattr(loop, "save_state", lambda path, identity, history, *rest: saved.append(len(history)))
    pretrain(clmr_recipe(epochs=5), 0, store, tmp_path, CPU)
    assert saved == [2, 5]


@both_methods
def test_seed_and_recipe_decide_the_weights(store, tmp_path, recipe):
    first = pretrain(recipe(epochs=1), 0, store, tmp_path / "a", CPU)
    assert_same(first, pretrain(recipe(epochs=1), 0, store, tmp_path / "b", CPU))
    other = pretrain(recipe(epochs=1), 1, store, tmp_path / "c", CPU)
    assert not all(torch.equal(tensor, weights(other)[name]) for name, tensor in weights(first).items())


@both_methods
def test_what_another_recipe_or_seed_left_is_not_used(store, tmp_path, recipe):
    trained = pretrain(recipe(epochs=1), 0, store, tmp_path, CPU)
    for other, seed in ((recipe(epochs=1), 1), (recipe(epochs=2), 0)):
        with pytest.raises(ValueError, match="left by a run with another recipe or seed"):
            pretrain(other, seed, store, tmp_path, CPU)
    # Further seeds of the recipe are runs of their own.
    assert_same(pretrain(recipe(epochs=1, seeds=(0, 1)), 0, store, tmp_path, CPU), trained)


def test_the_log_does_not_show_where_a_run_was_interrupted(store, tmp_path, caplog, monkeypatch):
    notes = []
    monkeypatch.setattr(loop, "note", notes.append)
    with caplog.at_level("INFO", logger="clmr"):
        pretrain(clmr_recipe(epochs=2), 0, store, tmp_path, CPU)
        expected, _ = list(caplog.messages), caplog.clear()
        pretrain(clmr_recipe(epochs=2), 0, store, tmp_path, CPU)
    assert caplog.messages == expected
    assert [line.split("  ")[0] for line in expected] == ["epoch 1/2", "epoch 2/2"]
    assert notes == ["resumed after epoch 2"]


@both_methods
def test_global_random_state_is_left_alone(store, tmp_path, recipe):
    before = torch.random.get_rng_state()
    pretrain(recipe(epochs=1), 0, store, tmp_path, CPU)
    assert torch.equal(torch.random.get_rng_state(), before)


@both_methods
def test_no_epochs_leave_the_initial_weights(store, tmp_path, recipe):
    trained = pretrain(recipe(epochs=0), 0, store, tmp_path, CPU)
    once = pretrain(recipe(epochs=1), 0, store, tmp_path / "once", CPU)
    again = pretrain(recipe(epochs=0), 0, store, tmp_path, CPU)
    assert_same(trained, again)
    assert not all(torch.equal(tensor, weights(once)[name]) for name, tensor in weights(trained).items())
    assert trained.curve.empty
    assert curve_metrics(trained, recipe()) == {"epochs": 0}


@both_methods
def test_a_loss_that_is_not_finite_ends_the_run(store, tmp_path, monkeypatch, recipe):
    nan = torch.tensor(float("nan"))
    monkeypatch.setattr(recipe().run_class, "train_step", lambda self, *inputs: (nan, nan))
    with pytest.raises(ValueError, match=r"the loss of epoch 1 is nan; .*lower the learning rate"):
        pretrain(recipe(), 0, store, tmp_path, CPU)
    assert not (tmp_path / "state.safetensors").exists()


def test_recipe_and_store_must_fit(store, tmp_path):
    with pytest.raises(ValueError, match="tones has 8000 Hz, the encoder reads 16000 Hz; use a store of that rate"):
        pretrain(clmr_recipe(encoder=SampleCNNParams("sample_cnn", 16_000, 4)), 0, store, tmp_path, CPU)


@both_methods
def test_batches_larger_than_the_store_are_refused(store, tmp_path, recipe):
    with pytest.raises(ValueError, match="batch_size 1000 is larger than the 12 tracks"):
        pretrain(recipe(batch_size=1_000), 0, store, tmp_path, CPU)


@both_methods
def test_batches_that_cannot_be_shared_are_refused(store: Store, tmp_path, recipe):
    with pytest.raises(ValueError, match="batch_size 6 must be a multiple of the 4 processes"):
        pretrain(recipe(), 0, store, tmp_path, CPU, World(0, 4))


@pytest.mark.parametrize(("recipe", "encoder"), [(clmr_recipe, SampleCNN), (cpc_recipe, CPC)])
def test_a_recipe_reads_back_and_names_its_encoder(recipe, encoder):
    read = from_mapping(METHODS, to_mapping(recipe()), "recipe")
    assert read == recipe()
    assert type(read.encoder.build()) is encoder


def test_a_recipe_of_no_known_method_is_refused():
    with pytest.raises(ValueError, match=r"place: missing key method; add it \(one of clmr, cpc\)"):
        from_mapping(METHODS, {}, "place")
    with pytest.raises(ValueError, match="place.method: found str 'byol', allowed are clmr, cpc"):
        from_mapping(METHODS, {"method": "byol"}, "place")


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


@pytest.mark.parametrize("compiled", [True, False])
def test_the_network_is_compiled_when_the_recipe_says_so(store: Store, tmp_path, monkeypatch, compiled):
    # The compiler itself takes a minute: here it only stands by.
    seen = []
    monkeypatch.setattr(torch, "compile", lambda network: seen.append(network) or network)
    trained = pretrain(clmr_recipe(epochs=1, compiled=compiled), 0, store, tmp_path, CPU)
    assert len(seen) == compiled
    expected = pretrain(clmr_recipe(epochs=1), 0, store, tmp_path / "other", CPU)
    assert all(
        torch.equal(a, b) for a, b in zip(trained.encoder.parameters(), expected.encoder.parameters(), strict=True)
    )


SEEDS = (0, 1, 2)
KILLED = """
import os, sys
from pathlib import Path

from clmr.corpora.store import open_store
from clmr.training import loop
from clmr.training.pretrain import pretrain_seeds
from tests.training.recipes import clmr_recipe

# Workers import this, too.
loop.SAVED_EVERY_S = 0.0

if __name__ == "__main__":
    # A process and all that it starts have two threads, on any machine.
    import torch

    torch.set_num_threads(2)
    pretrain_seeds(clmr_recipe(epochs=6, seeds=(0, 1, 2)), open_store(Path(sys.argv[1])), Path(sys.argv[2]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes end by other means there")
def test_seeds_side_by_side_that_are_killed_and_resumed_end_with_the_same_weights(store: Store, tmp_path, monkeypatch):
    script, killed = tmp_path / "script.py", tmp_path / "killed"
    script.write_text(KILLED)
    monkeypatch.setenv("CLMR_WORKERS", "2")
    monkeypatch.setenv("CLMR_DEVICE", "cpu")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, str(script), str(store.folder), str(killed)], env=environment)
    try:
        wait_for(killed / "seed_0" / "state.safetensors", killed / "seed_1" / "state.safetensors")
        workers = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        process.wait()
    # What goes on working would write into the folders of those that resume.
    assert psutil.wait_procs(workers, timeout=30)[1] == []
    assert not (killed / "seed_2").exists()
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    recipe = clmr_recipe(epochs=6, seeds=SEEDS)
    resumed, whole = (pretrain_seeds(recipe, store, folder) for folder in (killed, tmp_path / "whole"))
    for seed in SEEDS:
        assert_same(resumed[seed], whole[seed])


def wait_for(*files: Path) -> None:
    deadline = time.monotonic() + 120
    while not all(file.is_file() for file in files):
        assert time.monotonic() < deadline, f"{files} did not come"
        time.sleep(0.02)
