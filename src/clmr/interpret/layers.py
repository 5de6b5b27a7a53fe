"""The convolutions of a network in order, so that a part of the network can be run on a short input.

What belongs here: taking the stack of convolutional blocks from any encoder that is one. What does not: what is done
with a layer (:mod:`clmr.interpret.filters`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

from torch import Tensor, nn

from clmr.models.blocks import block
from clmr.models.layout import Norm, audio_maps, convolve


@dataclass(frozen=True)
class Layer:
    """A convolution and what follows it.

    Attributes:
        convolution: The convolution.
        norm: Batch norm behind it, or nothing.
        pool_size: Moments that are pooled into one; 1 pools nothing.
    """

    convolution: nn.Conv1d
    norm: Norm
    pool_size: int


def layers_of(encoder: nn.Module) -> tuple[Layer, ...]:
    """The convolutional layers of an encoder, first to last, each with the norm and the pooling behind it.

    It reads them off the modules, in the order in which these are registered; what comes behind the last convolution,
    such as a recurrent network, is left out.

    Args:
        encoder: A stack of convolution, batch norm (of all layers or of none), ReLU and maximum over windows.

    Raises:
        ValueError: If it has no convolution, or norms for some of them alone.

    >>> stack = nn.Sequential(nn.Conv1d(1, 4, 3), nn.BatchNorm2d(4), nn.MaxPool2d((1, 3)), nn.Conv1d(4, 6, 3),
    ...                       nn.BatchNorm2d(6))
    >>> [(layer.convolution.out_channels, layer.pool_size) for layer in layers_of(stack)]
    [(4, 3), (6, 1)]
    """
    convolutions: list[nn.Conv1d] = []
    norms: list[Norm] = []
    pools: list[int] = []
    for module in encoder.modules():
        if isinstance(module, nn.Conv1d):
            convolutions.append(module)
            pools.append(1)
        elif isinstance(module, nn.BatchNorm2d):
            norms.append(module)
        elif isinstance(module, nn.MaxPool2d):
            size = module.kernel_size
            pools[-1] = int(size[-1] if isinstance(size, tuple) else size)
    if not convolutions or len(norms) not in (0, len(convolutions)):
        raise ValueError(
            f"{type(encoder).__name__}: found {len(convolutions)} convolutions and {len(norms)} batch norms; filters "
            f"can be shown of a stack of convolutions, each with a norm or none"
        )
    norms = norms or [nn.Identity() for _ in convolutions]
    return tuple(Layer(*parts) for parts in zip(convolutions, norms, pools, strict=True))


def up_to(layers: Sequence[Layer], number: int) -> tuple[Layer, ...]:
    """The layers up to the one of a number, counted from 1 as in the thesis.

    Raises:
        ValueError: If there is no such layer.
    """
    if not 1 <= number <= len(layers):
        raise ValueError(f"found layer {number}, layers of this network are 1 to {len(layers)}; choose among them")
    return tuple(layers[:number])


def convolved(layers: Sequence[Layer], audio: Tensor) -> Tensor:
    """What the convolution of the last of these layers makes of audio, before its norm: (B, T) to (B, C, L).

    Args:
        layers: Layers from the first on.
        audio: What the first convolution reads, shape (B, T).
    """
    maps = audio_maps(audio)
    for layer in layers[:-1]:
        maps = block(layer.convolution, layer.norm, maps, pool_size=layer.pool_size)
    return convolve(layers[-1].convolution, maps).squeeze(2)


def hop_samples(layers: Sequence[Layer]) -> int:
    """Samples from one value of the last convolution's result to the next.

    >>> stack = nn.Sequential(nn.Conv1d(1, 4, 3, stride=3), nn.MaxPool2d((1, 3)), nn.Conv1d(4, 6, 3))
    >>> hop_samples(layers_of(stack))
    9
    """
    return _hops(layers)[-1] * layers[-1].convolution.stride[0]


def receptive_field_samples(layers: Sequence[Layer]) -> int:
    """Samples that one value of the last convolution's result depends on.

    >>> stack = nn.Sequential(nn.Conv1d(1, 4, 3, stride=3), nn.MaxPool2d((1, 3)), nn.Conv1d(4, 6, 3))
    >>> receptive_field_samples(layers_of(stack))  # three windows of three threes
    27
    """
    field = 1
    for layer, hop in zip(layers, _hops(layers), strict=True):
        field += (layer.convolution.kernel_size[0] - 1) * hop
        if layer is not layers[-1]:
            field += (layer.pool_size - 1) * hop * layer.convolution.stride[0]
    return field


def _hops(layers: Sequence[Layer]) -> list[int]:
    """Samples between neighbouring values of the input of each layer."""
    factors = [layer.convolution.stride[0] * layer.pool_size for layer in layers[:-1]]
    return list(accumulate(factors, mul, initial=1))


def frozen(network: nn.Module) -> nn.Module:
    """The network in evaluation mode, without gradients of its weights."""
    return network.eval().requires_grad_(False)


def n_filters(layers: Sequence[Layer]) -> int:
    """Filters of the last of these layers."""
    return layers[-1].convolution.out_channels
