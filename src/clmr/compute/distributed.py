"""Work spread over processes that torchrun started: each one's share, and gradients across processes.

Without torchrun there is one process and nothing here communicates. Every process draws the numbers
of the whole batch and keeps its share, so the batch is the same however many processes there are.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from clmr.compute.precision import at_least_float32


@dataclass(frozen=True)
class World:
    """The processes that work together.

    Attributes:
        rank: Number of this process.
        size: Number of processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the one process that writes files and logs."""
        return self.rank == 0

    def share(self, n_items: int) -> slice:
        """The part of ``n_items`` that this process takes; parts are consecutive, and sizes differ by one at most.

        >>> [World(rank, 3).share(8) for rank in range(3)]
        [slice(0, 2, None), slice(2, 5, None), slice(5, 8, None)]
        """
        return slice(self.rank * n_items // self.size, (self.rank + 1) * n_items // self.size)


ALONE = World()
"""One process, with nobody to share work with."""


@contextmanager
def world(device: torch.device) -> Iterator[World]:
    """The world that torchrun's environment variables describe; a world of one without them."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield World()
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield World(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()


def gather(rows: Tensor, world: World) -> Tensor:
    """The rows of all processes, shape (B, D), in order of rank; gradients flow to this process's rows.

    Each process computes the same loss from the gathered rows. So the gradient that it finds for its own
    rows is already complete, and gradients of parameters have to be added over processes.

    Source: thesis section 5.1.2 (projections are gathered from all devices).
    Differs: the released code of the thesis gathers the views interleaved, which pairs the wrong clips; the
        current one does not gather at all.

    >>> tuple(gather(torch.ones(2, 3), ALONE).shape)
    (2, 3)
    """
    return rows if world.size == 1 else _Gather.apply(rows, world)


def gather_shares(rows: Tensor, n_items: int, world: World) -> Tensor:
    """The rows of all processes, shape (n_items, D), to which each brings those of its :meth:`World.share`.

    Args:
        rows: This process's share, shape (share, D).
        n_items: Number of rows of all processes.
        world: The processes.

    >>> tuple(gather_shares(torch.ones(2, 3), 2, ALONE).shape)
    (2, 3)
    """
    if world.size == 1:
        return rows
    shares = [World(rank, world.size).share(n_items) for rank in range(world.size)]
    lengths = [share.stop - share.start for share in shares]
    # all_gather takes equal shapes only: shorter shares are padded, and cut again afterwards.
    padded = rows.new_zeros(max(lengths), *rows.shape[1:])
    padded[: len(rows)] = rows
    parts = [torch.empty_like(padded) for _ in shares]
    dist.all_gather(parts, padded)
    return torch.cat([part[:length] for part, length in zip(parts, lengths, strict=True)])


def wrap(network: nn.Module, device: torch.device, world: World) -> nn.Module:
    """The network with batch statistics and gradients taken over all processes; itself in a world of one.

    Gradients are averaged over processes: multiply a loss that every process computes in full by the
    number of processes.

    Source: thesis section 3.2: with local statistics, positives on one device leak into the loss.

    Args:
        network: The network to train, on ``device``.
        device: Device of this process.
        world: The processes.
    """
    if world.size == 1:
        return network
    if device.type == "cuda":
        synced = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return nn.parallel.DistributedDataParallel(synced, device_ids=[torch.cuda.current_device()])
    # torch's SyncBatchNorm runs on GPUs only; elsewhere our own takes its place.
    for module in network.modules():
        for name, child in module.named_children():
            if type(child) is nn.BatchNorm2d:
                setattr(module, name, SyncedBatchNorm2d.of(child))
    return nn.parallel.DistributedDataParallel(network)


class SyncedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm over the maps of all processes, on devices for which torch has none (CPU).

    Source: thesis sections 3.2 and 5.1.2 (global batch normalisation).

    >>> tuple(SyncedBatchNorm2d(3).eval()(torch.zeros(2, 3, 1, 4)).shape)
    (2, 3, 1, 4)
    """

    # For the type checker: torch's norms may lack these, ours never do.
    momentum: float
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    @classmethod
    def of(cls, norm: nn.BatchNorm2d) -> "SyncedBatchNorm2d":
        """A synchronised batch norm that shares parameters and statistics with ``norm``."""
        assert norm.running_mean is not None
        assert norm.running_var is not None
        assert norm.num_batches_tracked is not None
        synced = cls(norm.num_features, norm.eps, norm.momentum)
        synced.weight, synced.bias = norm.weight, norm.bias
        synced.running_mean, synced.running_var = norm.running_mean, norm.running_var
        synced.num_batches_tracked = norm.num_batches_tracked
        return synced.train(norm.training)

    def forward(self, maps: Tensor) -> Tensor:
        """Normalised maps of shape (B, C, 1, T), by the statistics of all processes while training."""
        if not self.training:
            return super().forward(maps)
        values = at_least_float32(maps)
        count = _AllSum.apply(values.new_tensor(float(values.numel() // values.shape[1])))
        mean = _AllSum.apply(values.sum(dim=(0, 2, 3))) / count
        # In two passes: the mean of squares minus the square of the mean would lose digits.
        centred = values - mean[:, None, None]
        variance = _AllSum.apply(centred.square().sum(dim=(0, 2, 3))) / count
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            # As torch does it: the running variance is the unbiased one, the batch is scaled by the biased one.
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight / (variance + self.eps).sqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(maps.dtype)


class _Gather(torch.autograd.Function):
    """All rows in the forward pass, this process's rows in the backward pass."""

    @staticmethod
    def forward(context: Any, rows: Tensor, world: World) -> Tensor:
        context.rows = slice(world.rank * len(rows), (world.rank + 1) * len(rows))
        parts = [torch.empty_like(rows) for _ in range(world.size)]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient[context.rows], None


class _AllSum(torch.autograd.Function):
    """Sum over processes, in the forward and in the backward pass: every process's loss depends on every term."""

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:
        return _AllSum.forward(context, gradient)
