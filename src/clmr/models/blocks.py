"""The block that convolutional encoders repeat: convolution, batch norm, ReLU and pooling over maps (B, C, 1, T).

What belongs here: the plain definition, which is the reference and runs on GPUs, and the choice of the fused one on
CPUs. What does not: how that is computed (``clmr.models.fused``).
"""

import functools
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from clmr.compute.compiled import LANES, load
from clmr.models import fused, fused_stem
from clmr.models.initialisation import keeping_global_generator
from clmr.models.layout import Norm, convolve, convolve_and_normalise, folded

_DTYPES = (torch.float32, torch.bfloat16)
# Above that, a convolution takes far longer than writing its maps, and torch's is the faster one; sooner in bfloat16 if
# the loop multiplies in float32: with 64 channels it took a quarter longer than torch. Where it multiplies pairs of
# bfloat16, it took two thirds of torch's time with 128.
_MOST_CHANNELS = {torch.float32: 64, torch.bfloat16: 32}
_MOST_IN_PAIRS = 128


def block(
    convolution: nn.Conv1d, norm: Norm, maps: Tensor, *, pool_size: int = 1, rectify_first: bool = False
) -> Tensor:
    """Convolution, batch norm, maximum over windows, and ReLU: maps (B, C, 1, T) to maps (B, C', 1, T').

    On a CPU the fused form computes it where it can, equal to rounding: 1e-5 of the largest value in float32, and in
    bfloat16 as far from float32 as the plain form. On other devices, in networks that are compiled as a whole, over
    several processes, and for numbers of channels that are no multiple of 16, it is :func:`plain_block`.

    Args:
        convolution: Layer from C to C' channels, with a bias.
        norm: Batch norm over C' channels, or nothing.
        maps: Shape (B, C, 1, T).
        pool_size: Moments of a window, of which the largest value stays; 1 pools nothing.
        rectify_first: Whether ReLU comes between convolution and norm, instead of last.

    >>> layer, norm = nn.Conv1d(4, 16, 3), nn.BatchNorm2d(16)
    >>> tuple(block(layer, norm, torch.rand(2, 4, 1, 14), pool_size=3).shape)
    (2, 16, 1, 4)
    """
    dtype = _map_dtype(maps)
    usable = _fused_loops(convolution, norm, maps, pool_size, dtype)
    if usable is None:
        return plain_block(convolution, norm, maps, pool_size=pool_size, rectify_first=rectify_first)
    # For the type checker: _fused_loops has seen that it is.
    assert isinstance(norm, nn.BatchNorm2d)
    first = _is_first_layer(convolution, maps) and pool_size == 1 and not rectify_first
    if norm.training:
        what = fused.Block(convolution, norm, pool_size, rectify_first, dtype, usable)
        return fused_stem.stem(maps.flatten(1), what) if first else fused.block(maps, what)
    if rectify_first:
        return plain_block(convolution, norm, maps, pool_size=pool_size, rectify_first=True)
    if first:
        return fused_stem.evaluated_stem(maps.flatten(1), *folded(convolution, norm), dtype, usable)
    convolved = convolve_and_normalise(convolution, norm, maps)
    return fused.evaluated_pool(convolved, pool_size, usable) if pool_size > 1 else convolved.relu_()


class Layers(NamedTuple):
    """The layers of a block, with ReLU last."""

    convolution: nn.Conv1d
    norm: Norm
    pool_size: int


def two_blocks(first: Layers, second: Layers, maps: Tensor) -> Tensor | None:
    """A block over another in one pass, audio as maps (B, 1, 1, T) to maps (B, C', 1, L), or None where it cannot be.

    It can in evaluation, on a CPU, where the first block maps every three samples and the second has few channels. The
    result is that of :func:`block` for one after the other to rounding, and in bfloat16 at least as near to float32,
    since what lies between the two is rounded once or not at all.

    >>> layers = nn.Conv1d(1, 16, 3, stride=3), nn.BatchNorm2d(16), 1
    >>> above = nn.Conv1d(16, 32, 3, padding=1), nn.BatchNorm2d(32), 3
    >>> two_blocks(Layers(*layers), Layers(*above), torch.rand(2, 1, 1, 54)) is None  # in training
    True
    """
    loops = _joint_loops(first, second, maps)
    if loops is None:
        return None
    # For the type checker: _joint_loops has seen that they are.
    below, above = (folded(one.convolution, cast("nn.BatchNorm2d", one.norm)) for one in (first, second))
    sizes = int(second.convolution.padding[0]), second.pool_size
    return fused_stem.evaluated_stem_and_block(maps.flatten(1), below, above, sizes, _map_dtype(maps), loops)


def plain_block(
    convolution: nn.Conv1d, norm: Norm, maps: Tensor, *, pool_size: int = 1, rectify_first: bool = False
) -> Tensor:
    """The definition of :func:`block`, layer by layer.

    >>> layer, norm = nn.Conv1d(4, 6, 3), nn.BatchNorm2d(6)
    >>> tuple(plain_block(layer, norm, torch.rand(2, 4, 1, 14), pool_size=3).shape)
    (2, 6, 1, 4)
    """
    if rectify_first:
        maps = norm(functional.relu(convolve(convolution, maps), inplace=True))
        return functional.max_pool2d(maps, (1, pool_size)) if pool_size > 1 else maps
    maps = convolve_and_normalise(convolution, norm, maps)
    # Pooling before ReLU leaves a third of the values to rectify; the maximum and ReLU commute. In place: the first
    # maps are by far the largest tensors, and no backward pass needs them before ReLU.
    return (functional.max_pool2d(maps, (1, pool_size)) if pool_size > 1 else maps).relu_()


def _fused_loops(
    convolution: nn.Conv1d, norm: Norm, maps: Tensor, pool_size: int, dtype: torch.dtype
) -> fused.Loops | None:
    """The loops that the fused form is made of; None if the plain form is to be used."""
    # A compiler of whole networks cannot see into the loops, and other norms communicate.
    if maps.device.type != "cpu" or torch.compiler.is_compiling() or type(norm) is not nn.BatchNorm2d:
        return None
    padded = maps.shape[3] + 2 * int(convolution.padding[0])
    n_moments = (padded - convolution.kernel_size[0]) // convolution.stride[0] + 1
    regular = convolution.groups == 1 and convolution.dilation == (1,) and convolution.bias is not None
    if dtype not in _DTYPES or norm.num_features % LANES or not regular or n_moments < pool_size or not len(maps):
        return None
    if norm.training:
        # Of a single value there is no variance, which torch says best; nor is there a gradient of audio here.
        wanted = len(maps) * n_moments > 1 and not (maps.requires_grad and _is_first_layer(convolution, maps))
    else:
        wanted = not torch.is_grad_enabled()
    return _loops(dtype) if wanted else None


def _joint_loops(first: Layers, second: Layers, maps: Tensor) -> fused.Loops | None:
    """The loops by which two blocks are evaluated in one pass; None if each is computed for itself."""
    below, above = first.convolution, second.convolution
    if first.norm.training or first.pool_size > 1 or not _is_first_layer(below, maps):
        return None
    n_moments = maps.shape[3] // 3
    regular = above.groups == 1 and above.dilation == above.stride == (1,) and above.bias is not None
    fits = n_moments + 2 * int(above.padding[0]) - above.kernel_size[0] + 1 >= second.pool_size
    if second.norm.training or type(second.norm) is not nn.BatchNorm2d or not regular or not fits:
        return None
    dtype = _map_dtype(maps)
    loops = _fused_loops(below, first.norm, maps, 1, dtype)
    if loops is None or above.kernel_size[0] > loops.convolution.MOST_TAPS:
        return None
    in_pairs = dtype == torch.bfloat16 and loops.convolution.TAKES_PAIRS
    most = _MOST_IN_PAIRS if in_pairs else _MOST_CHANNELS[dtype]
    if above.out_channels % LANES or max(above.in_channels, above.out_channels) > most:
        return None
    return loops if second.pool_size <= loops.convolution.TILE else None


def _map_dtype(maps: Tensor) -> torch.dtype:
    """The number format that maps are to have."""
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else maps.dtype


def _is_first_layer(convolution: nn.Conv1d, maps: Tensor) -> bool:
    """Whether it maps every three samples of audio, none of which is used twice."""
    alone = convolution.in_channels == 1 and convolution.kernel_size == convolution.stride == (3,)
    return alone and convolution.padding == (0,) and maps.dtype == torch.float32


@functools.cache
def _loops(dtype: torch.dtype) -> fused.Loops | None:
    """The loops for a number format; None if they do not work here."""
    return load(_find_loops, functools.partial(_attempt, dtype))


def _find_loops() -> fused.Loops:
    from clmr.compute import convolution_loops, map_loops, stem_loops

    return fused.Loops(map_loops, stem_loops, convolution_loops)


def _attempt(dtype: torch.dtype, loops: fused.Loops) -> None:
    """Run every loop once."""
    # Whatever mode the caller is in: the backward pass has loops of its own.
    with torch.inference_mode(False), torch.enable_grad():
        # Creating layers draws from torch's global generator, which nothing here may change.
        first = keeping_global_generator(lambda: nn.Conv1d(1, LANES, 3, stride=3))
        second = keeping_global_generator(lambda: nn.Conv1d(LANES, LANES, 3))
        norms = nn.BatchNorm2d(LANES), nn.BatchNorm2d(LANES)
        maps = fused_stem.stem(torch.zeros(2, 60), fused.Block(first, norms[0], 1, False, dtype, loops))
        fused.block(maps, fused.Block(second, norms[1], 4, False, dtype, loops)).sum().backward()
    with torch.inference_mode():
        below, above = folded(first, norms[0].eval()), folded(second, norms[1].eval())
        fused_stem.evaluated_stem_and_block(torch.zeros(2, 60), below, above, (1, 4), dtype, loops)
