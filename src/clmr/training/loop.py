"""What all methods of pre-training share: the shared part of a recipe, and a run that trains, saves and resumes.

A method adds its recipe, its networks and its training step: :mod:`clmr.training.clmr`,
:mod:`clmr.training.cpc`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from clmr.batches.crops import TrackCrops, crop_batches
from clmr.compute.distributed import World, wrap
from clmr.compute.precision import Precision
from clmr.compute.progress import progress
from clmr.optim import OptimizerParams, build_optimizer, learning_rate_at, set_learning_rate
from clmr.storage.strict import require, to_mapping
from clmr.training.state import resume_state, save_state


@dataclass(frozen=True, kw_only=True)
class SharedRecipe:
    """The part of a recipe that every method has.

    Attributes:
        store: Name of the store that is read.
        splits: Splits whose clips are used, without their tags.
        batch_size: Tracks per step.
        epochs: Passes over all tracks; 0 leaves the encoder as initialised.
        optimizer: Optimiser and schedule.
        precision: ``bf16`` computes convolutions and products in bfloat16; weights stay float32.
        compiled: Whether the network is compiled before training: faster by a tenth to a fifth, after
            a minute of compiling, and rounded otherwise. On a CPU it needs a C++ compiler.
        seed: Seed of all that is random.
    """

    store: str
    splits: tuple[Literal["train", "valid", "test"], ...]
    batch_size: int
    epochs: int
    optimizer: OptimizerParams
    precision: Precision
    compiled: bool
    seed: int

    def __post_init__(self) -> None:
        require(len(self.splits) > 0, "splits", list(self.splits), "a list of at least one split")
        require(self.batch_size >= 1, "batch_size", self.batch_size, ">= 1")
        require(self.epochs >= 0, "epochs", self.epochs, ">= 0")


class PretrainRun(ABC):
    """Modules, optimiser and schedule of one run; :func:`clmr.training.pretrain.pretrain` drives it.

    Attributes:
        recipe_class: Recipe of the method.
        encoder_class: Its encoder, made from ``recipe.encoder``.
        n_crops: Crops of each track that a step reads.
    """

    recipe_class: ClassVar[type[SharedRecipe]]
    encoder_class: ClassVar[type[nn.Module]]
    n_crops: ClassVar[int]

    def __init__(
        self, params: SharedRecipe, crops: TrackCrops, device: torch.device, steps_per_epoch: int, world: World
    ) -> None:
        self.params, self.crops, self.device, self.world = params, crops, device, world
        self.steps_per_epoch = steps_per_epoch
        self.modules = {name: module.to(device) for name, module in self.initial_modules().items()}
        network = wrap(self.connected(), device, world)
        self.network = torch.compile(network) if params.compiled else network
        self.optimizer = build_optimizer(self.modules.values(), params.optimizer, params.batch_size)
        n_steps = steps_per_epoch * params.epochs
        self.learning_rate = learning_rate_at(params.optimizer, params.batch_size, steps_per_epoch, n_steps)

    @abstractmethod
    def initial_modules(self) -> dict[str, nn.Module]:
        """Modules with initial weights that depend on recipe and audio alone; one is called ``encoder``."""

    @abstractmethod
    def connected(self) -> nn.Module:
        """The modules as one network."""

    @abstractmethod
    def inputs(self, crops: tuple[Tensor, ...], epoch: int, step: int) -> tuple[Any, ...]:
        """Arguments of :meth:`train_step`, from this process's ``n_crops`` crops of shape (B, T) each."""

    @abstractmethod
    def train_step(self, *inputs: Any) -> tuple[Tensor, Tensor]:
        """One update; the loss and the accuracy of the method's task before it, as scalars on the device."""

    def update(self, loss: Tensor) -> None:
        """Change the weights by a loss that every process has computed in full."""
        self.optimizer.zero_grad()
        (loss * self.world.size).backward()
        self.optimizer.step()

    def resume(self, path: Path) -> list[dict[str, Any]]:
        """The curve so far, with weights and optimiser as they were then; empty if nothing was left."""
        history, _ = resume_state(path, to_mapping(self.params), self.modules, self.optimizer)
        return history

    def save(self, path: Path, history: list[dict[str, Any]]) -> None:
        """Write weights, optimiser and curve, whole or not at all."""
        save_state(path, to_mapping(self.params), history, self.modules, self.optimizer)

    def train_epoch(self, epoch: int) -> dict[str, Any]:
        """One pass over all tracks; the epoch's row of the learning curve.

        Raises:
            ValueError: If the loss is not finite.
        """
        self.network.train()
        recipe = self.params
        batches = crop_batches(self.crops, recipe.batch_size, self.n_crops, recipe.seed, epoch, self.world)
        bar = progress(batches, f"epoch {epoch + 1}", total=self.steps_per_epoch, unit="step")
        losses, hits = [], []
        for step, crops in enumerate(bar):
            rate = self.learning_rate(epoch * self.steps_per_epoch + step)
            set_learning_rate(self.optimizer, rate)
            loss, accuracy = self.train_step(*self.inputs(crops, epoch, step))
            losses.append(loss)
            hits.append(accuracy)
        mean_loss = torch.stack(losses).double().mean().item()
        if not mean_loss < float("inf"):
            raise ValueError(
                f"the loss of epoch {epoch + 1} is {mean_loss}; the state of epoch {epoch} was kept; "
                f"lower the learning rate or use precision: fp32 (params.yaml: pretrain, runs)"
            )
        accuracy = torch.stack(hits).double().mean().item()
        return {"epoch": epoch + 1, "loss": mean_loss, "accuracy": accuracy, "learning_rate": rate}
