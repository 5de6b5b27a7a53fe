"""The loop that all training shares: epochs, learning rate, finite losses, saving, resuming, logging.

What belongs here: everything that does not depend on what is learnt. What does not: batches and losses, which
:mod:`clmr.training.pretrain` and :mod:`clmr.training.supervised` add.
"""

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar, Protocol, TypeVar

import pandas as pd
import torch
from torch import Tensor, nn

from clmr.compute.distributed import ALONE, World
from clmr.compute.progress import note, progress
from clmr.optim import OptimizerParams, build_optimizer, learning_rate_at, set_learning_rate
from clmr.storage.files import write_text
from clmr.storage.strict import require, to_mapping
from clmr.training.state import resume_state, save_state

_LOG = logging.getLogger("clmr")
_STATE_NAME = "state.safetensors"
SAVED_EVERY_S = 5.0
"""Seconds between two states, at least. A state holds all weights several times; writing it takes as long as a step of
a small network, and many runs have epochs of ten steps."""
# What messages call the columns of a learning curve, and with how many decimals they log them.
_WORDS = {
    "loss": ("loss", 4),
    "valid_loss": ("validation loss", 4),
    "accuracy": ("accuracy", 3),
    "learning_rate": ("learning rate", 5),
}

Batch = TypeVar("Batch")
Row = dict[str, Any]
"""One epoch of a learning curve: its number, the measures, and the learning rate at its end."""


class Recipe(Protocol):
    """What every recipe has: all parameters of a run except the seed it is run with."""

    @property
    def store(self) -> str:
        """Name of the store that is read."""

    @property
    def batch_size(self) -> int:
        """Examples per step."""

    @property
    def optimizer(self) -> OptimizerParams:
        """Optimiser and schedule."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds that it is run with, each by itself."""


class HasCurve(Protocol):
    """Outcome of a run, with one row per epoch."""

    @property
    def curve(self) -> pd.DataFrame:
        """Columns epoch, the measures, learning_rate."""


def require_seeds(seeds: tuple[int, ...]) -> None:
    """Raise ``ValueError`` unless there are seeds, each listed once.

    >>> require_seeds((0, 1, 1))
    Traceback (most recent call last):
    ...
    ValueError: seeds must be a list of at least one number, each listed once, got [0, 1, 1]
    """
    distinct = len(seeds) > 0 and len(set(seeds)) == len(seeds)
    require(distinct, "seeds", list(seeds), "a list of at least one number, each listed once")


def run_facts(recipe: Recipe, seed: int) -> dict[str, Any]:
    """Recipe and seed of one run as plain values, without the recipe's list of seeds."""
    # With the list, asking for one more seed would disown the states and checkpoints of all others.
    mapping = to_mapping(recipe)
    del mapping["seeds"]
    return {"recipe": mapping, "seed": seed}


class TrainingRun(ABC):
    """Networks, optimiser and schedule of one recipe with one seed; :func:`train` drives it.

    Every draw of a subclass depends on seed, epoch and step alone, never on earlier draws, so a resumed
    run continues as if it had never stopped.

    Attributes:
        measures: What :meth:`train_epoch` reports, in the order of the learning curve.
        modules: Networks by name.
        history: Rows of the learning curve so far.
        kept: Weights to remember besides the current ones, such as the best so far.
    """

    measures: ClassVar[tuple[str, ...]]

    def __init__(
        self, recipe: Recipe, seed: int, steps_per_epoch: int, n_epochs: int, device: torch.device, world: World = ALONE
    ) -> None:
        self.recipe, self.seed, self.device, self.world = recipe, seed, device, world
        self.steps_per_epoch, self.n_epochs = steps_per_epoch, n_epochs
        self.modules = {name: module.to(device) for name, module in self.initial_modules().items()}
        self.optimizer = build_optimizer(self.modules.values(), recipe.optimizer, recipe.batch_size)
        n_steps = steps_per_epoch * n_epochs
        self.learning_rate = learning_rate_at(recipe.optimizer, recipe.batch_size, steps_per_epoch, n_steps)
        self.history: list[Row] = []
        self.kept: dict[str, Tensor] = {}

    @abstractmethod
    def initial_modules(self) -> dict[str, nn.Module]:
        """Networks by name, with initial weights that depend on recipe, seed and data alone."""

    @abstractmethod
    def train_epoch(self, epoch: int) -> Row:
        """One pass over the data; a value for each of ``measures``."""

    @property
    def is_done(self) -> bool:
        """Whether no further epoch is to be trained."""
        return len(self.history) >= self.n_epochs

    @property
    def curve(self) -> pd.DataFrame:
        """One row per epoch: epoch, the measures, learning_rate at its end."""
        return pd.DataFrame(self.history, columns=["epoch", *self.measures, "learning_rate"])

    def steps(self, batches: Iterator[Batch], epoch: int) -> Iterator[tuple[int, Batch]]:
        """Each batch of an epoch with the number of its step, after setting that step's learning rate.

        Args:
            batches: One for each step.
            epoch: Number of the epoch, from 0.
        """
        bar = progress(batches, f"epoch {epoch + 1}", total=self.steps_per_epoch, unit="step")
        for step, batch in enumerate(bar):
            # A function of the step's number alone, so that a saved state needs no scheduler.
            set_learning_rate(self.optimizer, self.learning_rate(epoch * self.steps_per_epoch + step))
            yield step, batch

    def update(self, loss: Tensor) -> None:
        """Take one optimiser step on a loss that every process has computed in full."""
        self.optimizer.zero_grad()
        # DistributedDataParallel averages gradients, but here they have to be added: see compute.distributed.gather.
        (loss * self.world.size).backward()
        self.optimizer.step()


def train(run: TrainingRun, resume_dir: Path) -> None:
    """Train epoch by epoch until the run is done, starting from a state left in ``resume_dir`` if there is one.

    The state is written after the last epoch, and after every other that ends :data:`SAVED_EVERY_S` or more after the
    state before it. The log of a resumed run begins with the epochs so far, so that it does not show whether, or where,
    the run was interrupted.

    Raises:
        ValueError: If a loss is no longer finite, or the state was left by another run.
    """
    state_path = resume_dir / _STATE_NAME
    identity = run_facts(run.recipe, run.seed)
    run.history, run.kept = resume_state(state_path, identity, run.modules, run.optimizer)
    if run.history and run.world.is_first:
        # Executed notebooks are results: their text must not depend on an interruption, so this goes to the terminal.
        note(f"resumed after epoch {len(run.history)}")
        for row in run.history:
            _log(run, row)
    saved_at = monotonic()
    while not run.is_done:
        row = _next_row(run)
        _require_finite(row)
        run.history.append(row)
        # All processes hold the same weights, so one of them writes.
        if run.world.is_first:
            if run.is_done or monotonic() - saved_at >= SAVED_EVERY_S:
                save_state(state_path, identity, run.history, run.modules, run.optimizer, run.kept)
                saved_at = monotonic()
            _log(run, row)


def _next_row(run: TrainingRun) -> Row:
    """Train for one epoch; its row of the learning curve."""
    epoch = len(run.history)
    last_step = (epoch + 1) * run.steps_per_epoch - 1
    return {"epoch": epoch + 1, **run.train_epoch(epoch), "learning_rate": run.learning_rate(last_step)}


def curves_of(trained: Mapping[int, HasCurve]) -> pd.DataFrame:
    """The learning curves of all seeds, one below the other; columns seed, epoch, the measures, learning_rate."""
    return pd.concat([one.curve.assign(seed=seed) for seed, one in trained.items()], ignore_index=True)[
        ["seed", *next(iter(trained.values())).curve.columns]
    ]


def write_curves(curves: pd.DataFrame, path: Path) -> None:
    """Write learning curves as CSV with six significant digits: in six decimals small learning rates would vanish."""
    write_text(path, curves.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def _require_finite(row: Row) -> None:
    """Raise ``ValueError`` unless all values are finite.

    Called before the state is saved, so that every state has finite losses.
    """
    epoch = row["epoch"]
    for name, value in row.items():
        if not math.isfinite(value):
            raise ValueError(
                f"the {_WORDS[name][0]} of epoch {epoch} is {value}; the last state that was saved is kept; "
                f"lower the learning rate or use precision: fp32"
            )


def _log(run: TrainingRun, row: Row) -> None:
    words = [(*_WORDS[name], row[name]) for name in (*run.measures, "learning_rate")]
    shown = [f"{word} {value:.{decimals}f}" for word, decimals, value in words]
    _LOG.info("  ".join([f"epoch {row['epoch']}/{run.n_epochs}", *shown]))
