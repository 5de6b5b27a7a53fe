"""Two processes compute what one does: loss, gradients, batch statistics and weights."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp

from clmr.augmentations import AugmentationParams
from clmr.corpora.crops import paired_batches
from clmr.corpora.store import Store, open_store
from clmr.distributed import World, world
from clmr.training.pretrain import PretrainParams, PretrainRun, pretrain, track_crops
from tests.training.test_pretrain import recipe

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


def first_step(params: PretrainParams, store: Store, together: World) -> dict[str, torch.Tensor]:
    """Loss, gradients and batch statistics of the first step."""
    run = PretrainRun(params, track_crops(store, params.encoder.clip_samples, params.splits), CPU, 2, together)
    run.network.train()
    first, second = next(iter(paired_batches(run.crops, params.batch_size, 0, 0, together)))
    loss, _ = run.train_step(run.views(first, second, 0, 0))
    gradients = {
        f"{key}.{name}": p.grad for key, module in run.modules.items() for name, p in module.named_parameters()
    }
    statistics = {name: buffer.clone() for name, buffer in run.modules["encoder"].named_buffers()}
    return {"loss": loss} | gradients | statistics


def step_in_process(rank: int, size: int, port: int, folder: str, out: str, params: PretrainParams) -> None:
    join(rank, size, port)
    with world(CPU) as together:
        found = first_step(params, open_store(Path(folder)), together)
        torch.save(found, f"{out}/{rank}.pt")


def train_in_process(rank: int, size: int, port: int, folder: str, out: str, params: PretrainParams) -> None:
    join(rank, size, port)
    with world(CPU) as together:
        trained = pretrain(params, open_store(Path(folder)), Path(out) / "resume", CPU, together)
        torch.save(trained.encoder.state_dict(), f"{out}/{rank}.pt")


@pytest.fixture
def params() -> PretrainParams:
    return recipe(augmentations=AugmentationParams.thesis(), optimizer=replace(recipe().optimizer, kind="lars"))


def test_one_step_of_two_processes_equals_one_step_of_one(store: Store, tmp_path: Path, params: PretrainParams):
    mp.spawn(step_in_process, (2, free_port(), str(store.folder), str(tmp_path), params), nprocs=2)
    alone = first_step(params, store, World())
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert found.keys() == alone.keys()
        for name, expected in alone.items():
            if name.endswith(".0.bias"):
                # Batch norm takes the mean away: the gradient is zero, what is left is rounding.
                assert max(found[name].abs().max(), expected.abs().max()) < 1e-4
            else:
                torch.testing.assert_close(
                    found[name], expected, atol=1e-5, rtol=1e-5, msg=lambda text, n=name: n + text
                )


def test_training_in_two_processes_gives_the_weights_of_one(store: Store, tmp_path: Path, params: PretrainParams):
    params = replace(params, epochs=2)
    mp.spawn(train_in_process, (2, free_port(), str(store.folder), str(tmp_path), params), nprocs=2)
    alone = pretrain(params, store, tmp_path / "alone", CPU).encoder.state_dict()
    ours, other = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    for name, expected in alone.items():
        assert torch.equal(ours[name], other[name])
        torch.testing.assert_close(ours[name], expected, atol=1e-4, rtol=1e-3)


def test_batches_that_cannot_be_shared_are_refused(store: Store, tmp_path: Path, params: PretrainParams):
    with pytest.raises(ValueError, match="batch_size 6 must be a multiple of the 4 processes"):
        pretrain(params, store, tmp_path, CPU, World(0, 4))
