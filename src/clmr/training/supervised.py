"""Supervised training of a tagger from audio to tags, end to end."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from clmr.batches.labelled import LabelledCrops, label_subset, n_batches
from clmr.batches.reading import audio_reader, read_ahead
from clmr.batches.segments import long_enough, spread_segments
from clmr.compute.precision import Precision, autocast
from clmr.compute.seeding import generator, seeded_dropout
from clmr.corpora.store import Store
from clmr.models.taggers import TAGGERS, TaggerParams, build_tagger
from clmr.optim import OPTIMIZERS, OptimizerParams
from clmr.storage.strict import Count, Late, require, strict_keywords
from clmr.training.loop import Row, TrainingRun, require_seeds, train

# Named, not imported, at run time: a run without augmentations does not depend on their code.
if TYPE_CHECKING:
    from clmr.augmentations.chain import AugmentationParams as Augmentations
else:
    Augmentations = Annotated[Any, Late("clmr.augmentations.chain:AugmentationParams")]

SCORED_AT_ONCE = 128
"""Segments of a pass in which nothing is learned. Without gradients, maps of two layers are held at a time: 2.6 GB at
the width of the thesis, in float32. On a CPU a pass of a narrow network takes 3 ms besides what its segments take."""


@strict_keywords
class SupervisedRecipe:
    """Everything that decides the scores of a supervised run, apart from the store and the seed.

    Source: thesis section 6.1; the released code where the thesis is silent.

    Attributes:
        method: ``supervised``.
        store: Name of the store that is read.
        model: Architecture, told apart by its ``kind``.
        label_fraction: Share of the training split's tracks that is used, in (0, 1].
        augmentations: Chain applied to every crop; none in the released code.
        batch_size: Largest number of clips per step.
        optimizer: Optimiser and schedule over ``max_epochs`` (released code: Adam at a constant 1e-4).
        max_epochs: Limit if early stopping does not end training.
        patience_epochs: Epochs without a lower validation loss before training stops.
        validation_segments: Segments of each validation clip, evenly spread, on which the loss is measured.
        precision: ``bf16`` computes convolutions and products in bfloat16; weights stay float32.
        n_resamples: Bootstrap samples of the intervals of the test scores.
        seeds: Seeds of label subset, initialisation, order, crops, augmentations, dropout and bootstrap;
            each trains a separate model.
    """

    method: Literal["supervised"]
    store: str
    model: Annotated[TaggerParams, TAGGERS]
    label_fraction: float
    augmentations: Augmentations | None
    batch_size: int
    optimizer: Annotated[OptimizerParams, OPTIMIZERS]
    max_epochs: Count
    patience_epochs: Count
    validation_segments: Count
    precision: Precision
    n_resamples: Count
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        require(0 < self.label_fraction <= 1, "label_fraction", self.label_fraction, "in (0, 1]")
        # Batches of 2 would split three clips into two and one.
        require(self.batch_size >= 3, "batch_size", self.batch_size, ">= 3, so that batch norm never sees one example")
        require_seeds(self.seeds)


@dataclass(frozen=True)
class LabelledClips:
    """The clips of a store that a run reads.

    Attributes:
        train: Rows of the clips to learn from.
        valid: Rows of the clips that decide when to stop.
        n_excluded: Clips of both kinds that are left out, being shorter than the model's input.
        n_tags_without_positives: Tags that no training clip has; the model still learns them, as absent.
    """

    train: np.ndarray
    valid: np.ndarray
    n_excluded: int
    n_tags_without_positives: int


@dataclass(frozen=True)
class Trained:
    """Outcome of a run.

    Attributes:
        model: With the weights of its best epoch, in evaluation mode.
        curve: One row per epoch: epoch, loss, valid_loss, learning_rate at its end.
        best_epoch: Epoch with the lowest validation loss.
        clips: The clips that were read.
    """

    model: nn.Module
    curve: pd.DataFrame
    best_epoch: int
    clips: LabelledClips


def train_supervised(
    recipe: SupervisedRecipe, seed: int, store: Store, resume_dir: Path, device: torch.device
) -> Trained:
    """Train a tagger by the recipe, continuing from ``resume_dir`` if an interrupted run left its state there.

    Each epoch reads one random crop of every training clip. The loss is binary cross-entropy, averaged
    over clips and tags. Training stops when the validation loss, on segments that never change, has
    not fallen for ``patience_epochs``, and the best weights are kept.

    Every draw depends on seed, epoch and step alone, and the state, best weights included, is
    written after an epoch, but at most every few seconds, so a run that was killed and resumed ends with
    the same weights as one that was not. The caller ties ``resume_dir`` to recipe, seed, data and code, and removes
    it afterwards.

    Source: thesis section 6.1 and Table 6.1; loss, crops and Adam as in the released code.
    Differs: the current released code trains MSD with softmax cross-entropy, wrong for several tags, and
        builds an early-stopping callback that it never passes to its trainer; the thesis-era code stops
        after three worse epochs.

    Args:
        recipe: The recipe.
        seed: Seed of everything random, one of the recipe's.
        store: A labelled corpus.
        resume_dir: Folder of the state.
        device: Where to compute.

    Raises:
        ValueError: If recipe and store do not fit each other, labels are missing, or the loss is not finite.
    """
    store.require_rate(recipe.model.sample_rate_hz, "the model")
    run = SupervisedRun(recipe, seed, store, labelled_clips(recipe, seed, store), device)
    train(run, resume_dir)
    return Trained(run.best_model(), run.curve, run.best_epoch, run.clips)


def labelled_clips(recipe: SupervisedRecipe, seed: int, store: Store) -> LabelledClips:
    """The clips that a run reads: its share of the training split, and the whole validation split.

    Args:
        recipe: Share of the labels, and length of the input.
        seed: Decides which tracks the share consists of.
        store: A labelled corpus.

    Raises:
        ValueError: If there are no labels, or no clip is long enough.
    """
    wanted = [label_subset(store, recipe.label_fraction, seed), store.rows("valid")]
    learnt_from, valid = (long_enough(store, rows, recipe.model.clip_samples) for rows in wanted)
    # Batch norm needs two examples; larger sets never leave a batch of one, since batch sizes differ by one at most.
    if len(learnt_from) < 2:
        raise ValueError(
            f"label_fraction {recipe.label_fraction} leaves {len(learnt_from)} clip to train on, at least 2 are "
            f"needed; use a larger fraction"
        )
    return LabelledClips(
        learnt_from,
        valid,
        n_excluded=sum(map(len, wanted)) - len(learnt_from) - len(valid),
        n_tags_without_positives=int((~store.tags[learnt_from].any(axis=0)).sum()),
    )


class SupervisedRun(TrainingRun):
    """Training of one tagger; ``kept`` holds the weights of the best epoch so far."""

    recipe: SupervisedRecipe
    measures = ("loss", "valid_loss")

    def __init__(
        self, recipe: SupervisedRecipe, seed: int, store: Store, clips: LabelledClips, device: torch.device
    ) -> None:
        self.store, self.clips = store, clips
        self.reader = audio_reader(store, device)
        super().__init__(recipe, seed, n_batches(len(clips.train), recipe.batch_size), recipe.max_epochs, device)
        self.model = self.modules["model"]

    def initial_modules(self) -> dict[str, nn.Module]:
        """The tagger."""
        draws = generator(self.seed, "weights")
        return {"model": build_tagger(self.recipe.model, len(self.store.tag_names), draws)}

    @property
    def best_epoch(self) -> int:
        """The first epoch with the lowest validation loss."""
        return min(self.history, key=lambda row: row["valid_loss"])["epoch"]

    @property
    def is_done(self) -> bool:
        """Whether the limit is reached, or the last ``patience_epochs`` brought no lower validation loss."""
        n_epochs = len(self.history)
        return super().is_done or (n_epochs > 0 and n_epochs - self.best_epoch >= self.recipe.patience_epochs)

    def best_model(self) -> nn.Module:
        """The model with its best weights, in evaluation mode."""
        self.model.load_state_dict(self.kept)
        return self.model.eval()

    def train_epoch(self, epoch: int) -> Row:
        """Learn from one crop of every training clip, then validate; losses are averaged over clips and tags."""
        self.model.train()
        crops = LabelledCrops(self.store, self.reader, self.clips.train, self.recipe.model.clip_samples)
        # Weighted by size, since batches may differ by one clip: the mean is over clips, not over batches.
        losses = [
            self.train_step(audio, tags.to(self.device), epoch, step) * len(tags)
            for step, (audio, tags) in self.steps(crops.batches(self.recipe.batch_size, self.seed, epoch), epoch)
        ]
        loss = torch.stack(losses).double().sum().item() / len(self.clips.train)
        valid_loss = self.validation_loss()
        # Strictly lower: of equal epochs the first is kept, which is the one that best_epoch names.
        if all(valid_loss < row["valid_loss"] for row in self.history):
            self.kept = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        return {"loss": loss, "valid_loss": valid_loss}

    def train_step(self, audio: Tensor, tags: Tensor, epoch: int, step: int) -> Tensor:
        """Update the weights once; the mean loss before the update, as a scalar on the device.

        Args:
            audio: Crops, shape (B, T).
            tags: Their tags, shape (B, K), 0 or 1.
            epoch: Number of the epoch, from 0; with ``step`` it decides all draws.
            step: Number of the step in the epoch, from 0.
        """
        if self.recipe.augmentations is not None:
            draws = functools.partial(generator, self.seed, "augmentations", epoch, step)
            audio = self.recipe.augmentations.augment(audio, self.recipe.model.sample_rate_hz, draws)
        with seeded_dropout(self.device, self.seed, "dropout", epoch, step):
            loss = functional.binary_cross_entropy_with_logits(self.logits(audio), tags)
        self.update(loss)
        return loss.detach()

    @torch.no_grad()
    def validation_loss(self) -> float:
        """Mean binary cross-entropy over the fixed segments of the validation clips.

        Differs: the current released code measures it on augmented audio.
        """
        # With fixed batch statistics, so that the loss does not depend on which clips share a batch.
        self.model.eval()
        n_samples = self.recipe.model.clip_samples
        # One segment per clip can be too few: with a patience of 6, noise in the loss stopped the 1-D CNN long
        # before it had learned.
        starts, rows = spread_segments(self.store, self.clips.valid, n_samples, self.recipe.validation_segments)
        batches = np.array_split(np.arange(len(starts)), n_batches(len(starts), SCORED_AT_ONCE))
        audios = read_ahead(lambda step: self.reader.read(starts[batches[step]], n_samples), len(batches))
        total = 0.0
        for batch, audio in zip(batches, audios, strict=True):
            tags = torch.from_numpy(self.store.tags[rows[batch]]).float().to(self.device)
            total += functional.binary_cross_entropy_with_logits(self.logits(audio), tags, reduction="sum").item()
        return total / (len(starts) * len(self.store.tag_names))

    def logits(self, audio: Tensor) -> Tensor:
        """Logits (B, K) in float32, computed in the recipe's precision."""
        # Only the network runs in bfloat16: its 8 bits would blur the loss.
        with autocast(self.device, self.recipe.precision):
            return self.model(audio).float()
