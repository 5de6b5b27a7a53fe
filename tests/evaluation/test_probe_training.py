"""Gradients of probes against those that torch records, and probes that stop at different times."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional

from clmr.compute.adam import Adam
from clmr.evaluation.embed import Embeddings
from clmr.evaluation.probe_training import batches_of, passed, set_gradients, train_layers


def layers_of(n_probes: int, sizes: tuple[int, ...], dtype: torch.dtype = torch.float64):
    draws = torch.Generator().manual_seed(0)
    return tuple(
        (
            torch.randn(n_probes, after, before, generator=draws, dtype=dtype),
            torch.randn(n_probes, after, 1, generator=draws, dtype=dtype),
        )
        for before, after in pairwise(sizes)
    )


@pytest.mark.parametrize("sizes", [(6, 4), (6, 1), (6, 5, 4), (6, 5, 3, 4)], ids=str)
@pytest.mark.parametrize("n_probes", [1, 3])
def test_gradients_are_those_that_torch_records(n_probes, sizes):
    draws = torch.Generator().manual_seed(1)
    embeddings = torch.randn(n_probes, 7, sizes[0], generator=draws, dtype=torch.float64)
    tags = (torch.rand(n_probes, 7, sizes[-1], generator=draws) > 0.5).double()
    ours, recorded = layers_of(n_probes, sizes), layers_of(n_probes, sizes)
    set_gradients(ours, embeddings, tags)
    for layer in recorded:
        for tensor in layer:
            tensor.requires_grad_()
    values = embeddings
    for index, (weights, biases) in enumerate(recorded):
        values = (values.relu() if index else values) @ weights.mT + biases.mT
    for own, of_own in zip(values.unbind(), tags, strict=True):
        functional.binary_cross_entropy_with_logits(own, of_own).backward(retain_graph=True)
    for own, expected in zip(ours, recorded, strict=True):
        for found, reference in zip(own, expected, strict=True):
            torch.testing.assert_close(found.grad, reference.grad, rtol=1e-10, atol=1e-12)


def test_batches_have_every_segment_once_for_each_probe_with_the_tags_of_its_clip():
    train = Embeddings(np.arange(10, dtype=np.float32).reshape(5, 2), np.array([1, 1, 3, 3, 3]))
    labels = np.array([[0, 0], [1, 0], [0, 0], [0, 1]], dtype=np.uint8)
    orders = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    batches = list(batches_of(train, labels, 2, orders))
    assert [values.shape for values, _ in batches] == [(2, 2, 2), (2, 2, 2), (2, 1, 2)]
    values, tags = (torch.cat(parts, dim=1) for parts in zip(*batches, strict=True))
    assert not torch.equal(values[0], values[1])
    for own, of_own in zip(values, tags, strict=True):
        rows = (own[:, 0] / 2).long()
        assert rows.sort().values.tolist() == [0, 1, 2, 3, 4]
        assert of_own.tolist() == labels[train.clips[rows]].tolist()


def test_a_probe_that_has_stopped_is_dropped_and_others_go_on_as_alone():
    draws = torch.Generator().manual_seed(2)
    batch = torch.randn(3, 8, 6, generator=draws), (torch.rand(3, 8, 4, generator=draws) > 0.5).float()
    # The second is best at once; the others are better in each epoch, up to the last that is allowed.
    gains, trained = np.array([1.0, 0.0, 1.0]), []

    def run(probes: list[int]):
        layers = tuple((weights[probes], biases[probes]) for weights, biases in layers_of(3, (6, 4), torch.float32))
        optimizer = Adam([tensor for layer in layers for tensor in layer], lr=0.1)
        epochs: list[int] = []

        def batches(epoch: int, running: list[int]):
            epochs.append(epoch)
            trained.append(running)
            yield tuple(part[[probes[index] for index in running]].clone() for part in batch)

        def scores(layers) -> np.ndarray:
            return epochs[-1] * gains[[probes[index] for index in trained[-1]]]

        return train_layers(layers, optimizer, batches, scores, max_epochs=5, patience_epochs=2)

    best = run([0, 1, 2])
    assert best.epochs.tolist() == [5, 1, 5]
    assert trained == [[0, 1, 2]] * 3 + [[0, 2]] * 2
    assert best.running.tolist() == [0, 2]
    for probe in range(3):
        (weights, biases), ((own_weights, own_biases),) = best.layers[0], run([probe]).layers
        torch.testing.assert_close(weights[probe], own_weights[0])
        torch.testing.assert_close(biases[probe], own_biases[0])


def test_activations_are_not_those_of_the_caller():
    layers, columns = layers_of(2, (3, 4, 5)), torch.ones(2, 3, 6, dtype=torch.float64)
    inputs, hidden, logits = passed(layers, columns)
    assert torch.equal(inputs, torch.ones(2, 3, 6, dtype=torch.float64))
    assert (hidden >= 0).all()
    assert logits.shape == (2, 5, 6)
