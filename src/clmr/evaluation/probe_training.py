"""How several probes are trained at once: their layers, gradients and batches, and when each of them stops.

What belongs here: layers with a first axis for probes, and their training. What does not: which segments are learned
from and what becomes of the probes (:mod:`clmr.evaluation.probe`).

A step is a few small products, so what surrounds them counts: with gradients that are written down, instead of
recorded and played back, and without the probes that have stopped, training takes less than half the time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from clmr.compute.adam import Adam
from clmr.evaluation.embed import Embeddings

Layers = tuple[tuple[Tensor, Tensor], ...]
"""Weights (P, D', D) and biases (P, D', 1) of each linear layer; between two layers there is a ReLU."""
Batch = tuple[Tensor, Tensor]
"""Embeddings (P, B, D), which may be overwritten, and tags (P, B, K), both float32."""


def tensors_of(layers: Layers) -> list[Tensor]:
    """Weights and biases, layer after layer, each with a first axis of P."""
    return [tensor for layer in layers for tensor in layer]


def passed(layers: Layers, columns: Tensor) -> list[Tensor]:
    """What each layer reads, and last the logits (P, K, B), for embeddings as columns (P, D, B).

    >>> [tuple(part.shape) for part in passed(((torch.ones(2, 5, 3), torch.ones(2, 5, 1)),), torch.ones(2, 3, 4))]
    [(2, 3, 4), (2, 5, 4)]
    """
    found = [columns]
    for index, (weights, biases) in enumerate(layers):
        inputs = found[-1].relu_() if index else columns
        # One batched product: P small heads take hardly longer than one, whose steps are mostly overhead. As columns,
        # since products with as many columns as there are tags took twice as long as those with as many rows.
        found.append(torch.baddbmm(biases, weights, inputs))
    return found


def set_gradients(layers: Layers, embeddings: Tensor, tags: Tensor) -> None:
    """Set the gradient of every weight and bias: of binary cross-entropy, averaged over segments and tags.

    Args:
        layers: Of P probes, each of which has a loss of its own.
        embeddings: Standardised, shape (P, B, D).
        tags: 0 or 1, shape (P, B, K).

    >>> weights, biases = torch.zeros(1, 1, 1), torch.zeros(1, 1, 1)
    >>> set_gradients(((weights, biases),), torch.tensor([[[3.0]]]), torch.tensor([[[1.0]]]))
    >>> weights.grad.item(), biases.grad.item()
    (-1.5, -0.5)
    """
    *inputs, logits = passed(layers, embeddings.mT)
    gradient = logits.sigmoid_().sub_(tags.mT).div_(tags[0].numel())
    for index in reversed(range(len(layers))):
        weights, biases = layers[index]
        weights.grad, biases.grad = torch.bmm(gradient, inputs[index].mT), gradient.sum(dim=2, keepdim=True)
        if index:
            gradient = torch.bmm(weights.mT, gradient).mul_(inputs[index] > 0)


@dataclass
class Best:
    """What early stopping has kept of each of P probes.

    Attributes:
        layers: Of each probe as of its best epoch.
        scores: PR-AUC of that epoch, shape (P,).
        epochs: The epoch, shape (P,).
        running: The probes that still have patience, ascending.
    """

    layers: Layers
    scores: np.ndarray
    epochs: np.ndarray
    running: np.ndarray

    def update(self, epoch: int, scores: np.ndarray, layers: Layers, patience_epochs: int) -> np.ndarray:
        """Keep the layers of probes that became better, and end those that have not for too long.

        Args:
            epoch: The epoch that has ended, from 1.
            scores: PR-AUC of the R probes that are running.
            layers: Theirs after this epoch.
            patience_epochs: Epochs without a better score that a probe is allowed.

        Returns:
            Which of them go on, shape (R,).
        """
        improved = scores > self.scores[self.running]
        better = self.running[improved]
        self.scores[better], self.epochs[better] = scores[improved], epoch
        for kept, layer in zip(tensors_of(self.layers), tensors_of(layers), strict=True):
            kept[better] = layer[improved]
        # What has stopped stays stopped, also where further epochs would be better: alone, it would not see them.
        going_on = epoch - self.epochs[self.running] < patience_epochs
        self.running = self.running[going_on]
        return going_on


def train_layers(
    layers: Layers,
    optimizer: Adam,
    batches: Callable[[int, Sequence[int]], Iterator[Batch]],
    validation_scores: Callable[[Layers], np.ndarray],
    max_epochs: int,
    patience_epochs: int,
) -> Best:
    """Train the layers in place until all probes have stopped early; what was best of each.

    Args:
        layers: Of P untrained probes. Those of probes that have stopped are dropped from the tensors.
        optimizer: Of all their weights and biases.
        batches: Batches of an epoch for the probes that are listed.
        validation_scores: PR-AUC of each probe whose layers it is given.
        max_epochs: Limit if early stopping does not end training.
        patience_epochs: Epochs without a better score that a probe is allowed.
    """
    n_probes = len(layers[0][0])
    kept = tuple((weights.clone(), biases.clone()) for weights, biases in layers)
    # Scores below any PR-AUC, so that the first epoch always counts as better.
    best = Best(kept, np.full(n_probes, -1.0), np.zeros(n_probes, dtype=int), np.arange(n_probes))
    for epoch in range(1, max_epochs + 1):
        for values, tags in batches(epoch, best.running.tolist()):
            set_gradients(layers, values, tags)
            optimizer.step()
        going_on = best.update(epoch, validation_scores(layers), layers, patience_epochs)
        if not going_on.any():
            break
        if not going_on.all():
            _drop(layers, optimizer, torch.from_numpy(going_on))
    # The released code keeps the last weights, which are those that early stopping found to be worse.
    return best


def batches_of(
    train: Embeddings, labels: np.ndarray, batch_size: int, orders: Sequence[torch.Generator]
) -> Iterator[Batch]:
    """All segments, raw, in an order of its own for each of P probes, with the tags of their clips.

    Args:
        train: Segments to learn from.
        labels: Tag matrix of the whole store, shape (clips, K).
        batch_size: B; the last batch may be smaller.
        orders: One source of an order for each probe.
    """
    # Labelled, and later standardised, batch by batch: a second copy of a large corpus's embeddings takes gigabytes.
    values, clips, tags = (torch.from_numpy(part) for part in (train.values, train.clips, labels))
    tags, n_probes = tags.float(), len(orders)
    order = torch.stack([torch.randperm(len(values), generator=draws) for draws in orders])
    for batch in order.split(batch_size, dim=1):
        chosen = batch.reshape(-1)
        # index_select copies row by row; indexing, value by value, took three times as long.
        read = values.index_select(0, chosen), tags.index_select(0, clips.index_select(0, chosen))
        yield read[0].view(n_probes, -1, values.shape[1]), read[1].view(n_probes, -1, tags.shape[1])


def _drop(layers: Layers, optimizer: Adam, going_on: Tensor) -> None:
    """Leave of layers and optimiser the probes that a mask of shape (P,) chooses."""
    for tensor in tensors_of(layers):
        state = optimizer.state[tensor]
        for name in ("exp_avg", "exp_avg_sq"):
            state[name] = state[name][going_on]
        tensor.grad = None
        tensor.data = tensor[going_on]
