"""Networks on top of an encoder: projectors for pre-training, heads for tagging; and the names of heads."""

from typing import Final, Literal

from torch import nn

ProjectorKind = Literal["identity", "linear", "nonlinear"]
HeadKind = Literal["linear", "mlp", "all_layers"]
ALL_LAYERS: Final = "all_layers"
"""The head that reads statistics of all layers of an encoder instead of its embedding."""
END_TO_END = "end_to_end"
"""Name of the head of a system that was trained end to end on the tags, without pre-training."""


def projector(kind: ProjectorKind, embedding_dim: int, projection_dim: int) -> nn.Module:
    """Map from embeddings (B, D) to the space of the contrastive loss.

    ``identity``: z = h; ``linear``: z = W h; ``nonlinear``: z = W2 ReLU(W1 h), W1 square.

    Source: thesis section 3.4.
    Differs: the width of z is not in the thesis; the released code has 128 (thesis era) and 64
        (current). It is a parameter here. No biases, as in the released code.

    Args:
        kind: One of the three above.
        embedding_dim: D, the width of the embedding.
        projection_dim: Width of z; ``identity`` ignores it and keeps D.

    >>> import torch
    >>> tuple(projector("nonlinear", 128, 64)(torch.zeros(3, 128)).shape)
    (3, 64)
    """
    if kind == "identity":
        return nn.Identity()
    if kind == "linear":
        return nn.Linear(embedding_dim, projection_dim, bias=False)
    return nn.Sequential(
        nn.Linear(embedding_dim, embedding_dim, bias=False),
        nn.ReLU(),
        nn.Linear(embedding_dim, projection_dim, bias=False),
    )


def tagging_head(kind: HeadKind, embedding_dim: int, n_tags: int) -> nn.Module:
    """Map from frozen embeddings (B, D) to one logit per tag (B, K).

    ``linear`` is logistic regression; ``mlp`` has one hidden layer of D units. ``all_layers`` is logistic regression
    too, on other inputs (:mod:`clmr.evaluation.layer_statistics`).

    Source: thesis section 3.6 and the caption of Table 6.1.
    Differs: the width of the hidden layer is not in the thesis; the released code has 512, which is D of
        its encoder. Thesis and released code read the last layer alone.

    Args:
        kind: One of the three above.
        embedding_dim: D, the width of the embedding.
        n_tags: K.

    >>> import torch
    >>> tuple(tagging_head("mlp", 128, 50)(torch.zeros(3, 128)).shape)
    (3, 50)
    """
    if kind != "mlp":
        return nn.Linear(embedding_dim, n_tags)
    return nn.Sequential(nn.Linear(embedding_dim, embedding_dim), nn.ReLU(), nn.Linear(embedding_dim, n_tags))
