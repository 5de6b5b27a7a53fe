"""Optimisers and learning-rate schedules, told apart by the ``kind`` of their parameters."""

import math
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, Protocol

import torch
from torch import Tensor, nn

from clmr.compute.adam import Adam, spare_compiler
from clmr.storage.strict import NonNegative, Positive, Variants, strict

LARS_FROM_BATCH_SIZE = 96
"""Smallest batch that the thesis trains with LARS (section 5.3)."""

SCHEDULES = Variants({"constant": "clmr.optim:ConstantParams", "warmup_cosine": "clmr.optim:WarmupCosineParams"})
OPTIMIZERS = Variants(
    {"adam": "clmr.optim:AdamParams", "lars": "clmr.optim:LARSParams", "by_batch_size": "clmr.optim:ByBatchSizeParams"}
)

LearningRate = Callable[[int], float]
"""The learning rate of each step of a run, counted from 0."""


class OptimizerParams(Protocol):
    """What the parameters of every optimiser have."""

    @property
    def kind(self) -> str:
        """Name of the optimiser, or of the rule that chooses one."""

    def for_batch_size(self, batch_size: int) -> "AdamParams | LARSParams":
        """Parameters of the optimiser for batches of this many examples."""


@strict
class ConstantParams:
    """One learning rate throughout.

    Attributes:
        kind: ``constant``.
    """

    kind: Literal["constant"]

    def learning_rate(self, peak: float, steps_per_epoch: int, n_steps: int) -> LearningRate:
        """``peak`` at every step.

        Args:
            peak: The rate.
            steps_per_epoch: Ignored.
            n_steps: Ignored.
        """
        return lambda step: peak


@strict
class WarmupCosineParams:
    """A linear rise, then half a cosine.

    Attributes:
        kind: ``warmup_cosine``.
        warmup_epochs: Epochs of the rise; may be a fraction.
    """

    kind: Literal["warmup_cosine"]
    warmup_epochs: NonNegative

    def learning_rate(self, peak: float, steps_per_epoch: int, n_steps: int) -> LearningRate:
        """The rates of :func:`warmup_cosine`, with a rise of ``warmup_epochs``.

        Args:
            peak: The largest rate.
            steps_per_epoch: Steps in an epoch.
            n_steps: Steps of the run.
        """
        return warmup_cosine(peak, round(self.warmup_epochs * steps_per_epoch), n_steps)


@strict
class AdamParams:
    """Adam (Kingma and Ba 2015), with its usual moments, beta 0.9 and 0.999.

    Source: thesis section 5.3.
    Differs: the thesis states a weight decay for LARS alone, and the released code passes none to Adam;
        it is a parameter here.

    Attributes:
        kind: ``adam``.
        learning_rate: The rate, or its peak if it follows a schedule (thesis: 0.0003).
        schedule: ``constant`` (thesis), or for short runs ``warmup_cosine``, the schedule of LARS.
        weight_decay: L2 penalty on weights; never on biases and batch norms.
    """

    kind: Literal["adam"]
    learning_rate: Positive
    schedule: Annotated[ConstantParams | WarmupCosineParams, SCHEDULES]
    weight_decay: NonNegative

    def for_batch_size(self, batch_size: int) -> "AdamParams":
        """These parameters, whatever the batch."""
        return self

    def peak_learning_rate(self, batch_size: int) -> float:
        """The largest learning rate of a run, the same for every batch size."""
        return self.learning_rate

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> torch.optim.Optimizer:
        """An Adam optimiser over these groups of parameters."""
        return Adam(groups, lr=learning_rate)


@strict
class LARSParams:
    """LARS, with the schedule of SimCLR.

    Source: thesis section 5.3 and eq. 5.1.
    Differs: released code (master) scales linearly, 0.3 * batch / 256, without warm-up, and decays
        biases and batch norms too; Fig. 5.1 peaks at 1.75, which fits neither formula.

    Attributes:
        kind: ``lars``.
        learning_rate_factor: The rate peaks at this times the square root of the batch (thesis: 0.075).
        weight_decay: Pull towards zero of weights; never on biases and batch norms (thesis: 1e-6).
        warmup_epochs: Epochs of linear rise before the cosine fall; may be a fraction.
    """

    kind: Literal["lars"]
    learning_rate_factor: Positive
    weight_decay: NonNegative
    warmup_epochs: NonNegative

    @property
    def schedule(self) -> WarmupCosineParams:
        """Warm-up and cosine, the only schedule of LARS."""
        return WarmupCosineParams("warmup_cosine", self.warmup_epochs)

    def for_batch_size(self, batch_size: int) -> "LARSParams":
        """These parameters, whatever the batch."""
        return self

    def peak_learning_rate(self, batch_size: int) -> float:
        """The largest learning rate of a run with this many examples per batch (thesis eq. 5.1).

        >>> round(LARSParams("lars", 0.075, 1e-6, warmup_epochs=30).peak_learning_rate(456), 2)
        1.6
        """
        return self.learning_rate_factor * math.sqrt(batch_size)

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> torch.optim.Optimizer:
        """A LARS optimiser over these groups of parameters."""
        return LARS(groups, lr=learning_rate)


@strict
class ByBatchSizeParams:
    """The thesis's rule: Adam for fewer than 96 examples per batch, LARS from 96 on.

    Source: thesis section 5.3.
    Differs: section 6.6.1 compares batches of 48, 96 and 456 with all else equal; by this rule the
        optimiser changes with them, as in the released code of the thesis.

    Attributes:
        kind: ``by_batch_size``.
        adam: For batches of fewer than :data:`LARS_FROM_BATCH_SIZE` examples.
        lars: For all others.
    """

    kind: Literal["by_batch_size"]
    adam: AdamParams
    lars: LARSParams

    def for_batch_size(self, batch_size: int) -> AdamParams | LARSParams:
        """Parameters of the optimiser for batches of this many examples."""
        return self.lars if batch_size >= LARS_FROM_BATCH_SIZE else self.adam


def build_optimizer(modules: Iterable[nn.Module], params: OptimizerParams, batch_size: int) -> torch.optim.Optimizer:
    """Optimiser over all parameters, in two groups: weights, which decay, and biases with batch norms.

    Args:
        modules: The networks to train.
        params: Parameters of any of the :data:`OPTIMIZERS`.
        batch_size: Examples per step, on which kind and rate may depend.
    """
    chosen = params.for_batch_size(batch_size)
    groups = parameter_groups(modules, chosen.weight_decay)
    return chosen.build(groups, chosen.peak_learning_rate(batch_size))


def parameter_groups(modules: Iterable[nn.Module], weight_decay: float) -> list[dict[str, Any]]:
    """All parameters in two groups: weights, and biases with batch norms, which neither decay nor are adapted by LARS.

    Differs: the released code means to exempt biases and batch norms but exempts nothing.

    >>> [len(group["params"]) for group in parameter_groups([nn.Linear(2, 3), nn.BatchNorm1d(3)], 1e-6)]
    [1, 3]
    """
    parameters = [parameter for module in modules for parameter in module.parameters()]
    # By shape: weights of linear, recurrent and convolutional layers have two axes or more, all else has one.
    return [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": weight_decay, "adapt": True},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0, "adapt": False},
    ]


def learning_rate_at(params: OptimizerParams, batch_size: int, steps_per_epoch: int, n_steps: int) -> LearningRate:
    """The learning rate of each step of a run, counted from 0.

    Args:
        params: Parameters of any of the :data:`OPTIMIZERS`.
        batch_size: Examples per step.
        steps_per_epoch: Steps in an epoch, in which schedules are stated.
        n_steps: Steps of the run.

    >>> params = LARSParams("lars", learning_rate_factor=0.075, weight_decay=1e-6, warmup_epochs=1)
    >>> rate = learning_rate_at(params, batch_size=100, steps_per_epoch=5, n_steps=50)
    >>> [round(rate(step), 3) for step in (0, 4, 49)]
    [0.15, 0.75, 0.001]
    """
    chosen = params.for_batch_size(batch_size)
    return chosen.schedule.learning_rate(chosen.peak_learning_rate(batch_size), steps_per_epoch, n_steps)


def warmup_cosine(peak: float, n_warmup: int, n_steps: int) -> LearningRate:
    """A linear rise, then half a cosine to nearly zero at the last step.

    Source: thesis Fig. 5.1.
    Differs: the thesis does not state the length of the rise; the released code of the thesis has 30 epochs.

    Args:
        peak: The largest rate, that of the last step of the rise.
        n_warmup: Steps of the rise.
        n_steps: Steps of the run.

    >>> rate = warmup_cosine(1.0, n_warmup=2, n_steps=9)
    >>> [round(rate(step), 2) for step in (0, 1, 8)]
    [0.5, 1.0, 0.04]
    """
    n_warmup = min(n_warmup, n_steps)

    def rate(step: int) -> float:
        # The added ones keep the rates of the first and the last step above zero, so neither step is wasted.
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

    def __init__(self, groups: list[dict[str, Any]], lr: float, momentum: float = 0.9, trust: float = 0.001) -> None:
        spare_compiler()
        super().__init__(groups, {"lr": lr, "momentum": momentum, "trust": trust, "weight_decay": 0.0, "adapt": True})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # no closure: training here has none
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)

    def _update(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        gradient = gradient.add(parameter, alpha=group["weight_decay"])
        if group["adapt"]:
            gradient = gradient * _trust_ratio(parameter, gradient, group["trust"])
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        # The rate multiplies each gradient before it enters the momentum, as in the paper: lowering the rate
        # leaves earlier gradients as they were. torch's SGD multiplies the whole momentum instead.
        state["momentum"].mul_(group["momentum"]).add_(gradient, alpha=group["lr"])
        parameter.sub_(state["momentum"])


def _trust_ratio(weight: Tensor, gradient: Tensor, trust: float) -> Tensor:
    """``trust * |w| / |g|``, and 1 where either norm is zero."""
    # No branch on the norms: it would make the host wait for a GPU once for each weight tensor.
    weight_norm, gradient_norm = weight.norm(), gradient.norm()
    usable = (weight_norm > 0) & (gradient_norm > 0)
    return torch.where(usable, trust * weight_norm / gradient_norm.clamp_min(1e-30), torch.ones_like(weight_norm))
