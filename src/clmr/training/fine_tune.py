"""Training on few labels: a tagger from scratch, or with a pre-trained encoder that is fine-tuned end to end.

What belongs here: what few labels change about supervised training. What does not: the training itself
(:mod:`clmr.training.supervised`), and which clips have labels (:mod:`clmr.batches.label_subsets`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from clmr.batches.labelled import n_batches
from clmr.batches.reading import read_ahead
from clmr.batches.segments import long_enough, spread_segments
from clmr.corpora.store import Store
from clmr.evaluation.embed import mean_over_segments
from clmr.evaluation.metrics import mean_pr_auc
from clmr.models.encoders import EncoderParams
from clmr.optim import parameter_groups
from clmr.storage.strict import Count, Probability, require, strict_keywords
from clmr.training.loop import Batch, Row, train
from clmr.training.supervised import SCORED_AT_ONCE, LabelledClips, SupervisedRecipe, SupervisedRun, Trained

_RATE_FACTOR = "rate_factor"
_CERTAIN = 6.0
"""Logit of a tag that no or every labelled clip has: a probability of 1 in 400, which training can still move."""


@strict_keywords
class FewLabelsRecipe(SupervisedRecipe):
    """Everything that decides the scores of a tagger trained on a share of the labels, apart from store and seed.

    Source: thesis section 6.4; Kumar et al. 2022, Fine-tuning can distort pretrained features, for where a fine-tuned
        network starts.
    Differs: the thesis and the released code train on few labels as on all, and do not fine-tune encoders.

    Attributes:
        crops_per_epoch: Fewest crops in an epoch; of fewer clips each is cropped several times, so that an epoch is
            worth its validation.
        encoder_rate_factor: Learning rate of a pre-trained encoder, as a share of that of the head; None trains from
            scratch.
    """

    crops_per_epoch: Count
    encoder_rate_factor: Probability | None

    def __post_init__(self) -> None:
        super().__post_init__()
        # With a factor of 0 batch norms would still move, so it would be neither a frozen encoder nor a fine-tuned one.
        factor = self.encoder_rate_factor
        require(factor is None or factor > 0, "encoder_rate_factor", factor, "in (0, 1], or null to train from scratch")


@dataclass(frozen=True)
class Labels:
    """The labels that a tagger is trained on.

    Attributes:
        store: A labelled corpus.
        rows: Training clips whose labels are used.
    """

    store: Store
    rows: np.ndarray


@dataclass(frozen=True)
class Start:
    """What is fine-tuned: an encoder, and the linear probe that was trained on it with the same labels.

    Attributes:
        encoder: The pre-trained encoder.
        weights: Of the probe, shape (D, K).
        intercepts: Shape (K,); infinite ones, of tags that no or every labelled clip has, become large ones.
    """

    encoder: nn.Module
    weights: np.ndarray
    intercepts: np.ndarray


def train_on_labels(
    recipe: FewLabelsRecipe,
    seed: int,
    labels: Labels,
    start: Start | None,
    resume_dir: Path,
    device: torch.device,
) -> Trained:
    """Train a tagger on some of the labels, continuing from ``resume_dir`` if an interrupted run left its state there.

    As :func:`clmr.training.supervised.train_supervised`, with two differences: the weights of the epoch with the
    highest PR-AUC on the validation clips are kept, since on few labels the loss rises long before the ranking of
    clips is at its best; and an epoch has at least ``crops_per_epoch`` crops.

    Args:
        recipe: The recipe.
        seed: Seed of everything random.
        labels: The labels.
        start: What the tagger starts from; None trains from scratch.
        resume_dir: Folder of the state, which the caller ties to recipe, seed, labels, start and code.
        device: Where to compute.

    Raises:
        ValueError: If recipe, encoder and store do not fit each other, clips are too few, or the loss is not finite.
    """
    require_encoder(recipe, None if start is None else cast("EncoderParams", start.encoder.params))
    labels.store.require_rate(recipe.model.sample_rate_hz, "the model")
    clips = _clips(recipe, labels)
    run = FewLabelsRun(recipe, seed, labels.store, clips, device, start)
    train(run, resume_dir)
    return Trained(run.best_model(), run.curve, run.best_epoch, clips)


def require_encoder(recipe: FewLabelsRecipe, encoder: EncoderParams | None) -> None:
    """Raise ``ValueError`` unless the recipe fine-tunes exactly if there is an encoder, and its model has that encoder.

    Args:
        recipe: The recipe.
        encoder: Parameters of the pre-trained encoder, if there is one.
    """
    if (encoder is None) != (recipe.encoder_rate_factor is None):
        found = "no encoder" if encoder is None else "an encoder"
        raise ValueError(
            f"found {found} to start from and encoder_rate_factor {recipe.encoder_rate_factor}; give both, or neither"
        )
    expected = getattr(recipe.model, "encoder", None)
    if encoder is not None and encoder != expected:
        raise ValueError(
            f"found a checkpoint of {encoder}, whose inputs have {encoder.clip_samples} samples, but the model to "
            f"fine-tune has {expected}; name a run with that encoder, or change the model"
        )


def _clips(recipe: FewLabelsRecipe, labels: Labels) -> LabelledClips:
    """The labelled clips that are long enough, and the whole validation split."""
    store, wanted = labels.store, [labels.rows, labels.store.rows("valid")]
    learnt_from, valid = (long_enough(store, rows, recipe.model.clip_samples) for rows in wanted)
    # Batch norm needs two examples.
    if len(learnt_from) < 2:
        raise ValueError(
            f"a fraction of {recipe.label_fraction} leaves {len(learnt_from)} clip to train on, at least 2 are needed; "
            f"use a larger fraction"
        )
    n_excluded = sum(map(len, wanted)) - len(learnt_from) - len(valid)
    return LabelledClips(learnt_from, valid, n_excluded, int((~store.tags[learnt_from].any(axis=0)).sum()))


class FewLabelsRun(SupervisedRun):
    """Training of one tagger on few labels; ``kept`` holds the weights of the epoch with the best validation PR-AUC."""

    recipe: FewLabelsRecipe

    def __init__(
        self,
        recipe: FewLabelsRecipe,
        seed: int,
        store: Store,
        clips: LabelledClips,
        device: torch.device,
        start: Start | None,
    ) -> None:
        self.start, self.valid_pr_auc = start, 0.0
        n_passes = n_batches(recipe.crops_per_epoch, len(clips.train))
        # As if the subset were so many times as large: each of its clips gets as many crops of its own.
        super().__init__(recipe, seed, store, replace(clips, train=np.tile(clips.train, n_passes)), device)
        if start is not None:
            self.optimizer = self._optimizer(recipe.encoder_rate_factor or 0.0)

    def initial_modules(self) -> dict[str, nn.Module]:
        """The tagger, which begins as the probe on the pre-trained encoder if there is one."""
        modules = super().initial_modules()
        if self.start is not None:
            cast("nn.Module", modules["model"].encoder).load_state_dict(self.start.encoder.state_dict())
            # With a head of its own, the first steps would train the encoder towards random weights.
            intercepts = np.clip(self.start.intercepts, -_CERTAIN, _CERTAIN)
            head = {"weight": torch.from_numpy(self.start.weights.T), "bias": torch.from_numpy(intercepts)}
            cast("nn.Module", modules["model"].fc).load_state_dict(head)
        return modules

    def _optimizer(self, rate_factor: float) -> torch.optim.Optimizer:
        """An optimiser whose groups know by how much their rate is lowered."""
        chosen = self.recipe.optimizer.for_batch_size(self.recipe.batch_size)
        encoder = cast("nn.Module", self.model.encoder)
        others = [module for module in self.model.children() if module is not encoder]
        groups = [
            group | {_RATE_FACTOR: factor}
            for modules, factor in (([encoder], rate_factor), (others, 1.0))
            for group in parameter_groups(modules, chosen.weight_decay)
        ]
        return chosen.build(groups, chosen.peak_learning_rate(self.recipe.batch_size))

    def steps(self, batches: Iterator[Batch], epoch: int) -> Iterator[tuple[int, Batch]]:
        """Each batch of an epoch with the number of its step, after setting that step's learning rates."""
        for step in super().steps(batches, epoch):
            for group in self.optimizer.param_groups:
                group["lr"] *= group.get(_RATE_FACTOR, 1.0)
            yield step

    @property
    def best_epoch(self) -> int:
        """The first epoch with the highest PR-AUC on the validation clips."""
        return max(self.history, key=lambda row: row["valid_pr_auc"])["epoch"]

    def train_epoch(self, epoch: int) -> Row:
        """Learn from the crops of one epoch, then validate."""
        kept = self.kept
        row = super().train_epoch(epoch) | {"valid_pr_auc": self.valid_pr_auc}
        # Supervised training keeps the weights of the lowest loss, which are not those that are wanted here.
        better = all(self.valid_pr_auc > earlier["valid_pr_auc"] for earlier in self.history)
        weights = self.model.state_dict().items()
        self.kept = {name: value.detach().clone() for name, value in weights} if better else kept
        return row

    @torch.no_grad()
    def validation_loss(self) -> float:
        """Mean binary cross-entropy over the fixed segments of the validation clips; also sets ``valid_pr_auc``."""
        self.model.eval()
        n_samples = self.recipe.model.clip_samples
        starts, rows = spread_segments(self.store, self.clips.valid, n_samples, self.recipe.validation_segments)
        batches = np.array_split(starts, n_batches(len(starts), SCORED_AT_ONCE))
        audios = read_ahead(lambda step: self.reader.read(batches[step], n_samples), len(batches))
        logits = torch.cat([self.logits(audio).cpu() for audio in audios])
        scores, clips = mean_over_segments(logits.double().sigmoid(), rows)
        (self.valid_pr_auc,) = mean_pr_auc(self.store.tags[clips], scores).tolist()
        tags = torch.from_numpy(self.store.tags[rows]).float()
        return functional.binary_cross_entropy_with_logits(logits, tags).item()
