"""Two processes compute what one does: loss, gradients, batch statistics and weights."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.multiprocessing as mp

from clmr.batches.crops import crop_batches, track_crops
from clmr.compute.distributed import World, gather_shares, world, wrap
from clmr.corpora.store import Store, open_store
from clmr.evaluation.embed import Embeddings, embed
from clmr.training.clmr import build_modules
from clmr.training.pretrain import PretrainRecipe, pretrain
from tests.augmentations.chains import thesis_chain
from tests.training.recipes import ADAM, LARS, clmr_recipe, cpc_recipe

CPU = torch.device("cpu")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def join(rank: int, size: int, port: int) -> None:
    """What torchrun sets for each process."""
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ.update(address, WORLD_SIZE=str(size), RANK=str(rank), LOCAL_RANK=str(rank), OMP_NUM_THREADS="1")
    torch.set_num_threads(1)


def first_step(recipe: PretrainRecipe, store: Store, together: World) -> dict[str, torch.Tensor]:
    """Loss, gradients and batch statistics of the first step, in float64: rounding then hides no error of method."""
    crops = track_crops(store, recipe.encoder.clip_samples, recipe.splits)
    run = recipe.run_class(recipe, 0, crops, CPU, 2)
    # Processes agree on the type of what they exchange when the network is wrapped, so that comes last.
    run.world, run.network = together, wrap(run.network.double().train(), CPU, together)
    mine = next(crop_batches(run.crops, recipe.batch_size, run.n_crops, 0, 0, together))
    views, *draws = run.inputs(mine, 0, 0)
    loss, _ = run.train_step(views.double(), *draws)
    gradients = {
        f"{key}.{name}": p.grad for key, module in run.modules.items() for name, p in module.named_parameters()
    }
    statistics = {name: buffer.clone() for name, buffer in run.modules["encoder"].named_buffers()}
    return {"loss": loss} | gradients | statistics


def step_in_process(rank: int, size: int, port: int, folder: str, out: str, recipe: PretrainRecipe) -> None:
    join(rank, size, port)
    with world(CPU) as together:
        found = first_step(recipe, open_store(Path(folder)), together)
        torch.save(found, f"{out}/{rank}.pt")


def train_in_process(rank: int, size: int, port: int, folder: str, out: str, recipe: PretrainRecipe) -> None:
    join(rank, size, port)
    with world(CPU) as together:
        trained = pretrain(recipe, 0, open_store(Path(folder)), Path(out) / "resume", CPU, together)
        torch.save(trained.encoder.state_dict(), f"{out}/{rank}.pt")
        trained.curve.to_csv(f"{out}/{rank}.csv", index=False)


def embed_in_process(rank: int, size: int, port: int, folder: str, out: str) -> None:
    join(rank, size, port)
    with world(CPU) as together:
        found = embed_all(open_store(Path(folder)), together)
        uneven = gather_shares(torch.arange(7.0)[together.share(7), None], 7, together)
        torch.save({"values": torch.from_numpy(found.values), "uneven": uneven}, f"{out}/{rank}.pt")


def embed_all(store: Store, together: World) -> Embeddings:
    encoder = build_modules(clmr_recipe(), 0)["encoder"].eval()
    # Batches of 5: shares of two processes then end in batches of different sizes.
    return embed(encoder, store, 5, CPU, "fp32", together)


both_methods = pytest.mark.parametrize(
    "recipe", [clmr_recipe(optimizer=LARS), cpc_recipe(optimizer=LARS)], ids=["clmr", "cpc"]
)


@both_methods
def test_one_step_of_two_processes_equals_one_step_of_one(store: Store, tmp_path: Path, recipe: PretrainRecipe):
    mp.spawn(step_in_process, (2, free_port(), str(store.folder), str(tmp_path), recipe), nprocs=2)
    alone = first_step(recipe, store, World())
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert found.keys() == alone.keys()
        for name, expected in alone.items():
            torch.testing.assert_close(found[name], expected, atol=1e-9, rtol=1e-7, msg=lambda text, n=name: n + text)


@both_methods
def test_training_in_two_processes_follows_the_curve_of_one(store: Store, tmp_path: Path, recipe: PretrainRecipe):
    if recipe.method == "clmr":
        recipe = replace(recipe, augmentations=thesis_chain())
    # Small steps: with large ones the float32 rounding of a batch this small takes runs apart in two epochs.
    recipe = replace(recipe, epochs=2, optimizer=replace(ADAM, learning_rate=1e-4))
    mp.spawn(train_in_process, (2, free_port(), str(store.folder), str(tmp_path), recipe), nprocs=2)
    ours, other = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    for name, tensor in ours.items():
        assert torch.equal(tensor, other[name])
    alone = pretrain(recipe, 0, store, tmp_path / "alone", CPU).curve
    together = pd.read_csv(tmp_path / "0.csv")
    assert together.loss.to_numpy() == pytest.approx(alone.loss.to_numpy(), rel=0.01)
    # Either goes on where the other stopped: the state holds nothing that depends on the processes.
    resumed = pretrain(recipe, 0, store, tmp_path / "resume", CPU)
    assert all(torch.equal(tensor, ours[name]) for name, tensor in resumed.encoder.state_dict().items())


def test_processes_embed_a_store_together(store: Store, tmp_path: Path):
    mp.spawn(embed_in_process, (2, free_port(), str(store.folder), str(tmp_path)), nprocs=2)
    alone = embed_all(store, World())
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        np.testing.assert_allclose(found["values"].numpy(), alone.values, atol=1e-6)
        assert found["uneven"].flatten().tolist() == list(range(7))
