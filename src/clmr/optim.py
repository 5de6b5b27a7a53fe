"""Optimisers and learning-rate schedules of pre-training."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from clmr.storage.strict import require


@dataclass(frozen=True)
class OptimizerParams:
    """Optimiser, learning rate and schedule.

    Source: thesis section 5.3 and eq. 5.1.
    Differs: released code (master) scales linearly, 0.3 * batch / 256, without warm-up, and decays
        biases and batch norms too; Fig. 5.1 peaks at 1.75, which fits neither formula.

    Attributes:
        kind: ``by_batch_size`` is the thesis's rule: Adam below 96 examples, LARS from 96.
        adam_learning_rate: Rate of Adam, its peak if it has a schedule (thesis: 0.0003).
        adam_schedule: ``constant`` (thesis), or ``warmup_cosine`` as LARS has it, for short runs.
        lars_learning_rate_factor: LARS peaks at this times the square root of the batch (thesis: 0.075).
        weight_decay: Pull towards zero of weights; never on biases and batch norms (thesis: 1e-6).
        warmup_epochs: Epochs of linear rise before the cosine fall; may be a fraction.
    """

    kind: Literal["by_batch_size", "adam", "lars"]
    adam_learning_rate: float
    adam_schedule: Literal["constant", "warmup_cosine"]
    lars_learning_rate_factor: float
    weight_decay: float
    warmup_epochs: float

    def __post_init__(self) -> None:
        require(self.adam_learning_rate > 0, "adam_learning_rate", self.adam_learning_rate, "> 0")
        require(
            self.lars_learning_rate_factor > 0,
            "lars_learning_rate_factor",
            self.lars_learning_rate_factor,
            "> 0",
        )
        require(self.weight_decay >= 0, "weight_decay", self.weight_decay, ">= 0")
        require(self.warmup_epochs >= 0, "warmup_epochs", self.warmup_epochs, ">= 0")

    def peak_learning_rate(self, batch_size: int) -> float:
        """The largest learning rate of a run with this many pairs to a batch."""
        return (
            self.lars_learning_rate_factor * math.sqrt(batch_size)
            if self.uses_lars(batch_size)
            else self.adam_learning_rate
        )

    def uses_lars(self, batch_size: int) -> bool:
        """Whether a batch of this many examples is trained with LARS."""
        return self.kind == "lars" or (self.kind == "by_batch_size" and batch_size >= LARS_FROM_BATCH_SIZE)


LARS_FROM_BATCH_SIZE = 96
"""Smallest batch that the thesis trains with LARS (section 5.3)."""


def build_optimizer(modules: Iterable[nn.Module], params: OptimizerParams, batch_size: int) -> torch.optim.Optimizer:
    """Optimiser over all parameters, in two groups: decayed weights, and biases with batch norms."""
    groups = parameter_groups(modules, params.weight_decay)
    if params.uses_lars(batch_size):
        return LARS(groups, lr=params.peak_learning_rate(batch_size))
    return torch.optim.Adam(groups, lr=params.peak_learning_rate(batch_size), fused=True)


def parameter_groups(modules: Iterable[nn.Module], weight_decay: float) -> list[dict]:
    """All parameters: weights, which are decayed (and adapted by LARS), and biases with batch norms, which are not."""
    parameters = [parameter for module in modules for parameter in module.parameters()]
    return [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": weight_decay, "adapt": True},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0, "adapt": False},
    ]


def learning_rate_at(
    params: OptimizerParams, batch_size: int, steps_per_epoch: int, n_steps: int
) -> Callable[[int], float]:
    """The learning rate of each step, counted from 0.

    It rises linearly over the warm-up, reaching the peak at its last step, then falls along a half
    cosine to nearly zero at the last step (thesis Fig. 5.1). Adam's may be constant instead.

    >>> params = OptimizerParams("lars", 3e-4, "constant", 0.075, 1e-6, warmup_epochs=1)
    >>> rate = learning_rate_at(params, batch_size=100, steps_per_epoch=5, n_steps=50)
    >>> [round(rate(step), 3) for step in (0, 4, 49)]
    [0.15, 0.75, 0.001]
    """
    peak = params.peak_learning_rate(batch_size)
    if not params.uses_lars(batch_size) and params.adam_schedule == "constant":
        return lambda step: peak
    return warmup_cosine(peak, round(params.warmup_epochs * steps_per_epoch), n_steps)


def warmup_cosine(peak: float, n_warmup: int, n_steps: int) -> Callable[[int], float]:
    """A rate for each of ``n_steps`` steps, counted from 0: a linear rise to ``peak``, then half a cosine.

    >>> rate = warmup_cosine(1.0, n_warmup=2, n_steps=9)
    >>> [round(rate(step), 2) for step in (0, 1, 8)]
    [0.5, 1.0, 0.04]
    """
    n_warmup = min(n_warmup, n_steps)

    def rate(step: int) -> float:
        if step < n_warmup:
            return peak * (step + 1) / n_warmup
        done = (step - n_warmup + 1) / (n_steps - n_warmup + 1)
        return peak * 0.5 * (1 + math.cos(math.pi * done))

    return rate


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give all parameter groups the learning rate ``rate``."""
    for group in optimizer.param_groups:
        group["lr"] = rate


class LARS(torch.optim.Optimizer):
    """Momentum SGD whose step for each weight tensor w is scaled by ``trust * |w| / |gradient|``.

    The gradient includes the weight decay. Groups with ``adapt`` false (biases, batch norms) take
    plain momentum steps.

    Source: You et al. 2017; thesis section 5.3; constants as in SimCLR's reference code.
    Differs: the released CLMR code means to exclude biases and batch norms but matches against
        names it never passes, so it adapts and decays everything.
    """

    def __init__(self, groups: list[dict], lr: float, momentum: float = 0.9, trust: float = 0.001) -> None:
        super().__init__(groups, {"lr": lr, "momentum": momentum, "trust": trust, "weight_decay": 0.0, "adapt": True})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)

    def _update(self, parameter: Tensor, group: dict) -> None:
        gradient = parameter.grad.add(parameter, alpha=group["weight_decay"])
        if group["adapt"]:
            gradient = gradient * _trust_ratio(parameter, gradient, group["trust"])
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].mul_(group["momentum"]).add_(gradient, alpha=group["lr"])
        parameter.sub_(state["momentum"])


def _trust_ratio(weight: Tensor, gradient: Tensor, trust: float) -> Tensor:
    """``trust * |w| / |g|``, and 1 where either norm is zero; stays on the device."""
    weight_norm, gradient_norm = weight.norm(), gradient.norm()
    usable = (weight_norm > 0) & (gradient_norm > 0)
    return torch.where(usable, trust * weight_norm / gradient_norm.clamp_min(1e-30), torch.ones_like(weight_norm))
