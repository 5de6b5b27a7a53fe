"""The first block of an encoder (a convolution of kernel and stride 3, batch norm, ReLU) as one affine pass, for CPUs.

What belongs here: what the compiled loops compute, in terms of the batch norm, and the gradient. What does not: the
blocks after it (``clmr.models.fused``).

No maps are needed for the statistics: as a linear map of every three samples, the layer has those that follow from the
covariance of the audio.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from clmr.compute.compiled import flat, share
from clmr.models.fused import Block, Loops, as_maps, packed, rows_of, statistics_of, track

_TAPS = 3
# Samples that the loop over lagged products reads at a time.
_BLOCK_SAMPLES = 48


def stem(audio: Tensor, what: Block) -> Tensor:
    """Audio (B, T) through a first block of kernel and stride 3 in training: maps (B, C, 1, T // 3)."""
    return _StemFunction.apply(audio, *what.weights(), what)


def evaluated_stem(audio: Tensor, weight: Tensor, bias: Tensor, dtype: torch.dtype, loops: Loops) -> Tensor:
    """Rectified maps (B, C, 1, T // 3) of audio (B, T), with the norm already in weight (C, 1, 3) and bias (C,)."""
    return _maps(audio, _terms(weight, bias), dtype, loops)


def evaluated_stem_and_block(
    audio: Tensor,
    stem: tuple[Tensor, Tensor],
    block: tuple[Tensor, Tensor],
    sizes: tuple[int, int],
    dtype: torch.dtype,
    loops: Loops,
) -> Tensor:
    """Maps (B, C', 1, L) of audio (B, T) after the first block and the one above it, whose maps are never all there.

    Args:
        audio: Shape (B, T).
        stem: Weight (C, 1, 3) and bias (C,) of the first block, with the norm in them.
        block: Weight (C', C, K) and bias (C',) of the next, likewise.
        sizes: Padding of its convolution, and the moments that it pools into one.
        dtype: Number format of the result, float32 or bfloat16, and where the processor can, of what is multiplied.
        loops: The compiled loops.
    """
    n_after, n_before, n_taps = block[0].shape
    n_examples, n_samples = audio.shape
    padding, size = sizes
    n_frames = (n_samples // _TAPS + 2 * padding - n_taps + 1) // size
    out = torch.empty(n_examples, n_frames, n_after, dtype=dtype)
    weight = packed(block[0], dtype if loops.convolution.TAKES_PAIRS else torch.float32)
    values = flat(audio), _terms(*stem), weight, flat(block[1].float().contiguous()), flat(out)
    arguments = (*values, n_samples, (n_before, n_after), n_taps, padding, size)
    share(loops.convolution.stem_and_block, *arguments, n_examples=n_examples, n_values=audio.numel())
    return as_maps(out)


class _StemFunction(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, audio: Tensor, weight: Tensor, bias: Tensor, scale: Tensor, shift: Tensor, what: Block
    ) -> Tensor:
        audio = audio.contiguous()
        mean, covariance = _moments_of_threes(audio, what.loops)
        taps = weight.detach().squeeze(1).double().numpy()
        variance = np.maximum(((taps @ covariance) * taps).sum(axis=1), 0)
        n_values = len(audio) * (audio.shape[1] // _TAPS)
        statistics = statistics_of(taps @ mean, variance, scale, shift, n_values, what.norm)
        track(what, statistics, variance, bias.detach().numpy())
        constant = statistics.shift - statistics.mean * statistics.factor
        terms = np.vstack([(taps * statistics.factor[:, None]).T, constant]).astype(np.float32).reshape(-1)
        context.save_for_backward(audio)
        context.what, context.statistics = what, statistics
        context.linear = taps, mean, covariance, terms
        return _maps(audio, terms, what.dtype, what.loops)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (audio,) = context.saved_tensors
        what, statistics = context.what, context.statistics
        taps, mean, covariance, terms = context.linear
        gradient = rows_of(gradient.to(what.dtype))
        n_examples, n_moments, n_channels = gradient.shape
        sums = np.zeros((n_examples, _TAPS + 1, n_channels), np.float32)
        sizes = (audio.shape[1], n_moments, n_channels)
        arguments = (flat(audio), terms, flat(gradient), sums.reshape(-1), *sizes)
        share(what.loops.stem.add_stem_gradients, *arguments, n_examples=n_examples, n_values=gradient.numel())
        *products, total = sums.sum(axis=0, dtype=np.float64)
        # The map is factor * taps . (x - mean) + shift of the norm, and factor depends on the taps by the variance.
        to_taps = np.stack(products, axis=1) - np.outer(total, mean)
        to_factor = (to_taps * taps).sum(axis=1)
        to_variance = -0.5 * to_factor * statistics.factor * statistics.inverse**2
        to_weight = to_taps * statistics.factor[:, None] + 2 * to_variance[:, None] * (taps @ covariance)
        found = (to_weight[:, None], np.zeros_like(total), to_factor * statistics.inverse, total)
        return None, *(torch.from_numpy(part).float() for part in found), None


def _terms(weight: Tensor, bias: Tensor) -> np.ndarray:
    """What the loops multiply three samples by, and what they add: flat, (4, C)."""
    return flat(torch.cat([weight.squeeze(1).T, bias[None]]).float().contiguous())


def _maps(audio: Tensor, terms: np.ndarray, dtype: torch.dtype, loops: Loops) -> Tensor:
    n_examples, n_samples = audio.shape
    n_moments, n_channels = n_samples // _TAPS, len(terms) // (_TAPS + 1)
    out = torch.empty(n_examples, n_moments, n_channels, dtype=dtype)
    arguments = (flat(audio), terms, flat(out), n_samples, n_moments, n_channels)
    share(loops.stem.stem, *arguments, n_examples=n_examples, n_values=out.numel())
    return as_maps(out)


def _moments_of_threes(audio: Tensor, loops: Loops) -> tuple[np.ndarray, np.ndarray]:
    """Mean (3,) and covariance (3, 3) of every three samples of audio (B, T), float64."""
    n_examples, n_samples = audio.shape
    n_moments, n_blocks = n_samples // _TAPS, max(0, (n_samples - 2) // _BLOCK_SAMPLES)
    # Without their mean, samples with an offset leave their digits to the covariance.
    shift = audio.mean().item()
    lagged = np.zeros((n_examples, 4, _BLOCK_SAMPLES), np.float32)
    arguments = (flat(audio), shift, lagged.reshape(-1), n_samples, n_blocks)
    share(loops.stem.add_lagged, *arguments, n_examples=n_examples, n_values=audio.numel())
    # The place of a sample among its three is its place in the block modulo three.
    totals = lagged.sum(axis=0, dtype=np.float64).reshape(4, -1, _TAPS).sum(axis=1)
    # What fills no block.
    rest = audio[:, n_blocks * _BLOCK_SAMPLES : n_moments * _TAPS].double().numpy() - shift
    rest = rest.reshape(-1, _TAPS)
    sums = totals[0] + rest.sum(axis=0)
    (xx, yy, zz), (xy, yz, _), (xz, _, _) = totals[1:]
    products = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) + rest.T @ rest
    n_values = n_examples * n_moments
    mean = sums / n_values
    return mean + shift, products / n_values - np.outer(mean, mean)
