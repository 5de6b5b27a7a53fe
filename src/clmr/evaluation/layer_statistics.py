"""What a frozen encoder says of a segment in all of its layers: mean and deviation of their maps over time.

What belongs here: the statistics. What does not: the maps, which each encoder has in its own way (``layer_maps``), and
probes on the statistics (:mod:`clmr.evaluation.probe`).
"""

from collections.abc import Iterable

import torch
from torch import Tensor


def layer_statistics(layer_maps: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Statistics of all layers, and the embedding, which is the mean of the last one, float32.

    The statistics are those of the log-mel baseline, with channels in the place of bands: the mean of every channel
    over time, and its deviation where a layer has more than one moment.

    Source: ours; lower layers keep what pre-training drops on the way to the last one.
    Differs: the thesis reads the last layer alone.

    Args:
        layer_maps: Maps (B, C, 1, L) of each layer, C and L of its own.

    Returns:
        Statistics of shape (B, M) and embeddings of shape (B, D).

    >>> maps = torch.tensor([[[[1.0, 3.0]]]]), torch.tensor([[[[5.0]]]])
    >>> statistics, embedding = layer_statistics(maps)
    >>> statistics.tolist(), embedding.tolist()
    ([[2.0, 1.0, 5.0]], [[5.0]])
    """
    found: list[Tensor] = []
    for maps in layer_maps:
        # Channels last, as maps are in memory; torch.std_mean took five times as long.
        values = maps.squeeze(2).transpose(1, 2).float()
        embedding = values.mean(dim=1)
        found.append(embedding)
        if values.shape[1] > 1:
            found.append((values - embedding[:, None]).square().mean(dim=1).sqrt())
    return torch.cat(found, dim=1), embedding
