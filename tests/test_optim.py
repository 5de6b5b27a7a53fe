"""LARS against its equations, the schedule against the thesis, and who is decayed."""

import math

import pytest
import torch
from torch import nn

from clmr.compute.adam import Adam
from clmr.optim import LARS, OPTIMIZERS, OptimizerParams, build_optimizer, learning_rate_at
from clmr.storage.strict import from_mapping, to_mapping

THESIS = {
    "kind": "by_batch_size",
    "adam": {"kind": "adam", "learning_rate": 3e-4, "schedule": {"kind": "constant"}, "weight_decay": 1e-6},
    "lars": {"kind": "lars", "learning_rate_factor": 0.075, "weight_decay": 1e-6, "warmup_epochs": 2},
}


def read(mapping: dict) -> OptimizerParams:
    return from_mapping(OPTIMIZERS, mapping, "optimizer")


def params(schedule: dict | None = None, warmup_epochs: float = 2) -> OptimizerParams:
    adam = THESIS["adam"] | ({"schedule": schedule} if schedule else {})
    return read(THESIS | {"adam": adam, "lars": THESIS["lars"] | {"warmup_epochs": warmup_epochs}})


@pytest.mark.parametrize(("batch_size", "optimizer"), [(48, Adam), (95, Adam), (96, LARS)])
def test_the_thesis_rule_decides_by_batch_size(batch_size, optimizer):
    assert type(build_optimizer([nn.Linear(3, 2)], params(), batch_size)) is optimizer


def test_lars_peaks_at_the_scaled_rate_and_falls_to_nearly_zero():
    rate = learning_rate_at(params(), batch_size=96, steps_per_epoch=10, n_steps=100)
    rates = [rate(step) for step in range(100)]
    assert max(rates) == pytest.approx(0.075 * math.sqrt(96))
    assert rates.index(max(rates)) == 19
    assert rates[:20] == sorted(rates[:20])
    assert rates[19:] == sorted(rates[19:], reverse=True)
    assert rates[59] == pytest.approx(max(rates) / 2, rel=0.05)
    assert 0 < rates[-1] < 0.001 * max(rates)


def test_adam_has_one_rate_or_the_schedule_of_lars():
    constant = learning_rate_at(params(), batch_size=48, steps_per_epoch=10, n_steps=100)
    assert {constant(step) for step in range(100)} == {3e-4}
    scheduled = learning_rate_at(
        params({"kind": "warmup_cosine", "warmup_epochs": 2}), 48, steps_per_epoch=10, n_steps=100
    )
    lars = learning_rate_at(params(), batch_size=96, steps_per_epoch=10, n_steps=100)
    scale = 3e-4 / (0.075 * math.sqrt(96))
    assert [scheduled(step) for step in range(100)] == pytest.approx([scale * lars(step) for step in range(100)])


def test_warmup_longer_than_training_never_exceeds_the_peak():
    rate = learning_rate_at(params(warmup_epochs=50), batch_size=96, steps_per_epoch=10, n_steps=20)
    assert rate(19) == pytest.approx(0.075 * math.sqrt(96))


def test_lars_equals_its_equations():
    weight = nn.Parameter(torch.tensor([[3.0, 4.0]]))
    bias = nn.Parameter(torch.tensor([1.0]))
    groups = [
        {"params": [weight], "weight_decay": 0.1, "adapt": True},
        {"params": [bias], "weight_decay": 0.0, "adapt": False},
    ]
    optimizer = LARS(groups, lr=2.0, momentum=0.9, trust=0.01)
    expected, momentum = [3.0, 4.0], [0.0, 0.0]
    for _ in range(3):
        weight.grad, bias.grad = torch.tensor([[0.5, -1.0]]), torch.tensor([0.25])
        gradient = [g + 0.1 * w for g, w in zip([0.5, -1.0], expected, strict=True)]
        trust = 0.01 * math.hypot(*expected) / math.hypot(*gradient)
        momentum = [0.9 * m + 2.0 * trust * g for m, g in zip(momentum, gradient, strict=True)]
        expected = [w - m for w, m in zip(expected, momentum, strict=True)]
        optimizer.step()
    torch.testing.assert_close(weight.detach(), torch.tensor([expected]))
    steps = [0.5, 0.5 + 0.9 * 0.5, 0.5 + 0.9 * (0.5 + 0.9 * 0.5)]
    assert bias.item() == pytest.approx(1.0 - sum(steps))


def test_lars_leaves_weights_without_gradient_norm_in_place():
    weight = nn.Parameter(torch.zeros(2, 2))
    optimizer = LARS([{"params": [weight], "adapt": True}], lr=1.0)
    weight.grad = torch.zeros(2, 2)
    optimizer.step()
    assert torch.equal(weight.detach(), torch.zeros(2, 2))


def test_biases_and_batch_norms_are_not_decayed():
    module = nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.Linear(2, 2))
    decayed, spared = build_optimizer([module], params(), 96).param_groups
    assert [tuple(p.shape) for p in decayed["params"]] == [(2, 1, 3), (2, 2)]
    assert decayed["weight_decay"] == 1e-6
    assert spared["weight_decay"] == 0.0
    assert {tuple(p.shape) for p in spared["params"]} == {(2,)}


def test_parameters_read_back():
    assert read(to_mapping(params())) == params()


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (THESIS["adam"] | {"learning_rate": 0.0}, "optimizer.learning_rate must be > 0, got 0"),
        (
            THESIS["adam"] | {"warmup_epochs": 1},
            "optimizer: found unknown key warmup_epochs, allowed are kind, learning",
        ),
        (
            THESIS["adam"] | {"schedule": {"kind": "constant", "warmup_epochs": 1}},
            "schedule: found unknown key warmup_ep",
        ),
        (THESIS["lars"] | {"weight_decay": -1.0}, "optimizer.weight_decay must be >= 0, got -1"),
        (THESIS["lars"] | {"warmup_epochs": -1.0}, "optimizer.warmup_epochs must be >= 0, got -1"),
        (THESIS | {"adam": THESIS["lars"]}, "optimizer.adam.kind: found str 'lars', allowed are 'adam'"),
        ({"kind": "sgd"}, "optimizer.kind: found str 'sgd', allowed are adam, lars, by_batch_size; choose one of them"),
    ],
)
def test_bad_values_and_knobs_that_do_nothing_are_refused(mapping, message):
    with pytest.raises(ValueError, match=message):
        read(mapping)
