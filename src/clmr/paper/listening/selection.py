"""Which segments of a test split the listening page has, and what a head makes of them."""

import numpy as np
import pandas as pd
import torch

from clmr.evaluation.probe import Probes
from clmr.storage.strict import Count, strict


@strict
class ListeningParams:
    """The listening page.

    Attributes:
        n_per_feature: Segments of each feature, the strongest of as many clips.
        n_per_tag: Segments of each tag of the head, likewise.
        rows_per_page: Rows that the page shows at once.
        most_features: Features that can be chosen together.
    """

    n_per_feature: Count
    n_per_tag: Count
    rows_per_page: Count
    most_features: Count


def strongest_of_clips(values: np.ndarray, clips: pd.Series, n_clips: int) -> np.ndarray:
    """Rows that are, for any column, the strongest segment of one of its ``n_clips`` strongest clips, ascending.

    A column whose values are all the same, such as a feature that never responds, has no strongest segment.

    Source: thesis section 7.3, which listens to the first N segments of a feature.
    Differs: there several of them may be of one track; neighbours in a clip often sound alike, and so one tells as
        much about the feature as all of them.

    Args:
        values: Activations or scores, shape (B, M).
        clips: Clip of each segment, B entries.
        n_clips: Clips of each column; a split of fewer gives all of them.

    >>> strongest_of_clips(np.array([[3.0], [2.0], [1.0], [0.0]]), pd.Series(["a", "a", "b", "c"]), 2).tolist()
    [0, 2]
    """
    codes = pd.factorize(clips)[0]
    chosen: set[int] = set()
    for column in values.T:
        if column.min() == column.max():
            continue
        # Stable, so that of equal segments the first is taken on every machine.
        order = np.argsort(-column, kind="stable")
        _, first_of_clip = np.unique(codes[order], return_index=True)
        chosen.update(order[np.sort(first_of_clip)[:n_clips]].tolist())
    return np.array(sorted(chosen), dtype=np.int64)


@torch.inference_mode()
def head_scores(probes: Probes, values: np.ndarray) -> np.ndarray:
    """Probability of each tag for each segment, the mean over P probes, shape (B, K), float64.

    Args:
        probes: Trained on embeddings of the same encoder.
        values: Activations of the encoder's last layer, which are its embeddings, shape (B, D).

    >>> layer = torch.zeros(2, 5, 3), torch.zeros(2, 5, 1)
    >>> head_scores(Probes((layer,), torch.zeros(3), torch.ones(3), epochs=(0, 0)), np.zeros((4, 3), np.float32)).shape
    (4, 5)
    """
    return probes.logits(torch.from_numpy(values)).double().sigmoid().mean(dim=0).numpy()
