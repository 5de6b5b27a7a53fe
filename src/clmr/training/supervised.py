"""Supervised training of a tagger from audio to tags, end to end."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from clmr.augmentations import AugmentationParams, augment
from clmr.batches.labelled import label_subset, labelled_batches, n_batches
from clmr.batches.reading import audio_reader, read_ahead
from clmr.batches.segments import long_enough, spread_segments
from clmr.compute.precision import Precision, autocast
from clmr.compute.progress import progress
from clmr.compute.seeding import generator, seeded_dropout
from clmr.corpora.store import Store
from clmr.models.taggers import TaggerParams, build_tagger
from clmr.optim import parameter_groups, set_learning_rate, warmup_cosine
from clmr.storage.strict import require, to_mapping
from clmr.training.state import resume_state, save_state

_LOG = logging.getLogger("clmr")
_STATE_NAME = "state.safetensors"
_COLUMNS = ("epoch", "loss", "valid_loss", "learning_rate")


@dataclass(frozen=True)
class SupervisedParams:
    """The recipe of one run: everything that decides its scores, besides the store.

    Attributes:
        store: Name of the store that is read.
        model: Architecture, told apart by its ``kind``.
        label_fraction: Share of the training split's tracks that is used, in (0, 1].
        augmentations: Chain applied to every crop; none in the released code.
        batch_size: Largest number of clips per step.
        learning_rate: Rate of Adam, its peak if it has a schedule (released code: 1e-4).
        schedule: ``constant`` (released code), or ``warmup_cosine`` over ``max_epochs``, for short runs.
        warmup_epochs: Epochs of linear rise before the cosine; may be a fraction. Without meaning if constant.
        weight_decay: L2 penalty in Adam, on weights alone.
        max_epochs: Limit if early stopping does not end training.
        patience_epochs: Epochs without a lower validation loss before training stops.
        validation_segments: Segments of each validation clip, evenly spread, on which the loss is measured.
        precision: ``bf16`` computes convolutions and products in bfloat16; weights stay float32.
        n_resamples: Bootstrap samples of the intervals of the test scores.
        seed: Seed of label subset, initialisation, order, crops, augmentations, dropout and bootstrap.
    """

    store: str
    model: TaggerParams
    augmentations: AugmentationParams | None
    batch_size: int
    learning_rate: float
    schedule: Literal["constant", "warmup_cosine"]
    warmup_epochs: float
    weight_decay: float
    max_epochs: int
    patience_epochs: int
    validation_segments: int
    precision: Precision
    n_resamples: int
    seed: int
    label_fraction: float = 1.0

    def __post_init__(self) -> None:
        require(0 < self.label_fraction <= 1, "label_fraction", self.label_fraction, "in (0, 1]")
        require(self.batch_size >= 3, "batch_size", self.batch_size, ">= 3, so that batch norm never sees one example")
        require(self.learning_rate > 0, "learning_rate", self.learning_rate, "> 0")
        require(self.warmup_epochs >= 0, "warmup_epochs", self.warmup_epochs, ">= 0")
        require(self.weight_decay >= 0, "weight_decay", self.weight_decay, ">= 0")
        for name in ("max_epochs", "patience_epochs", "validation_segments", "n_resamples"):
            require(getattr(self, name) >= 1, name, getattr(self, name), ">= 1")


@dataclass(frozen=True)
class LabelledClips:
    """What a run reads of a store.

    Attributes:
        train: Rows of the clips to learn from.
        valid: Rows of the clips that decide when to stop.
        n_excluded: Clips of both that are shorter than the model's input and left out.
        n_tags_without_positives: Tags that no training clip has; they are trained on, as absent, all the same.
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
        clips: What was read.
    """

    model: nn.Module
    curve: pd.DataFrame
    best_epoch: int
    clips: LabelledClips


def train_supervised(params: SupervisedParams, store: Store, resume_dir: Path, device: torch.device) -> Trained:
    """Train a tagger by the recipe; go on from ``resume_dir`` if an interrupted run left its state there.

    Each epoch reads one random crop of every training clip. The loss is binary cross-entropy, meaned
    over clips and tags. Training stops when the validation loss, on segments that never change, has
    not fallen for ``patience_epochs``, and the best weights are kept.

    Every draw depends on seed, epoch and step alone, and the state, best weights included, is
    written after each epoch, so a run that was killed and resumed ends with the same weights as one
    that was not. The caller ties ``resume_dir`` to recipe, data and code, and removes it afterwards.

    Source: thesis section 6.1 and Table 6.1; loss, crops and Adam as in the released code.
    Differs: the released code trains MSD with softmax cross-entropy, wrong for several tags, and
        passes no early stopping to its trainer.

    Raises:
        ValueError: If recipe and store do not fit each other, labels are missing, or the loss is not finite.
    """
    if store.sample_rate_hz != params.model.sample_rate_hz:
        raise ValueError(
            f"store {params.store} has {store.sample_rate_hz} Hz, the model expects {params.model.sample_rate_hz} "
            f"Hz; name a store of that rate or change model.sample_rate_hz"
        )
    run = _Run(params, store, labelled_clips(params, store), device)
    history = run.resume(resume_dir / _STATE_NAME)
    for epoch in range(len(history), params.max_epochs):
        if history and len(history) - _best_epoch(history) >= params.patience_epochs:
            break
        row = run.train_epoch(epoch)
        history.append(row)
        if _best_epoch(history) == row["epoch"]:
            run.keep_weights()
        run.save(resume_dir / _STATE_NAME, history)
        _LOG.info(
            "epoch %d/%d  loss %.4f  validation loss %.4f  learning rate %.5f",
            row["epoch"], params.max_epochs, row["loss"], row["valid_loss"], row["learning_rate"],
        )  # fmt: skip
    curve = pd.DataFrame(history, columns=list(_COLUMNS))
    return Trained(run.best_model(), curve, _best_epoch(history), run.clips)


def labelled_clips(params: SupervisedParams, store: Store) -> LabelledClips:
    """The clips a recipe reads.

    Raises:
        ValueError: If there are no labels, or no clip is long enough.
    """
    wanted = [label_subset(store, params.label_fraction, params.seed), store.rows("valid")]
    train, valid = (long_enough(store, rows, params.model.clip_samples) for rows in wanted)
    if len(train) < 2:
        raise ValueError(
            f"label_fraction {params.label_fraction} leaves {len(train)} clip to train on, at least 2 are needed; "
            f"use a larger fraction"
        )
    return LabelledClips(
        train,
        valid,
        n_excluded=sum(map(len, wanted)) - len(train) - len(valid),
        n_tags_without_positives=int((~store.tags[train].any(axis=0)).sum()),
    )


class _Run:
    """Model, optimiser and schedule of one run; :func:`train_supervised` drives it."""

    def __init__(self, params: SupervisedParams, store: Store, clips: LabelledClips, device: torch.device) -> None:
        self.params, self.store, self.clips, self.device = params, store, clips, device
        self.reader = audio_reader(store, device)
        n_tags = len(store.tag_names)
        self.model = build_tagger(params.model, n_tags, generator(params.seed, "weights")).to(device)
        groups = parameter_groups([self.model], params.weight_decay)
        self.optimizer = torch.optim.Adam(groups, lr=params.learning_rate, fused=True)
        self.steps_per_epoch = n_batches(len(clips.train), params.batch_size)
        self.best: dict[str, Tensor] = {}

    def learning_rate(self, step: int) -> float:
        """The rate of a step, counted from the first of the run."""
        params = self.params
        if params.schedule == "constant":
            return params.learning_rate
        n_warmup = round(params.warmup_epochs * self.steps_per_epoch)
        return warmup_cosine(params.learning_rate, n_warmup, params.max_epochs * self.steps_per_epoch)(step)

    def resume(self, path: Path) -> list[dict[str, Any]]:
        """The curve so far, with weights, best weights and optimiser as they were then; empty if nothing was left."""
        history, self.best = resume_state(path, to_mapping(self.params), {"model": self.model}, self.optimizer)
        return history

    def save(self, path: Path, history: list[dict[str, Any]]) -> None:
        """Write weights, best weights, optimiser and curve, whole or not at all."""
        save_state(path, to_mapping(self.params), history, {"model": self.model}, self.optimizer, kept=self.best)

    def keep_weights(self) -> None:
        """Remember the weights as the best so far."""
        self.best = {name: value.detach().clone() for name, value in self.model.state_dict().items()}

    def best_model(self) -> nn.Module:
        """The model with its best weights, in evaluation mode."""
        self.model.load_state_dict(self.best)
        return self.model.eval()

    def train_epoch(self, epoch: int) -> dict[str, Any]:
        """One crop of every training clip, then validation; the epoch's row of the curve."""
        params = self.params
        self.model.train()
        batches = labelled_batches(
            self.store, self.reader, self.clips.train, params.model.clip_samples, params.batch_size, params.seed, epoch
        )
        losses = []
        bar = progress(batches, f"epoch {epoch + 1}", total=self.steps_per_epoch, unit="step")
        for step, (audio, tags) in enumerate(bar):
            rate = self.learning_rate(epoch * self.steps_per_epoch + step)
            set_learning_rate(self.optimizer, rate)
            if params.augmentations is not None:
                draws = generator(params.seed, "augmentations", epoch, step)
                audio = augment(audio, params.augmentations, params.model.sample_rate_hz, draws)
            with seeded_dropout(self.device, params.seed, "dropout", epoch, step):
                losses.append(self.train_step(audio, tags.to(self.device)) * len(tags))
        loss = torch.stack(losses).double().sum().item() / len(self.clips.train)
        valid_loss = self.validation_loss()
        if not loss + valid_loss < float("inf"):
            raise ValueError(
                f"the loss of epoch {epoch + 1} is {loss}, on validation {valid_loss}; the state of epoch {epoch} was "
                f"kept; lower the learning rate or use precision: fp32 (params.yaml: supervised, supervised_runs)"
            )
        return {"epoch": epoch + 1, "loss": loss, "valid_loss": valid_loss, "learning_rate": rate}

    def train_step(self, audio: Tensor, tags: Tensor) -> Tensor:
        """One update; the mean loss before it, as a scalar on the device."""
        loss = functional.binary_cross_entropy_with_logits(self.logits(audio), tags)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    @torch.no_grad()
    def validation_loss(self) -> float:
        """Mean binary cross-entropy over the fixed segments of the validation clips."""
        self.model.eval()
        params = self.params
        n_samples = params.model.clip_samples
        starts, rows = spread_segments(self.store, self.clips.valid, n_samples, params.validation_segments)
        batches = np.array_split(np.arange(len(starts)), n_batches(len(starts), params.batch_size))
        total = 0.0
        audios = read_ahead(lambda step: self.reader.read(starts[batches[step]], n_samples), len(batches))
        for batch, audio in zip(batches, audios, strict=True):
            tags = torch.from_numpy(self.store.tags[rows[batch]]).float().to(self.device)
            logits = self.logits(audio)
            total += functional.binary_cross_entropy_with_logits(logits, tags, reduction="sum").item()
        return total / (len(starts) * len(self.store.tag_names))

    def logits(self, audio: Tensor) -> Tensor:
        """Logits (B, K) in float32, computed in the recipe's precision."""
        with autocast(self.device, self.params.precision):
            return self.model(audio).float()


def _best_epoch(history: list[dict[str, Any]]) -> int:
    """The first epoch with the lowest validation loss."""
    return min(history, key=lambda row: row["valid_loss"])["epoch"]
