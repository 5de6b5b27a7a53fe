"""Initial weights, drawn from a given generator instead of torch's global one."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)


def keeping_global_generator(make: Callable[[], Module]) -> Module:
    """Call ``make`` and restore torch's global generator, from which layers draw when they are created."""
    # No devices: networks are created on the CPU, so the generators of GPUs need no restoring.
    with torch.random.fork_rng(devices=[]):
        return make()


def initialised(make: Callable[[], Module], generator: torch.Generator) -> Module:
    """The module that ``make`` creates, with weights drawn from ``generator`` alone; see :func:`initialise`.

    >>> draws = torch.Generator().manual_seed(0)
    >>> initialised(lambda: nn.Linear(2, 1), draws).bias.tolist()
    [0.0]
    """
    module = keeping_global_generator(make)
    initialise(module, generator)
    return module


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Fill all convolutions, linear and recurrent layers in place with Kaiming-uniform weights and zero biases.

    Source: thesis section 5.3; He et al. 2015.
    Differs: the thesis names Kaiming initialisation without a variant; uniform as in its released code,
        which initialises the weights of convolutions only.

    Args:
        module: Any module; batch norms keep scale 1 and shift 0.
        generator: Source of the weights, drawn in the order of ``module.modules()``.
    """
    # Batch norms keep what torch gives them, scale 1 and shift 0, which is not random.
    for layer in module.modules():
        if isinstance(layer, (nn.Conv1d, nn.Linear)):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        if isinstance(layer, nn.GRU):
            for name, parameter in layer.named_parameters():
                if name.startswith("weight"):
                    # Gates saturate rather than cut off half of their input: no factor for a ReLU.
                    nn.init.kaiming_uniform_(parameter, nonlinearity="linear", generator=generator)
                else:
                    nn.init.zeros_(parameter)
