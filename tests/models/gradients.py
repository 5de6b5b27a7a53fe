"""Gradients of a model's parameters, by whichever of two definitions computes its output."""

from collections.abc import Callable

from torch import Tensor, nn


def gradients(model: nn.Module, forward: Callable[[Tensor], Tensor], audio: Tensor) -> list[Tensor]:
    """Gradients of the mean square of ``forward(audio)``, a computation with the parameters of ``model``."""
    model.zero_grad()
    forward(audio).square().mean().backward()
    return [parameter.grad.clone() for parameter in model.parameters()]
