"""Which tags can be heard in a corpus: those that a reference system tells apart on its validation split."""

from collections.abc import Sequence

import numpy as np

from clmr.evaluation.metrics import tag_scores

AUDIBLE_ROC_AUC = 0.65
"""ROC-AUC on validation that a reference must reach for a tag to count as audible; chance is 0.5."""


def audible_tags(labels_valid: np.ndarray, reference_scores_valid: Sequence[np.ndarray]) -> np.ndarray:
    """Tags whose best ROC-AUC over the references on the *validation* split is at least 0.65, a mask of shape (K,).

    Some tags of a rendered corpus leave no trace in the sound of a few seconds, such as a mode or a kind of march. All
    systems are at chance on them, and a mean over all tags hides what systems differ by. The references are log-mel
    statistics and the best supervised system, neither of which was pre-trained. Rule and threshold are applied
    to the validation split alone, so that no test score decides which tags are reported.

    A tag that cannot be scored there, for lack of positives or negatives, does not count as audible.

    Differs: the thesis reports the mean over all tags.

    Args:
        labels_valid: Tags of the validation clips, 0/1, shape (B, K).
        reference_scores_valid: Their scores by each reference, of shape (B, K) or (P, B, K).

    Raises:
        ValueError: If there is no reference, shapes differ, or no tag at all can be scored.

    >>> labels = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]])
    >>> audible_tags(labels, [np.array([[.9, .5, .1], [.8, .6, .2], [.1, .6, .3], [.2, .5, .4]])])
    array([ True, False, False])
    """
    if not reference_scores_valid:
        raise ValueError("found no reference; audible tags are told by the scores of at least one")
    roc_auc = np.array([tag_scores(labels_valid, scores).roc_auc for scores in reference_scores_valid])
    # NaN compares as false. It depends on the labels alone, so it is NaN under every reference or under none.
    return roc_auc.max(axis=0) >= AUDIBLE_ROC_AUC
