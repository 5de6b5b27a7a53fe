"""Probes: tagging heads trained on frozen embeddings, several at once."""

from collections.abc import Callable, Iterator
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
        layers: Weights (P, D, K) and biases (P, 1, K) of each linear layer; between two layers there is a ReLU.
        mean: Mean of the training embeddings, shape (D,).
        scale: Their standard deviation, 1 where it is zero, shape (D,).
        epochs: Epochs of each probe until its best PR-AUC on validation, P numbers.
    """

    layers: tuple[tuple[Tensor, Tensor], ...]
    mean: Tensor
    scale: Tensor
    epochs: tuple[int, ...]

    @property
    def parameters(self) -> list[Tensor]:
        """Weights and biases of all layers, each with a first axis of P."""
        return [tensor for layer in self.layers for tensor in layer]

    @property
    def n_parameters(self) -> int:
        """Number of parameters of one head."""
        return sum(tensor[0].numel() for tensor in self.parameters)

    def logits(self, embeddings: Tensor) -> Tensor:
        """Logits (P, B, K) of raw embeddings: (P, B, D), its own batch for each head, or (B, D), the same for all.

        >>> layer = torch.zeros(2, 3, 5), torch.zeros(2, 1, 5)
        >>> probes = Probes((layer,), torch.zeros(3), torch.ones(3), epochs=(0, 0))
        >>> tuple(probes.logits(torch.zeros(4, 3)).shape)
        (2, 4, 5)
        """
        values = (embeddings - self.mean) / self.scale
        values = values.expand(len(self.layers[0][0]), *values.shape[-2:])
        for index, (weights, biases) in enumerate(self.layers):
            # One batched product: P small heads take hardly longer than one, whose steps are mostly overhead.
            values = torch.baddbmm(biases, values.relu() if index else values, weights)
        return values

    @torch.inference_mode()
    def clip_scores(self, embeddings: Embeddings) -> tuple[np.ndarray, np.ndarray]:
        """Mean sigmoid score over the segments of each clip, shape (P, clips, K), and the clips' rows, ascending.

        Source: both versions of the released code average over segments; the mean is of probabilities, as in
            the current one, not of logits.

        Args:
            embeddings: Raw, of any clips.

        >>> layer = torch.zeros(2, 3, 5), torch.zeros(2, 1, 5)
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

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        orders = [generator(seed, "order", probe, epoch) for probe in range(params.n_probe_seeds)]
        return _batches(train, labels, params.batch_size, orders)

    def validation_scores(chosen: np.ndarray) -> np.ndarray:
        scores, rows = probes.clip_scores(valid)
        return mean_pr_auc(labels[rows], scores[chosen])

    best = _fit(probes, optimizer, params, batches, validation_scores)
    return replace(probes, layers=_in_pairs(best.weights), epochs=tuple(best.epochs.tolist()))


def _mean_and_scale(values: np.ndarray) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of embeddings, each of shape (D,)."""
    scale = torch.from_numpy(values.std(axis=0))
    # A dimension that never changes, such as a dead unit, carries nothing and must not become NaN.
    return torch.from_numpy(values.mean(axis=0)), torch.where(scale > 0, scale, torch.ones_like(scale))


def _initial_layers(
    kind: HeadKind, embedding_dim: int, n_tags: int, draws: list[torch.Generator]
) -> tuple[tuple[Tensor, Tensor], ...]:
    """Layers of untrained heads, one for each generator, as :class:`Probes` has them."""
    heads = [initialised(lambda: tagging_head(kind, embedding_dim, n_tags), own) for own in draws]
    linear = [[layer for layer in head.modules() if isinstance(layer, nn.Linear)] for head in heads]
    stacked = [
        torch.stack(tensors).detach().requires_grad_()
        for layers in zip(*linear, strict=True)
        for tensors in ([layer.weight.T for layer in layers], [layer.bias.unsqueeze(0) for layer in layers])
    ]
    return _in_pairs(stacked)


def _in_pairs(tensors: list[Tensor]) -> tuple[tuple[Tensor, Tensor], ...]:
    """Weights and biases of each layer, from all of them in a row."""
    return tuple(zip(tensors[::2], tensors[1::2], strict=True))


@dataclass
class _Best:
    """What early stopping has kept of each of P probes.

    Attributes:
        weights: The parameters of :class:`Probes`, each row as of the best epoch of its probe.
        scores: PR-AUC of that epoch, shape (P,).
        epochs: The epoch, shape (P,).
        running: Whether the probe still has patience, shape (P,).
    """

    weights: list[Tensor]
    scores: np.ndarray
    epochs: np.ndarray
    running: np.ndarray

    def update(self, epoch: int, scores: np.ndarray, parameters: list[Tensor], patience_epochs: int) -> None:
        """Keep the parameters of probes that became better, and end those that have not for too long.

        Args:
            epoch: The epoch that has ended, from 1.
            scores: PR-AUC of the probes that are still running.
            parameters: Parameters after this epoch, of all probes.
            patience_epochs: Epochs without a better score that a probe is allowed.
        """
        running = np.flatnonzero(self.running)
        improved = scores > self.scores[running]
        better = running[improved]
        self.scores[better], self.epochs[better] = scores[improved], epoch
        for kept, tensor in zip(self.weights, parameters, strict=True):
            kept[better] = tensor.detach()[better]
        # What has stopped stays stopped, also where further epochs would be better: alone, it would not see them.
        self.running &= epoch - self.epochs < patience_epochs


def _fit(
    probes: Probes,
    optimizer: Adam,
    params: ProbeParams,
    batches: Callable[[int], Iterator[tuple[Tensor, Tensor]]],
    validation_scores: Callable[[np.ndarray], np.ndarray],
) -> _Best:
    """Train the probes in place until all of them have stopped early; the best weights of each.

    Args:
        probes: Untrained.
        optimizer: Of their parameters.
        params: Limits of early stopping.
        batches: Batches of an epoch, as :func:`_batches` yields them.
        validation_scores: PR-AUC of the probes that a mask of shape (P,) chooses.
    """
    n_probes = params.n_probe_seeds
    kept = [tensor.detach().clone() for tensor in probes.parameters]
    # Scores below any PR-AUC, so that the first epoch always counts as better.
    best = _Best(kept, np.full(n_probes, -1.0), np.zeros(n_probes, dtype=int), np.ones(n_probes, dtype=bool))
    for epoch in range(1, params.max_epochs + 1):
        for values, targets in batches(epoch):
            optimizer.zero_grad()
            losses = functional.binary_cross_entropy_with_logits(probes.logits(values), targets, reduction="sum")
            # Means over segments and tags, summed over probes: the gradient of each is that of its own loss.
            (losses / targets[0].numel()).backward()
            optimizer.step()
        best.update(epoch, validation_scores(best.running), probes.parameters, params.patience_epochs)
        if not best.running.any():
            break
    # The released code keeps the last weights, which are those that early stopping found to be worse.
    return best


def _batches(
    train: Embeddings, labels: np.ndarray, batch_size: int, orders: list[torch.Generator]
) -> Iterator[tuple[Tensor, Tensor]]:
    """All segments, raw, in an order of its own for each of P probes, with the tags of their clips.

    Yields:
        Embeddings of shape (P, B, D) and tags of shape (P, B, K), both float32.
    """
    # Labelled, and later standardised, batch by batch: a second copy of a large corpus's embeddings takes gigabytes.
    values, tags, clips = torch.from_numpy(train.values), torch.from_numpy(labels), torch.from_numpy(train.clips)
    order = torch.stack([torch.randperm(len(values), generator=draws) for draws in orders])
    for batch in order.split(batch_size, dim=1):
        yield values[batch], tags[clips[batch]].float()
