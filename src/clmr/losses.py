"""Contrastive losses, as functions of projections or frames; training calls them as they stand."""

import torch
from torch import Tensor
from torch.nn import functional

from clmr.compute.precision import at_least_float32


def nt_xent(z_a: Tensor, z_b: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy, and accuracy, of picking each example's other view among the 2B - 1 other projections.

    With z the 2B projections and s_ik their cosine similarity divided by the temperature tau, the
    loss is the mean over all 2B ordered positive pairs (i, j) of
    ``-s_ij + log(sum over k != i of exp(s_ik))``.

    Source: thesis eq. 3.1; Chen et al. 2020 (SimCLR), Algorithm 1.
    Differs: eq. 3.2 as printed sums over all i != j; like SimCLR and the released code, we sum over
        the 2B positive pairs only.

    Args:
        z_a: Projections of the first views, shape (B, D); need not be normalised.
        z_b: Projections of the second views, shape (B, D); row i belongs to ``z_a[i]``.
        temperature: Softmax temperature tau, > 0.

    Returns:
        Two scalars, in float32 at least: the loss, log(2B - 1) when all projections coincide, and the
        share of the projections that are most similar to the other view of their example.

    Raises:
        ValueError: If the shapes differ or are not (B, D), or the temperature is not positive.

    >>> z = torch.ones(4, 8)
    >>> loss, _ = nt_xent(z, z, temperature=0.5)
    >>> round(loss.item(), 4)  # log(7)
    1.9459
    """
    if z_a.shape != z_b.shape or z_a.dim() != 2:
        raise ValueError(
            f"projections must be two tensors of one shape (B, D), got {tuple(z_a.shape)} and {tuple(z_b.shape)}"
        )
    if not temperature > 0:
        raise ValueError(f"temperature must be > 0, got {temperature}")
    n_examples = z_a.shape[0]
    # The softmax over 2B - 1 candidates needs float32: bf16 keeps 8 bits, about 0.01 of a logit near 2.
    z = functional.normalize(at_least_float32(torch.cat([z_a, z_b])), dim=1)
    logits = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    # Row i and row i + B are views of one example, so the positive of either is half a turn away.
    positives = torch.arange(2 * n_examples, device=z.device).roll(n_examples)
    return functional.cross_entropy(logits, positives), (logits.argmax(dim=1) == positives).float().mean()


def info_nce(frames: Tensor, predictions: Tensor, first: int, negatives: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy, and accuracy, of picking the frame that follows each context among N others.

    With z a frame, c_t a context and W_s c_t its prediction s steps ahead, the score of a frame is
    z . (W_s c_t), and the loss is the mean over examples, times t and steps s of
    ``-score(z_{t+s}) + log(sum of exp(score(z)) over z_{t+s} and the negatives)``.

    Source: thesis eq. 2.2; van den Oord et al. 2019, eq. 3 and 4.
    Differs: eq. 2.2 sums over steps; like the released code, we take the mean.

    Args:
        frames: Frames of whole clips, shape (B, L, C).
        predictions: Predictions from W consecutive contexts 1 to S steps ahead, shape (B, W, S, C).
        first: Time of the first of these contexts; ``first + W + S <= L``.
        negatives: Frames to contrast with, as :func:`draw_negatives` draws them, shape (B, W, N).

    Returns:
        Two scalars, in float32 at least: the loss, log(N + 1) when all scores coincide, and the share
        of the predictions whose frame scores higher than all N others.

    Raises:
        ValueError: If the shapes do not fit each other.

    >>> negatives = draw_negatives(2, 9, 0, 4, 3, 7, torch.Generator().manual_seed(0))
    >>> loss, _ = info_nce(torch.ones(2, 9, 5), torch.ones(2, 4, 3, 5), 0, negatives)
    >>> round(loss.item(), 4)  # log(8)
    2.0794
    """
    logits = _info_nce_logits(frames, predictions, first, negatives)
    positive, others = logits[..., 0], logits[..., 1:]
    # Not cross_entropy, which expects the candidates on axis 1: that would copy a large tensor.
    return (logits.logsumexp(dim=3) - positive).mean(), (positive > others.amax(dim=3)).float().mean()


def _info_nce_logits(frames: Tensor, predictions: Tensor, first: int, negatives: Tensor) -> Tensor:
    """Scores of the positive, at index 0, and of the negatives, shape (B, W, S, 1 + N)."""
    n_examples, n_frames, width = frames.shape
    n_contexts, n_steps = predictions.shape[1:3]
    if predictions.shape != (n_examples, n_contexts, n_steps, width) or first + n_contexts + n_steps > n_frames:
        raise ValueError(
            f"predictions of shape {tuple(predictions.shape)} from time {first} do not fit frames of shape "
            f"{tuple(frames.shape)}; both have B examples and C channels, and first + W + S must be <= L"
        )
    frames, predictions = at_least_float32(frames), at_least_float32(predictions)
    # unfold gives (B, W, C, S): for each context its S next frames, without copying any.
    following = frames[:, first + 1 : first + n_contexts + n_steps].unfold(1, n_steps, 1)
    # A product and a sum: as an einsum this became thousands of one-row matrix products, 4 % of a step.
    positive = (following.transpose(2, 3) * predictions).sum(dim=3)
    others = frames.reshape(-1, width).index_select(0, negatives.reshape(-1)).reshape(*negatives.shape, width)
    return torch.cat([positive.unsqueeze(3), predictions @ others.transpose(2, 3)], dim=3)


def draw_negatives(
    n_examples: int, n_frames: int, first: int, n_contexts: int, n_steps: int, n_negatives: int, draws: torch.Generator
) -> Tensor:
    """Frames that each context is contrasted with, shape (B, W, N), as indices into all B * L frames of a batch.

    They are drawn uniformly, with replacement, from the frames of all examples, including the context's
    own clip, except the S frames it predicts. All S predictions of a context share them, so the frames
    are looked up only once.

    Source: thesis section 5.2 (15 negatives from the mini-batch) and the released code (all B * L
        frames).
    Differs: the released code draws each of the N negatives of all contexts by one permutation of the frames, the
        same for all steps, so that a positive may be its own negative.

    Args:
        n_examples: B.
        n_frames: L.
        first: Time of the first context.
        n_contexts: W.
        n_steps: S.
        n_negatives: N.
        draws: Source of the draws, on the CPU.

    Raises:
        ValueError: If there are fewer than N frames to draw from.

    >>> tuple(draw_negatives(2, 9, 0, 4, 3, 7, torch.Generator().manual_seed(0)).shape)
    (2, 4, 7)
    """
    n_others = n_examples * n_frames - n_steps
    if n_negatives > n_others:
        raise ValueError(
            f"n_negatives {n_negatives} is more than the {n_others} frames of {n_examples} examples that a context "
            f"does not predict; lower it or raise the batch size"
        )
    drawn = torch.randint(n_others, (n_examples, n_contexts, n_negatives), generator=draws)
    times = first + 1 + torch.arange(n_contexts)
    # Numbers are drawn as if the S predicted frames did not exist; those from their position on move up by S.
    predicted = torch.arange(n_examples)[:, None] * n_frames + times
    return drawn + n_steps * (drawn >= predicted[..., None])
