"""NT-Xent against a transcription of SimCLR's Algorithm 1, closed forms and invariances."""

import math

import pytest
import torch

from clmr.losses import nt_xent, nt_xent_logits


def algorithm_1(z_a: torch.Tensor, z_b: torch.Tensor, temperature: float) -> float:
    """Chen et al. 2020, Algorithm 1, loop by loop, on interleaved views 2k - 1, 2k."""
    z = [vector.tolist() for pair in zip(z_a, z_b, strict=True) for vector in pair]

    def similarity(i: int, j: int) -> float:
        dot = sum(x * y for x, y in zip(z[i], z[j], strict=True))
        return dot / (math.hypot(*z[i]) * math.hypot(*z[j]))

    def pair_loss(i: int, j: int) -> float:
        denominator = sum(math.exp(similarity(i, k) / temperature) for k in range(len(z)) if k != i)
        return -math.log(math.exp(similarity(i, j) / temperature) / denominator)

    n_pairs = len(z_a)
    losses = [pair_loss(2 * k, 2 * k + 1) + pair_loss(2 * k + 1, 2 * k) for k in range(n_pairs)]
    return sum(losses) / (2 * n_pairs)


@pytest.mark.parametrize("n_examples", [1, 2, 5, 16])
@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
def test_equals_algorithm_1(n_examples, temperature):
    draws = torch.Generator().manual_seed(n_examples)
    z_a, z_b = torch.randn(2, n_examples, 8, generator=draws, dtype=torch.float32)
    assert nt_xent(z_a, z_b, temperature).item() == pytest.approx(algorithm_1(z_a, z_b, temperature), abs=1e-5)


@pytest.mark.parametrize("n_examples", [1, 3, 48])
def test_is_log_of_the_candidates_when_all_coincide(n_examples):
    z = torch.ones(n_examples, 4)
    assert nt_xent(z, z, 0.5).item() == pytest.approx(math.log(2 * n_examples - 1), abs=1e-6)


def test_is_symmetric_and_blind_to_scale_and_order():
    z_a, z_b = torch.randn(2, 7, 16, generator=torch.Generator().manual_seed(0))
    loss = nt_xent(z_a, z_b, 0.5)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(1))
    for other in (
        nt_xent(z_b, z_a, 0.5),
        nt_xent(3 * z_a, 0.1 * z_b, 0.5),
        nt_xent(z_a[order], z_b[order], 0.5),
    ):
        torch.testing.assert_close(other, loss)


def test_separated_pairs_have_almost_no_loss():
    z = torch.eye(6)
    assert nt_xent(z, z, 0.05).item() < 1e-6
    logits, positives = nt_xent_logits(z, z, 0.05)
    assert torch.equal(logits.argmax(dim=1), positives)


def test_gradient_is_exact():
    z_a, z_b = torch.randn(2, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    z_a.requires_grad_()
    nt_xent(z_a, z_b, 0.5).backward()
    step = 1e-3
    shifted = z_a.detach().clone()
    shifted[1, 2] += step
    lower = z_a.detach().clone()
    lower[1, 2] -= step
    numeric = (algorithm_1(shifted, z_b, 0.5) - algorithm_1(lower, z_b, 0.5)) / (2 * step)
    assert z_a.grad[1, 2].item() == pytest.approx(numeric, abs=1e-5)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"one shape \(B, D\), got \(2, 3\) and \(3, 3\)"):
        nt_xent(torch.ones(2, 3), torch.ones(3, 3), 0.5)
    with pytest.raises(ValueError, match="temperature must be > 0, got 0"):
        nt_xent(torch.ones(2, 3), torch.ones(2, 3), 0.0)
