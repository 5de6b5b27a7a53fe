"""Contrastive losses, as functions of projections."""

import torch
from torch import Tensor
from torch.nn import functional


def nt_xent(z_a: Tensor, z_b: Tensor, temperature: float) -> Tensor:
    """Mean cross-entropy of picking each example's other view among the 2B - 1 other projections.

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
        Scalar loss in float32; log(2B - 1) when all projections coincide.

    Raises:
        ValueError: If the shapes differ or are not (B, D), or the temperature is not positive.

    >>> z = torch.ones(4, 8)
    >>> round(nt_xent(z, z, temperature=0.5).item(), 4)  # log(7)
    1.9459
    """
    logits, positives = nt_xent_logits(z_a, z_b, temperature)
    return functional.cross_entropy(logits, positives)


def nt_xent_logits(z_a: Tensor, z_b: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Similarities over temperature, shape (2B, 2B), with -inf on the diagonal, and each row's positive, shape (2B,).

    Args and Raises: as :func:`nt_xent`. The share of rows whose largest logit is the positive is the
    accuracy of the contrastive task.
    """
    if z_a.shape != z_b.shape or z_a.dim() != 2:
        raise ValueError(
            f"projections must be two tensors of one shape (B, D), got {tuple(z_a.shape)} and {tuple(z_b.shape)}"
        )
    if not temperature > 0:
        raise ValueError(f"temperature must be > 0, got {temperature}")
    n_examples = z_a.shape[0]
    # The softmax over 2B - 1 candidates needs float32: bf16 keeps 8 bits, about 0.01 of a logit near 2.
    z = functional.normalize(torch.cat([z_a, z_b]).float(), dim=1)
    logits = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    positives = torch.arange(2 * n_examples, device=z.device).roll(n_examples)
    return logits, positives
