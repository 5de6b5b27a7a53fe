"""Probes: tagging heads trained on frozen embeddings."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from clmr.compute.adam import Adam
from clmr.compute.precision import Precision
from clmr.compute.seeding import generator
from clmr.evaluation.embed import Embeddings, mean_over_segments
from clmr.evaluation.metrics import mean_pr_auc
from clmr.models.heads import HeadKind, tagging_head
from clmr.models.initialisation import initialised
from clmr.storage.strict import Count, NonNegative, Positive, require, strict


@strict
class ProbeParams:
    """How heads are trained and scored.

    Source: thesis sections 3.6 and 5.3.
    Differs: the released code has a learning rate of 1e-3, a patience of 5 or 10, watches the loss, and
        keeps the last weights.

    Attributes:
        heads: Heads to train, each from scratch.
        learning_rate: Rate of Adam (thesis: 3e-4).
        weight_decay: L2 penalty in Adam (thesis: 1e-6).
        batch_size: Segments per step.
        max_epochs: Limit if early stopping does not end training.
        patience_epochs: Epochs without a better score on the validation clips before training stops (thesis: 3).
        n_resamples: Bootstrap samples of the intervals.
        embedding_batch_size: Segments per pass of the encoder; changes results by rounding only.
        embedding_precision: Precision of the frozen encoder.
    """

    heads: tuple[HeadKind, ...]
    learning_rate: Positive
    weight_decay: NonNegative
    batch_size: Count
    max_epochs: Count
    patience_epochs: Count
    n_resamples: Count
    embedding_batch_size: Count
    embedding_precision: Precision

    def __post_init__(self) -> None:
        require(len(self.heads) > 0, "heads", list(self.heads), "a list of at least one head")


@dataclass(frozen=True)
class Probe:
    """A trained head and the standardisation in front of it.

    Attributes:
        head: Map from standardised embeddings (B, D) to logits (B, K).
        mean: Mean of the training embeddings, shape (D,).
        scale: Their standard deviation, 1 where it is zero, shape (D,).
        epochs: Epochs until the best PR-AUC on validation.
    """

    head: nn.Module
    mean: Tensor
    scale: Tensor
    epochs: int

    @property
    def n_parameters(self) -> int:
        """Number of parameters of the head."""
        return sum(parameter.numel() for parameter in self.head.parameters())

    def logits(self, embeddings: Tensor) -> Tensor:
        """Logits (B, K) of raw embeddings (B, D).

        >>> probe = Probe(nn.Linear(3, 5), torch.zeros(3), torch.ones(3), epochs=0)
        >>> tuple(probe.logits(torch.zeros(2, 3)).shape)
        (2, 5)
        """
        return self.head((embeddings - self.mean) / self.scale)

    @torch.inference_mode()
    def clip_scores(self, embeddings: Embeddings) -> tuple[np.ndarray, np.ndarray]:
        """Mean sigmoid score over the segments of each clip, shape (clips, K), and the clips' rows, ascending.

        Source: both versions of the released code average over segments; the mean is of probabilities, as in
            the current one, not of logits.

        Args:
            embeddings: Raw, of any clips.

        >>> probe = Probe(nn.Linear(3, 5), torch.zeros(3), torch.ones(3), epochs=0)
        >>> probe.clip_scores(Embeddings(np.zeros((3, 3), np.float32), np.array([7, 7, 9])))[0].shape
        (2, 5)
        """
        logits = self.logits(torch.from_numpy(embeddings.values))
        return mean_over_segments(logits.double().sigmoid(), embeddings.clips)


def train_probe(
    kind: HeadKind, train: Embeddings, valid: Embeddings, labels: np.ndarray, params: ProbeParams, seed: int
) -> Probe:
    """A head trained on the segments of the training clips, with the weights of its best epoch on validation.

    The best epoch is that of the highest PR-AUC (TAG) on the validation clips, scored as the test
    clips are. Every segment carries the labels of its clip; the loss is binary cross-entropy,
    averaged over tags. Embeddings are standardised with mean and deviation of the training segments.

    Source: thesis section 5.3, which stops when validation scores do not improve.
    Differs: the thesis does not say which scores, and the released code watches the loss: on
        embeddings with heavy tails, such as those of an untrained encoder, that rises long before
        the ranking of clips is at its best. The thesis feeds raw embeddings; standardising is an
        affine map that a linear head can absorb, and makes one learning rate fit encoders of any
        output scale.

    Args:
        kind: ``linear`` or ``mlp``.
        train: Segments to learn from.
        valid: Segments that decide when to stop.
        labels: Tag matrix of the whole store, shape (clips, K).
        params: Optimisation.
        seed: Seed of the initial weights and of the order of segments.

    Raises:
        ValueError: If no training clip has any tag, or no tag can be scored on the validation clips.
    """
    if not labels[np.unique(train.clips)].any():
        raise ValueError("no clip of the training split has any tag; a probe needs a labelled corpus")
    scale = torch.from_numpy(train.values.std(axis=0))
    # A dimension that never changes, such as a dead unit, carries nothing and must not become NaN.
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    mean = torch.from_numpy(train.values.mean(axis=0))
    sizes = (kind, train.values.shape[1], labels.shape[1])
    # A generator for each kind, so that a head starts alike whichever heads are trained beside it.
    head = initialised(lambda: tagging_head(*sizes), generator(seed, "head", kind))
    probe = Probe(head, mean, scale, epochs=0)

    def validation_score() -> float:
        scores, rows = probe.clip_scores(valid)
        return mean_pr_auc(labels[rows], scores)

    epochs = _fit(probe, train, labels, params, seed, validation_score)
    return replace(probe, head=head.eval(), epochs=epochs)


def _fit(
    probe: Probe,
    train: Embeddings,
    labels: np.ndarray,
    params: ProbeParams,
    seed: int,
    validation_score: Callable[[], float],
) -> int:
    """Train the head in place with early stopping, and leave it with its best weights; epochs until those."""
    head, decay = probe.head, params.weight_decay
    optimizer = Adam(head.parameters(), lr=params.learning_rate, weight_decay=decay)
    # Standardised and labelled batch by batch: a second copy of a large corpus's embeddings would take gigabytes.
    values, tags, clips = torch.from_numpy(train.values), torch.from_numpy(labels), torch.from_numpy(train.clips)
    # Below any PR-AUC, so that the first epoch always counts as better.
    best_score, best_epoch, best_weights = -1.0, 0, copy.deepcopy(head.state_dict())
    for epoch in range(1, params.max_epochs + 1):
        order = torch.randperm(len(values), generator=generator(seed, "order", epoch))
        for batch in order.split(params.batch_size):
            optimizer.zero_grad()
            targets = tags[clips[batch]].float()
            functional.binary_cross_entropy_with_logits(probe.logits(values[batch]), targets).backward()
            optimizer.step()
        score = validation_score()
        if score > best_score:
            best_score, best_epoch, best_weights = score, epoch, copy.deepcopy(head.state_dict())
        elif epoch - best_epoch >= params.patience_epochs:
            break
    # The released code keeps the last weights, which are those that early stopping found to be worse.
    head.load_state_dict(best_weights)
    return best_epoch
