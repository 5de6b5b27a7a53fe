"""Linear probes on few labels: logistic regression on one vector per clip, its penalty chosen on the validation split.

What belongs here: the probe, and its scores on a share of the labels. What does not: which clips have labels
(:mod:`clmr.batches.label_subsets`), and probes on all labels (:mod:`clmr.evaluation.probe`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from clmr.corpora.store import Store
from clmr.evaluation.embed import load_embeddings, mean_over_segments
from clmr.evaluation.metrics import mean_pr_auc, summary_of
from clmr.evaluation.scores import ScoreRow, save_clip_scores
from clmr.storage.strict import Count, Positive, require, strict

HEAD = "linear"


@strict
class FewLabelsProbeParams:
    """How a linear probe is trained on few labels.

    Attributes:
        inverse_penalties: Values of scikit-learn's C; the one with the highest PR-AUC on the validation clips is used.
        n_iterations: Steps of the solver.
    """

    inverse_penalties: tuple[Positive, ...]
    n_iterations: Count

    def __post_init__(self) -> None:
        penalties = list(self.inverse_penalties)
        require(len(penalties) > 0, "inverse_penalties", penalties, "a list of at least one number")


@dataclass(frozen=True)
class FewLabelsProbe:
    """A trained probe.

    Attributes:
        scores: Probability of each tag for each clip of the store, shape (clips, K).
        weights: Of the features as they are given, shape (D, K).
        intercepts: Shape (K,); -inf or +inf for a tag that none or all of the labelled clips have.
        inverse_penalty: The chosen one.
        n_labelled_clips: Clips that it was trained on.
        n_tags_without_positives: Tags that none of them has; their probability is 0 everywhere.
    """

    scores: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray
    inverse_penalty: float
    n_labelled_clips: int
    n_tags_without_positives: int


def few_labels_probe(
    features: np.ndarray, store: Store, labelled: np.ndarray, params: FewLabelsProbeParams
) -> FewLabelsProbe:
    """One logistic regression per tag, trained on the labelled clips.

    Features are standardised with mean and deviation of all training clips: that takes no labels, and a dimension that
    hardly varies among ten clips would otherwise drown all others elsewhere. The penalty is chosen once for all tags.

    Source: thesis section 6.4.
    Differs: thesis and released code train the probe of Table 6.1, whose penalty is next to none, on whatever labels
        there are. On a few clips that is separable data, of which the solution depends on when training stops.

    Args:
        features: One vector for each clip of the store, shape (clips, D).
        store: Its clips and tags.
        labelled: Rows of the training clips whose labels are used.
        params: Penalties to try.

    Raises:
        ValueError: If there is not one vector per clip.
    """
    if len(features) != len(store.clips):
        raise ValueError(
            f"found features of {len(features)} clips, but {store.folder} has {len(store.clips)}; rerun their stage"
        )
    of_training = features[store.rows("train")].astype(np.float64)
    mean, scale = of_training.mean(axis=0), of_training.std(axis=0)
    # A dimension that never changes, such as a dead unit, carries nothing and must not become NaN.
    scale = np.where(scale > 0, scale, 1.0)
    scaled = (features - mean) / scale
    targets, valid = store.tags[labelled].astype(np.float64), store.rows("valid")
    fits = fit_logistic(scaled[labelled], targets, [1 / c for c in params.inverse_penalties], params.n_iterations)
    candidates = [_sigmoid(scaled @ fitted[:-1] + fitted[-1]) for fitted in fits]
    quality = [mean_pr_auc(store.tags[valid], scores[valid]).item() for scores in candidates]
    best = int(np.argmax(quality))
    weights = fits[best][:-1] / scale[:, None]
    return FewLabelsProbe(
        scores=candidates[best],
        weights=weights,
        intercepts=fits[best][-1] - mean @ weights,
        inverse_penalty=params.inverse_penalties[best],
        n_labelled_clips=len(labelled),
        n_tags_without_positives=int((~targets.any(axis=0)).sum()),
    )


def clip_means(file: Path) -> np.ndarray:
    """Mean embedding of each clip, shape (clips, D), from a file of embeddings of its segments."""
    embeddings = load_embeddings(file)
    means, _ = mean_over_segments(torch.from_numpy(embeddings.values), embeddings.clips)
    return means


def score_few_labels(
    probe: FewLabelsProbe, store: Store, n_resamples: int, seed: int, output_dir: Path
) -> list[ScoreRow]:
    """Scores on the test split, one row with the head ``linear``; scores of clips are written to ``output_dir``.

    Args:
        probe: The probe.
        store: The store it was trained on.
        n_resamples: Bootstrap samples of the intervals.
        seed: Seed of the labels and of the bootstrap; names the files.
        output_dir: Receives the scores of the validation and test clips.
    """
    for split in ("valid", "test"):
        rows = store.rows(split)
        save_clip_scores(output_dir, seed, {HEAD: probe.scores[rows]}, rows, split)
    counts = {
        "n_labelled_clips": probe.n_labelled_clips,
        "n_tags_without_positives": probe.n_tags_without_positives,
        "inverse_penalty": probe.inverse_penalty,
    }
    return [{"head": HEAD, "seed": seed} | summary_of(store, rows, probe.scores[rows], n_resamples, seed) | counts]


def fit_logistic(
    features: np.ndarray, targets: np.ndarray, penalties: Sequence[float], n_iterations: int
) -> list[np.ndarray]:
    """Weights and intercepts of one L2-penalised logistic regression per tag, shape (D + 1, K), for each penalty.

    Intercepts come last, and are not penalised: each regression minimises sum_i loss_i + penalty / 2 |w|^2. Tags of a
    single class have weights of zero, and intercepts of -inf or +inf.

    The curvature of the loss is at most a quarter of X'X, which is the same for all tags and penalties. So one
    decomposition of X gives all of them a step that cannot overshoot, and Nesterov's momentum makes it fast.

    Source: Boehning 1992, Multinomial logistic regression algorithm.

    Args:
        features: Shape (clips, D).
        targets: 0/1, shape (clips, K).
        penalties: Each 1 / C of scikit-learn, > 0.
        n_iterations: Steps.

    >>> x, y = np.array([[-1.0], [0.0], [2.0], [1.0]]), np.array([[0.0], [1.0], [1.0], [0.0]])
    >>> fit_logistic(x, y, penalties=[1.0], n_iterations=100)[0].round(3).tolist()  # as scikit-learn's, with C=1
    [[0.453], [-0.226]]
    """
    mean = features.mean(axis=0)
    # In the basis of its singular vectors X'X is diagonal, and of D dimensions no more are left than there are clips.
    left, singular, basis = np.linalg.svd(features - mean, full_matrices=False)
    design = np.hstack([left * singular, np.ones((len(features), 1))])
    share, fits = targets.mean(axis=0), []
    for penalty in penalties:
        # Centred columns make the intercept independent of the weights, here and in the bound of the curvature.
        shrinkage = np.append(np.full(len(singular), penalty), 0.0)[:, None]
        curvature = np.append(singular**2, len(features))[:, None] / 4 + shrinkage
        solution = _minimum(design, targets, shrinkage, curvature, n_iterations)
        weights, intercepts = basis.T @ solution[:-1], solution[-1]
        weights[:, (share == 0) | (share == 1)] = 0.0
        intercepts = np.where(share == 0, -np.inf, np.where(share == 1, np.inf, intercepts - mean @ weights))
        fits.append(np.vstack([weights, intercepts]))
    return fits


def _minimum(
    design: np.ndarray, targets: np.ndarray, shrinkage: np.ndarray, curvature: np.ndarray, n_iterations: int
) -> np.ndarray:
    """Coefficients of the columns of ``design`` after so many steps, shape (columns, K)."""
    current = ahead = np.zeros((design.shape[1], targets.shape[1]))
    for step in range(n_iterations):
        gradient = design.T @ (_sigmoid(design @ ahead) - targets) + shrinkage * ahead
        previous, current = current, ahead - gradient / curvature
        ahead = current + step / (step + 3) * (current - previous)
    return current


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * logits))
