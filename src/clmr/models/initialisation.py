"""How weights begin."""

import torch
from torch import nn


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Fill all convolutions and linear layers in place with Kaiming-uniform weights and zero biases.

    Source: thesis section 5.3; He et al. 2015.
    Differs: the text names Kaiming initialisation without a variant; uniform as in the released code
        of the thesis.

    Args:
        module: Any module; batch norms keep scale 1 and shift 0.
        generator: Source of the weights, drawn in the order of ``module.modules()``.
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Conv1d, nn.Linear)):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
