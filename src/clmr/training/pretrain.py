"""Self-supervised pre-training of an encoder, by any method.

A method adds its recipe, its networks and its training step: :mod:`clmr.training.clmr`,
:mod:`clmr.training.cpc`. They are imported when a recipe names them, so that no method depends on another.
"""

import functools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

import pandas as pd
import torch
from torch import Tensor, nn

from clmr.batches.crops import TrackCrops, crop_batches, track_crops
from clmr.compute.distributed import ALONE, World, wrap
from clmr.compute.precision import Precision
from clmr.compute.runtime import device
from clmr.compute.side_by_side import seeds_side_by_side
from clmr.corpora.store import Store, open_store
from clmr.optim import OPTIMIZERS, OptimizerParams
from clmr.storage.strict import Count, Natural, Variants, require, strict_keywords
from clmr.training.loop import Row, TrainingRun, require_seeds, train

if TYPE_CHECKING:
    from clmr.models.encoders import EncoderParams

METHODS = Variants({"clmr": "clmr.training.clmr:CLMRRecipe", "cpc": "clmr.training.cpc:CPCRecipe"}, key="method")


@strict_keywords
class PretrainRecipe(ABC):
    """The part of a recipe that all methods share.

    A method's recipe adds ``method``, ``encoder``, and the properties ``run_class`` and ``n_candidates``:
    the class of its runs, and the number of candidates that its contrastive task chooses from.

    Attributes:
        store: Name of the store that is read.
        splits: Splits whose clips are used, without their tags.
        batch_size: Tracks per step.
        epochs: Passes over all tracks; 0 leaves the encoder untrained, as a baseline.
        optimizer: Optimiser and schedule.
        precision: ``bf16`` computes convolutions and products in bfloat16; weights stay float32.
        compiled: Whether the network is compiled before training: a tenth to a fifth faster, after a
            minute of compiling, but rounded differently. On a CPU it needs a C++ compiler.
        seeds: Seeds of everything random; each trains a separate encoder.
    """

    store: str
    splits: tuple[Literal["train", "valid", "test"], ...]
    batch_size: Count
    epochs: Natural
    optimizer: Annotated[OptimizerParams, OPTIMIZERS]
    precision: Precision
    compiled: bool
    seeds: tuple[int, ...]

    if TYPE_CHECKING:
        # For type checkers alone: each method has its own field, whose default a property here would become.
        @property
        def encoder(self) -> EncoderParams:
            """Parameters of the architecture that is trained."""

    @property
    @abstractmethod
    def run_class(self) -> type["PretrainRun"]:
        """Class of the runs that train by this recipe."""

    @property
    @abstractmethod
    def n_candidates(self) -> int:
        """Number of candidates that the contrastive task chooses from."""

    def __post_init__(self) -> None:
        require(len(self.splits) > 0, "splits", list(self.splits), "a list of at least one split")
        require_seeds(self.seeds)


@dataclass(frozen=True)
class Pretrained:
    """Outcome of a run.

    Attributes:
        encoder: The encoder, in evaluation mode.
        curve: One row per epoch: epoch, loss, accuracy of the contrastive task, learning_rate at its end.
    """

    encoder: nn.Module
    curve: pd.DataFrame


class PretrainRun(TrainingRun):
    """Pre-training on crops of tracks; a method says how a step learns from them.

    Attributes:
        n_crops: Crops of each track that a step reads.
    """

    recipe: PretrainRecipe
    measures = ("loss", "accuracy")
    n_crops: ClassVar[int]

    def __init__(
        self,
        recipe: PretrainRecipe,
        seed: int,
        crops: TrackCrops,
        device: torch.device,
        steps_per_epoch: int,
        world: World = ALONE,
    ) -> None:
        self.crops = crops
        super().__init__(recipe, seed, steps_per_epoch, recipe.epochs, device, world)
        network = wrap(self.connected(), device, world)
        # Compiled around the wrapper, not inside it: the compiler then sees where gradients are exchanged.
        # For the type checker: a compiled module is a module, which torch.compile does not annotate.
        self.network = cast("nn.Module", torch.compile(network)) if recipe.compiled else network

    @abstractmethod
    def connected(self) -> nn.Module:
        """The network whose output the loss is computed from, made of all ``modules``."""

    @abstractmethod
    def inputs(self, crops: tuple[Tensor, ...], epoch: int, step: int) -> tuple[Any, ...]:
        """Arguments of :meth:`train_step`.

        Args:
            crops: This process's part of the batch: ``n_crops`` crops of each track, shape (B, T) each.
            epoch: Number of the epoch, from 0; with ``step`` it decides all draws.
            step: Number of the step in the epoch, from 0.
        """

    @abstractmethod
    def train_step(self, *inputs: Any) -> tuple[Tensor, Tensor]:
        """Update the weights once; the loss and the accuracy before the update, as scalars on the device."""

    def train_epoch(self, epoch: int) -> Row:
        """Pass over all tracks once; mean loss and accuracy of its steps."""
        self.network.train()
        batches = crop_batches(self.crops, self.recipe.batch_size, self.n_crops, self.seed, epoch, self.world)
        results = [self.train_step(*self.inputs(crops, epoch, step)) for step, crops in self.steps(batches, epoch)]
        # Read from the device once an epoch: reading every step's loss would make a GPU wait for the host.
        return {
            name: torch.stack(values).double().mean().item()
            for name, values in zip(self.measures, zip(*results, strict=True), strict=True)
        }


def pretrain(
    recipe: PretrainRecipe,
    seed: int,
    store: Store,
    resume_dir: Path,
    device: torch.device,
    world: World = ALONE,
) -> Pretrained:
    """Train an encoder by the recipe, continuing from ``resume_dir`` if an interrupted run left its state there.

    Every draw depends on seed, epoch and step alone, and the state is written after an epoch, but
    at most every few seconds, so a run that was killed and resumed ends with the same weights as one that was not.
    The caller ties ``resume_dir`` to recipe, seed, data and code, and removes it once the result is safe.

    Several processes share each batch, with batch statistics and negatives over all of them; up to
    rounding the result is that of one process.

    Args:
        recipe: Recipe of any of the :data:`METHODS`.
        seed: Seed of everything random, one of the recipe's.
        store: The audio.
        resume_dir: Folder of the state.
        device: Where to compute.
        world: Processes that train together.

    Raises:
        ValueError: If recipe and store do not fit each other, the batch cannot be shared evenly, or the loss
            is no longer finite.
    """
    store.require_rate(recipe.encoder.sample_rate_hz, "the encoder")
    crops = track_crops(store, recipe.encoder.clip_samples, recipe.splits, device)
    # Projections are gathered from all processes, which takes tensors of equal shape.
    if recipe.batch_size % world.size:
        raise ValueError(f"batch_size {recipe.batch_size} must be a multiple of the {world.size} processes")
    # Rounded down: crop_batches leaves out the tracks that fill no batch.
    run = recipe.run_class(recipe, seed, crops, device, crops.n_tracks // recipe.batch_size, world)
    train(run, resume_dir)
    return Pretrained(run.modules["encoder"].eval(), run.curve)


def pretrain_seeds(recipe: PretrainRecipe, store: Store, resume_dir: Path) -> dict[int, Pretrained]:
    """The outcome of :func:`pretrain` for each seed of a recipe, which are trained side by side on a CPU.

    Args:
        recipe: Recipe of any of the :data:`METHODS`.
        store: The audio.
        resume_dir: Folder of the states, each in a folder of its own.
    """
    work = functools.partial(_pretrain_seed, recipe, store.folder, resume_dir)
    # An untrained encoder is there sooner than a process.
    if recipe.epochs == 0:
        return {seed: work(seed) for seed in recipe.seeds}
    return seeds_side_by_side(work, recipe.seeds)


def _pretrain_seed(recipe: PretrainRecipe, store: Path, resume_dir: Path, seed: int) -> Pretrained:
    return pretrain(recipe, seed, open_store(store), resume_dir / f"seed_{seed}", device())


def curve_metrics(trained: Pretrained, recipe: PretrainRecipe) -> dict[str, float]:
    """Loss and accuracy of the last epoch next to those of guessing; only the number of epochs if it is 0."""
    # By itself a loss says little: guessing among n candidates costs log(n), so it grows with the batch.
    if trained.curve.empty:
        return {"epochs": 0}
    last = trained.curve.iloc[-1]
    return {
        "epochs": len(trained.curve),
        "loss": float(last.loss),
        "loss_of_guessing": math.log(recipe.n_candidates),
        "accuracy": float(last.accuracy),
        "accuracy_of_guessing": 1 / recipe.n_candidates,
    }
