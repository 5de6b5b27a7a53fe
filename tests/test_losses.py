"""NT-Xent and InfoNCE against loops that transcribe their definitions, closed forms and invariances."""

import math

import pytest
import torch

from clmr.losses import draw_negatives, info_nce, nt_xent


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
    z_a, z_b = torch.randn(2, n_examples, 8, generator=draws, dtype=torch.float64)
    expected = algorithm_1(z_a, z_b, temperature)
    assert nt_xent(z_a, z_b, temperature)[0].item() == pytest.approx(expected, abs=1e-9)
    # Similarities carry the rounding of float32, multiplied by 1 / temperature.
    assert nt_xent(z_a.float(), z_b.float(), temperature)[0].item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("n_examples", [1, 3, 48])
def test_is_log_of_the_candidates_when_all_coincide(n_examples):
    z = torch.ones(n_examples, 4)
    assert nt_xent(z, z, 0.5)[0].item() == pytest.approx(math.log(2 * n_examples - 1), abs=1e-6)


def test_is_symmetric_and_blind_to_scale_and_order():
    z_a, z_b = torch.randn(2, 7, 16, generator=torch.Generator().manual_seed(0))
    loss, accuracy = nt_xent(z_a, z_b, 0.5)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(1))
    for other in (
        nt_xent(z_b, z_a, 0.5),
        nt_xent(3 * z_a, 0.1 * z_b, 0.5),
        nt_xent(z_a[order], z_b[order], 0.5),
    ):
        torch.testing.assert_close(other, (loss, accuracy))


def test_separated_pairs_have_almost_no_loss():
    z = torch.eye(6)
    loss, accuracy = nt_xent(z, z, 0.05)
    assert loss.item() < 1e-6
    assert accuracy.item() == 1


def test_accuracy_is_the_share_of_views_whose_partner_is_the_most_similar():
    z_a = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.1]])
    z_b = torch.tensor([[1.0, 0.1], [0.1, 1.0], [1.0, 0.0]])  # the last one's own partner points the other way
    _, accuracy = nt_xent(z_a, z_b, 0.5)
    # z_a[0] coincides with z_b[2], z_b[2] with z_a[0], and z_a[2] is far from all: three of six are found.
    assert accuracy.item() == pytest.approx(0.5)


def test_gradient_is_exact():
    z_a, z_b = torch.randn(2, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    z_a.requires_grad_()
    nt_xent(z_a, z_b, 0.5)[0].backward()
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


def eq_2_2(frames: torch.Tensor, contexts: torch.Tensor, weights: torch.Tensor, first: int, negatives) -> float:
    """Thesis eq. 2.2 loop by loop, as a mean over examples, times and steps; weights of shape (S, C, D)."""
    all_frames = frames.reshape(-1, frames.shape[2]).tolist()
    n_frames, losses = frames.shape[1], []
    for b in range(len(frames)):
        for w, drawn in enumerate(negatives[b].tolist()):
            context = contexts[b, w].tolist()
            for k, matrix in enumerate(weights.tolist(), start=1):
                predicted = [sum(x * y for x, y in zip(row, context, strict=True)) for row in matrix]
                candidates = [b * n_frames + first + w + k, *drawn]
                scores = [
                    math.exp(sum(x * y for x, y in zip(all_frames[j], predicted, strict=True))) for j in candidates
                ]
                losses.append(-math.log(scores[0] / sum(scores)))
    return sum(losses) / len(losses)


def example(n_examples: int, n_frames: int, first: int, n_contexts: int, n_steps: int, n_negatives: int):
    """Random frames, contexts, weights and negatives in float64."""
    draws = torch.Generator().manual_seed(n_examples + n_steps)
    frames = torch.randn(n_examples, n_frames, 4, generator=draws, dtype=torch.float64)
    contexts = torch.randn(n_examples, n_contexts, 3, generator=draws, dtype=torch.float64)
    weights = torch.randn(n_steps, 4, 3, generator=draws, dtype=torch.float64)
    negatives = draw_negatives(n_examples, n_frames, first, n_contexts, n_steps, n_negatives, draws)
    return frames, contexts, weights, negatives


def predictions_of(contexts: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return torch.einsum("kcd,bwd->bwkc", weights, contexts)


SIZES = [(1, 5, 0, 1, 1, 3), (3, 9, 2, 4, 3, 5), (2, 8, 0, 3, 5, 11), (4, 6, 1, 4, 1, 1)]


@pytest.mark.parametrize("sizes", SIZES)
def test_info_nce_equals_the_equation(sizes):
    frames, contexts, weights, negatives = example(*sizes)
    found, _ = info_nce(frames, predictions_of(contexts, weights), sizes[2], negatives)
    assert found.item() == pytest.approx(eq_2_2(frames, contexts, weights, sizes[2], negatives), abs=1e-9)


def test_the_gradient_of_info_nce_is_exact():
    frames, contexts, weights, negatives = example(2, 7, 1, 3, 2, 4)
    inputs = [frames.requires_grad_(), contexts.requires_grad_(), weights.requires_grad_()]
    assert torch.autograd.gradcheck(lambda z, c, w: info_nce(z, predictions_of(c, w), 1, negatives)[0], inputs)


@pytest.mark.parametrize("n_negatives", [1, 15, 40])
def test_info_nce_is_log_of_the_candidates_when_all_scores_coincide(n_negatives):
    negatives = draw_negatives(3, 16, 2, 6, 4, n_negatives, torch.Generator().manual_seed(0))
    found, accuracy = info_nce(torch.ones(3, 16, 5), torch.ones(3, 6, 4, 5), 2, negatives)
    assert found.item() == pytest.approx(math.log(n_negatives + 1), abs=1e-6)
    assert accuracy.item() == 0  # a tie is no hit


def test_exact_predictions_have_almost_no_loss():
    frames = 10 * torch.eye(12).reshape(2, 6, 12)
    following = torch.stack([frames[:, 1 + k : 4 + k] for k in range(3)], dim=2)
    negatives = draw_negatives(2, 6, 0, 3, 3, 8, torch.Generator().manual_seed(0))
    loss, accuracy = info_nce(frames, following, 0, negatives)
    assert loss.item() < 1e-6
    assert accuracy.item() == 1
    wrong = following.flip(2)
    _, accuracy = info_nce(frames, wrong, 0, negatives)
    assert accuracy.item() == pytest.approx(1 / 3)  # only the middle one of three steps is still right


def test_info_nce_of_bfloat16_is_computed_in_float32():
    frames, contexts, weights, negatives = example(3, 9, 2, 4, 3, 5)
    rounded = frames.bfloat16(), predictions_of(contexts, weights).bfloat16()
    found, _ = info_nce(*rounded, 2, negatives)
    assert found.dtype == torch.float32
    expected, _ = info_nce(*(part.double() for part in rounded), 2, negatives)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_negatives_are_all_frames_but_those_to_be_predicted_evenly():
    n_examples, n_frames, first, n_contexts, n_steps = 2, 9, 1, 3, 4
    draws = torch.Generator().manual_seed(0)
    parts = [draw_negatives(n_examples, n_frames, first, n_contexts, n_steps, 10, draws) for _ in range(2_000)]
    assert parts[0].shape == (n_examples, n_contexts, 10)
    drawn = torch.cat(parts, dim=2)
    for b in range(n_examples):
        for w in range(n_contexts):
            predicted = {b * n_frames + first + w + k for k in range(1, n_steps + 1)}
            values, counts = drawn[b, w].unique(return_counts=True)
            assert set(values.tolist()) == set(range(n_examples * n_frames)) - predicted
            # 1,429 are expected of each; five standard deviations are 182.
            assert (counts - 20_000 / 14).abs().max() < 190


def test_negatives_depend_on_the_generator_alone():
    def drawn(seed: int) -> torch.Tensor:
        return draw_negatives(2, 9, 0, 3, 4, 10, torch.Generator().manual_seed(seed))

    assert torch.equal(drawn(0), drawn(0))
    assert not torch.equal(drawn(0), drawn(1))


def test_bad_input_of_info_nce_is_refused():
    draws = torch.Generator().manual_seed(0)
    with pytest.raises(ValueError, match="n_negatives 15 is more than the 14 frames of 2 examples"):
        draw_negatives(2, 9, 0, 3, 4, 15, draws)
    negatives = draw_negatives(2, 9, 0, 3, 4, 5, draws)
    for predictions, first in ((torch.ones(2, 3, 4, 7), 0), (torch.ones(2, 3, 4, 5), 3), (torch.ones(1, 3, 4, 5), 0)):
        with pytest.raises(ValueError, match=r"from time \d do not fit frames of shape \(2, 9, 5\)"):
            info_nce(torch.ones(2, 9, 5), predictions, first, negatives)
