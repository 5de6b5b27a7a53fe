"""Convolution, batch norm, pooling and ReLU as one operation with a gradient of its own, for CPUs.

What belongs here: what the compiled loops compute, in terms of the batch norm, and the gradient. What does not: the
loops, and the choice between this and the plain definition (``clmr.models.blocks``).

Torch passes over the maps for each layer, and its batch norm and pooling are far from the speed of memory where
channels are few. Here statistics and pooling share a pass: whatever the statistics turn out to be, a batch norm keeps
or reverses the order of values by the sign of its scale alone, so that the value of a window that will be largest is
known before. Only those are normalised. The first layer, which needs no maps for its statistics, is in
``clmr.models.fused_stem``.
"""

from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from clmr.compute.compiled import flat, share


class Loops(NamedTuple):
    """The modules of compiled loops."""

    maps: ModuleType
    stem: ModuleType
    convolution: ModuleType


class Block(NamedTuple):
    """What surrounds the weights of a block.

    Attributes:
        convolution: The convolution.
        norm: The batch norm, whose running statistics are updated.
        size: Moments that are pooled into one; 1 pools nothing.
        rectify_first: Whether ReLU comes before the norm rather than after it.
        dtype: Number format of the maps, float32 or bfloat16.
        loops: The compiled loops.
    """

    convolution: nn.Conv1d
    norm: nn.BatchNorm2d
    size: int
    rectify_first: bool
    dtype: torch.dtype
    loops: Loops

    @property
    def floors(self) -> tuple[float, float]:
        """The lowest values that pass before and after the norm."""
        unbounded = float("-inf")
        return (0.0, unbounded) if self.rectify_first else (unbounded, 0.0)

    def weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Weight and bias of the convolution, scale and shift of the norm."""
        assert self.convolution.bias is not None
        return self.convolution.weight, self.convolution.bias, self.norm.weight, self.norm.bias


class Statistics(NamedTuple):
    """A batch norm that is under way; arrays of shape (C,), float64.

    Attributes:
        mean: Mean of the values.
        inverse: Inverse of their deviation.
        factor: What distances from the mean are multiplied by.
        shift: What is added then.
        n_values: Values of each channel.
    """

    mean: np.ndarray
    inverse: np.ndarray
    factor: np.ndarray
    shift: np.ndarray
    n_values: int


def block(maps: Tensor, what: Block) -> Tensor:
    """Maps (B, C, 1, T) through a block in training: maps (B, C', 1, L)."""
    return _BlockFunction.apply(maps, *what.weights(), what)


def evaluated_pool(maps: Tensor, size: int, loops: Loops) -> Tensor:
    """The largest value of each window, rectified: maps (B, C, 1, T) to (B, C, 1, T // size)."""
    n_channels = maps.shape[1]
    pooled, _, _ = _pool(maps, size, 0.0, np.ones(n_channels, np.float32), np.zeros(n_channels, np.float32), loops)
    return as_maps(pooled)


def packed(weight: Tensor, dtype: torch.dtype) -> np.ndarray:
    """Weight (C', C, K) as the loops of :mod:`clmr.compute.convolution_loops` take it in a number format: flat.

    >>> weight = torch.arange(4.0).reshape(1, 2, 2)  # of both channels first and second tap
    >>> packed(weight, torch.float32).tolist()
    [0.0, 2.0, 1.0, 3.0]
    """
    n_after, n_before, n_taps = weight.shape
    n_at_once = 2 if dtype == torch.bfloat16 else 1
    by_pair = weight.permute(2, 1, 0).reshape(n_taps, n_before // n_at_once, n_at_once, n_after)
    return flat(by_pair.transpose(2, 3).to(dtype).contiguous())


class _BlockFunction(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, maps: Tensor, weight: Tensor, bias: Tensor, scale: Tensor, shift: Tensor, what: Block
    ) -> Tensor:
        maps = maps.to(what.dtype, memory_format=torch.channels_last)
        weight = weight.unsqueeze(2).to(what.dtype, memory_format=torch.channels_last)
        # A bias before a norm changes nothing but the running mean, to which it is added below.
        convolved = functional.conv2d(
            maps,
            weight,
            bias.to(what.dtype) if what.rectify_first else None,
            (1, *what.convolution.stride),
            (0, *what.convolution.padding),
        ).contiguous(memory_format=torch.channels_last)
        if what.rectify_first and what.size == 1:
            convolved.relu_()
        floor = what.floors[0]
        pivot = convolved[0, :, 0, 0].float().clamp(min=floor).numpy()
        direction = np.sign(scale.detach().numpy())
        pooled, sums, squares = _pool(convolved, what.size, floor, direction, pivot, what.loops)
        n_values = convolved.numel() // len(pivot)
        mean = sums / n_values
        variance = np.maximum(squares / n_values - mean**2, 0)
        statistics = statistics_of(pivot + mean, variance, scale, shift, n_values, what.norm)
        track(what, statistics, variance, 0 if what.rectify_first else bias.detach().numpy())
        context.save_for_backward(maps, weight)
        # Not among the saved tensors: the backward pass overwrites the first.
        context.values = (convolved, pooled)
        context.what, context.statistics = what, statistics
        return as_maps(_scaled(pooled, statistics, what))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        if context.values is None:
            raise RuntimeError("a fused block has one backward pass only; use clmr.models.blocks.plain_block for more")
        maps, weight = context.saved_tensors
        (convolved, pooled), context.values = context.values, None
        what, statistics = context.what, context.statistics
        gradient = rows_of(gradient.to(what.dtype))
        total, product = _summed_gradients(pooled, gradient, statistics, what)
        _spread(convolved, pooled, gradient, statistics, (total, product), what)
        to_maps, to_weight, to_bias = torch.ops.aten.convolution_backward(
            convolved,
            maps,
            weight,
            [len(total)],
            [1, *what.convolution.stride],
            [0, *what.convolution.padding],
            [1, 1],
            False,
            [0, 0],
            1,
            [context.needs_input_grad[0], True, what.rectify_first],
        )
        to_bias = to_bias.float() if what.rectify_first else torch.zeros(len(total))
        to_scale, to_shift = (torch.from_numpy(sums).float() for sums in (product * statistics.inverse, total))
        return to_maps, to_weight.squeeze(2).float(), to_bias, to_scale, to_shift, None


def _pool(
    maps: Tensor, size: int, floor: float, direction: np.ndarray, pivot: np.ndarray, loops: Loops
) -> tuple[Tensor, np.ndarray, np.ndarray]:
    """Values taken from windows, rows (B, L, C); sums, and sums of squares, of all values minus the pivot, (C,)."""
    rows = rows_of(maps)
    n_examples, n_moments, n_channels = rows.shape
    n_frames = n_moments // size
    sums, squares = np.zeros((2, n_examples, n_channels), np.float32)
    totals, sizes = (sums.reshape(-1), squares.reshape(-1)), (n_moments, n_channels)
    spread = {"n_examples": n_examples, "n_values": rows.numel()}
    pooled, begin = rows, 0
    if size > 1:
        pooled, begin = rows.new_empty(n_examples, n_frames, n_channels), n_frames * size
        share(loops.maps.pool, flat(rows), floor, direction, pivot, flat(pooled), *totals, *sizes, size, **spread)
    if begin < n_moments:
        share(loops.maps.add_moments, flat(rows), floor, pivot, *totals, *sizes, begin, **spread)
    return pooled, *(part.sum(axis=0, dtype=np.float64) for part in (sums, squares))


def statistics_of(
    mean: np.ndarray, variance: np.ndarray, scale: Tensor, shift: Tensor, n_values: int, norm: nn.BatchNorm2d
) -> Statistics:
    """The norm of values with this mean and (biased) variance, each (C,)."""
    inverse = 1 / np.sqrt(variance + norm.eps)
    factor = scale.detach().double().numpy() * inverse
    return Statistics(mean, inverse, factor, shift.detach().double().numpy(), n_values)


def track(what: Block, statistics: Statistics, variance: np.ndarray, bias: np.ndarray | int) -> None:
    """Update the running statistics, as torch does: the variance is the unbiased one."""
    norm, n_values = what.norm, statistics.n_values
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked.add_(1)
    unbiased = variance * n_values / (n_values - 1)
    for running, found in ((norm.running_mean, statistics.mean + bias), (norm.running_var, unbiased)):
        assert running is not None
        assert norm.momentum is not None
        running.lerp_(torch.from_numpy(found).to(running.dtype), norm.momentum)


def _affine(statistics: Statistics) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, factor and shift as the loops take them."""
    mean, factor, shift = (part.astype(np.float32) for part in (statistics.mean, statistics.factor, statistics.shift))
    return mean, factor, shift


def _scaled(pooled: Tensor, statistics: Statistics, what: Block) -> Tensor:
    n_examples, n_frames, n_channels = pooled.shape
    out = torch.empty_like(pooled)
    arguments = (flat(pooled), *_affine(statistics), what.floors[1], flat(out), n_frames, n_channels)
    share(what.loops.maps.scale, *arguments, n_examples=n_examples, n_values=pooled.numel())
    return out


def _summed_gradients(
    pooled: Tensor, gradient: Tensor, statistics: Statistics, what: Block
) -> tuple[np.ndarray, np.ndarray]:
    """Sums over the batch of the gradients that pass, and of their products with the values minus the mean, (C,)."""
    n_examples, n_frames, n_channels = pooled.shape
    sums, products = np.zeros((2, n_examples, n_channels), np.float32)
    values = (flat(pooled), flat(gradient), *_affine(statistics), what.floors[1])
    arguments = (*values, sums.reshape(-1), products.reshape(-1), n_frames, n_channels)
    share(what.loops.maps.add_gradients, *arguments, n_examples=n_examples, n_values=pooled.numel())
    total, product = (part.sum(axis=0, dtype=np.float64) for part in (sums, products))
    return total, product


def _spread(
    convolved: Tensor,
    pooled: Tensor,
    gradient: Tensor,
    statistics: Statistics,
    sums: tuple[np.ndarray, np.ndarray],
    what: Block,
) -> None:
    """Put the gradient of the convolution's result, maps (B, C, 1, T), in its place: no memory has to be fetched."""
    rows = rows_of(convolved)
    n_examples, n_moments, n_channels = rows.shape
    total, product = sums
    slope = -statistics.factor * statistics.inverse**2 * product / statistics.n_values
    constant = -statistics.factor * total / statistics.n_values
    terms = np.concatenate([*_affine(statistics), slope, constant]).astype(np.float32)
    values = (flat(rows), what.floors, flat(pooled), flat(gradient), terms)
    arguments = (*values, n_moments, n_channels, what.size)
    share(what.loops.maps.spread_gradients, *arguments, n_examples=n_examples, n_values=rows.numel())


def rows_of(maps: Tensor) -> Tensor:
    """Maps (B, C, 1, T) as contiguous rows (B, T, C), a view where they are channels-last."""
    return maps.squeeze(2).transpose(1, 2).contiguous()


def as_maps(rows: Tensor) -> Tensor:
    """Rows (B, T, C) as channels-last maps (B, C, 1, T)."""
    return rows.transpose(1, 2).unsqueeze(2)
