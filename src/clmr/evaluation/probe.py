"""Probes: tagging heads trained on frozen embeddings, several at once.

What belongs here: what a probe is, what it learns from, and its scores. What does not: the steps of training
(:mod:`clmr.evaluation.probe_training`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from clmr.compute.adam import Adam
from clmr.compute.precision import Precision
from clmr.compute.seeding import generator
from clmr.evaluation.embed import Embeddings, mean_over_segments
from clmr.evaluation.metrics import mean_pr_auc
from clmr.evaluation.probe_training import Batch, Layers, batches_of, passed, tensors_of, train_layers
from clmr.models.heads import HeadKind, tagging_head
from clmr.models.initialisation import initialised
from clmr.storage.strict import Count, NonNegative, Positive, require, strict


@strict
class ProbeParams:
    """How heads are trained and scored.

    Source: thesis sections 3.6 and 5.3.
    Differs: the released code has a learning rate of 1e-3, a patience of 5 or 10, watches the loss, and
        keeps the last weights. Thesis and released code train each head once.

    Attributes:
        heads: Heads to train, each from scratch. A run may state others of those that have a rate.
        n_probe_seeds: Probes P of each kind, with initial weights and orders of their own; scores are means over
            theirs, since those of a single probe depend on its seed.
        learning_rate: Rate of Adam for each of the heads (thesis: 3e-4).
        weight_decay: L2 penalty in Adam (thesis: 1e-6).
        batch_size: Segments per step.
        max_epochs: Limit if early stopping does not end training.
        patience_epochs: Epochs without a better score on the validation clips before training stops (thesis: 3).
        n_resamples: Bootstrap samples of the intervals.
        embedding_batch_size: Segments per pass of the encoder; changes results by rounding only.
        embedding_precision: Precision of the frozen encoder.
    """

    heads: tuple[HeadKind, ...]
    n_probe_seeds: Count
    learning_rate: dict[HeadKind, Positive]
    weight_decay: NonNegative
    batch_size: Count
    max_epochs: Count
    patience_epochs: Count
    n_resamples: Count
    embedding_batch_size: Count
    embedding_precision: Precision

    def __post_init__(self) -> None:
        require(len(self.heads) > 0, "heads", list(self.heads), "a list of at least one head")
        missing = [head for head in self.heads if head not in self.learning_rate]
        allowed = f"a mapping with a rate for each of the heads; add one for {', '.join(missing)}"
        require(not missing, "learning_rate", self.learning_rate, allowed)


@dataclass(frozen=True)
class Probes:
    """P trained heads of one kind that differ in their seed, and the standardisation in front of them.

    Attributes:
        layers: Weights and biases, each with a first axis of P.
        mean: Mean of the training embeddings, shape (D,).
        scale: Their standard deviation, 1 where it is zero, shape (D,).
        epochs: Epochs of each probe until its best PR-AUC on validation, P numbers.
    """

    layers: Layers
    mean: Tensor
    scale: Tensor
    epochs: tuple[int, ...]

    @property
    def parameters(self) -> list[Tensor]:
        """Weights and biases of all layers, each with a first axis of P."""
        return tensors_of(self.layers)

    @property
    def n_parameters(self) -> int:
        """Number of parameters of one head."""
        return sum(tensor[0].numel() for tensor in self.parameters)

    def logits(self, embeddings: Tensor) -> Tensor:
        """Logits (P, B, K) of raw embeddings: (P, B, D), its own batch for each head, or (B, D), the same for all.

        >>> layer = torch.zeros(2, 5, 3), torch.zeros(2, 5, 1)
        >>> probes = Probes((layer,), torch.zeros(3), torch.ones(3), epochs=(0, 0))
        >>> tuple(probes.logits(torch.zeros(4, 3)).shape)
        (2, 4, 5)
        """
        values = (embeddings - self.mean) / self.scale
        values = values.expand(len(self.layers[0][0]), *values.shape[-2:])
        return passed(self.layers, values.mT)[-1].mT

    @torch.inference_mode()
    def clip_scores(self, embeddings: Embeddings) -> tuple[np.ndarray, np.ndarray]:
        """Mean sigmoid score over the segments of each clip, shape (P, clips, K), and the clips' rows, ascending.

        Source: both versions of the released code average over segments; the mean is of probabilities, as in
            the current one, not of logits.

        Args:
            embeddings: Raw, of any clips.

        >>> layer = torch.zeros(2, 5, 3), torch.zeros(2, 5, 1)
        >>> probes = Probes((layer,), torch.zeros(3), torch.ones(3), epochs=(0, 0))
        >>> probes.clip_scores(Embeddings(np.zeros((3, 3), np.float32), np.array([7, 7, 9])))[0].shape
        (2, 2, 5)
        """
        logits = self.logits(torch.from_numpy(embeddings.values))
        scores, rows = mean_over_segments(logits.double().sigmoid().transpose(0, 1), embeddings.clips)
        return np.ascontiguousarray(scores.swapaxes(0, 1)), rows


def train_probes(
    kind: HeadKind, train: Embeddings, valid: Embeddings, labels: np.ndarray, params: ProbeParams, seed: int
) -> Probes:
    """P heads trained on the segments of the training clips, each with the weights of its best epoch on validation.

    The best epoch is that of the highest PR-AUC (TAG) on the validation clips, scored as the test
    clips are. Every segment carries the labels of its clip; the loss is binary cross-entropy,
    averaged over tags. Embeddings are standardised with mean and deviation of the training segments.
    Each head is what it would be, up to rounding, if it were trained alone.

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
        params: Optimisation, and the number P.
        seed: From which the seeds of the probes are derived: of the initial weights and of the orders of segments.

    Raises:
        ValueError: If no training clip has any tag, or no tag can be scored on the validation clips.
    """
    if not labels[np.unique(train.clips)].any():
        raise ValueError("no clip of the training split has any tag; a probe needs a labelled corpus")
    # Generators for each kind and probe, so that a head starts alike whichever heads are trained beside it.
    draws = [generator(seed, "head", kind, probe) for probe in range(params.n_probe_seeds)]
    layers = _initial_layers(kind, train.values.shape[1], labels.shape[1], draws)
    probes = Probes(layers, *_mean_and_scale(train.values), epochs=())
    optimizer = Adam(probes.parameters, lr=params.learning_rate[kind], weight_decay=params.weight_decay)

    def batches(epoch: int, running: Sequence[int]) -> Iterator[Batch]:
        orders = [generator(seed, "order", probe, epoch) for probe in running]
        for values, tags in batches_of(train, labels, params.batch_size, orders):
            yield values.sub_(probes.mean).div_(probes.scale), tags

    def validation_scores(layers: Layers) -> np.ndarray:
        scores, rows = replace(probes, layers=layers).clip_scores(valid)
        return mean_pr_auc(labels[rows], scores)

    best = train_layers(layers, optimizer, batches, validation_scores, params.max_epochs, params.patience_epochs)
    return replace(probes, layers=best.layers, epochs=tuple(best.epochs.tolist()))


def _mean_and_scale(values: np.ndarray) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of embeddings, each of shape (D,)."""
    scale = torch.from_numpy(values.std(axis=0))
    # A dimension that never changes, such as a dead unit, carries nothing and must not become NaN.
    return torch.from_numpy(values.mean(axis=0)), torch.where(scale > 0, scale, torch.ones_like(scale))


def _initial_layers(kind: HeadKind, embedding_dim: int, n_tags: int, draws: list[torch.Generator]) -> Layers:
    """Layers of untrained heads, one for each generator."""
    heads = [initialised(lambda: tagging_head(kind, embedding_dim, n_tags), own) for own in draws]
    linear = [[layer for layer in head.modules() if isinstance(layer, nn.Linear)] for head in heads]
    return tuple(
        (
            torch.stack([layer.weight.detach() for layer in of_heads]),
            torch.stack([layer.bias.detach().unsqueeze(1) for layer in of_heads]),
        )
        for of_heads in zip(*linear, strict=True)
    )
