"""The baseline without any learned representation: log-mel statistics and logistic regression."""

import warnings
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from pydantic import Field

from clmr.compute.progress import progress
from clmr.corpora.store import Store
from clmr.evaluation.metrics import summary_of
from clmr.evaluation.scores import ScoreRow, save_clip_scores
from clmr.storage.strict import Count, Positive, require, strict


@strict
class LogMelParams:
    """The baseline, which has no counterpart in the thesis: how far plain spectra go.

    Attributes:
        n_mels: Mel bands M; a clip's features are the mean and the deviation of each over time.
        window_s: Length of the analysis window, at most a second; half of it is the hop.
        inverse_penalties: Values of scikit-learn's C; the one with the lowest validation loss is used.
        max_iterations: Limit of the solver.
        n_resamples: Bootstrap samples of the intervals.
        seed: Seed of the bootstrap; nothing else is random.
    """

    n_mels: Count
    window_s: Annotated[float, Field(gt=0, le=1)]
    inverse_penalties: tuple[Positive, ...]
    max_iterations: Count
    n_resamples: Count
    seed: int

    def __post_init__(self) -> None:
        penalties = list(self.inverse_penalties)
        require(len(penalties) > 0, "inverse_penalties", penalties, "a list of at least one number")


def evaluate_log_mel(store: Store, params: LogMelParams, output_dir: Path) -> list[ScoreRow]:
    """Scores on the test split, one row with the head ``linear``; scores of clips are written to ``output_dir``.

    Args:
        store: A labelled corpus.
        params: The baseline.
        output_dir: Receives the scores of the validation and test clips.

    Raises:
        ValueError: If the store has no labels.
    """
    all_scores = logistic_scores(log_mel_statistics(store, params), store.tags, store.clips.split.to_numpy(), params)
    for split in ("valid", "test"):
        rows = store.rows(split)
        save_clip_scores(output_dir, params.seed, {"linear": all_scores[rows]}, rows, split)
    found = summary_of(store, rows, all_scores[rows], params.n_resamples, params.seed)
    return [{"head": "linear", "seed": params.seed} | found]


def log_mel_statistics(store: Store, params: LogMelParams) -> np.ndarray:
    """Mean and standard deviation over time of each clip's log-mel spectrum, shape (clips, 2M)."""
    # Imported here, like scikit-learn below: those who only read the parameters should not wait for it.
    import torchaudio

    # The window is rounded up to the next power of two, which is fast to transform.
    n_fft = int(2 ** np.ceil(np.log2(params.window_s * store.sample_rate_hz)))
    spectrum = torchaudio.transforms.MelSpectrogram(
        store.sample_rate_hz, n_fft=n_fft, hop_length=n_fft // 2, n_mels=params.n_mels, power=2.0
    )
    bar = progress(range(len(store.clips)), "log-mel statistics", unit="clip")
    return np.stack([_statistics(spectrum, store.clip(index)) for index in bar])


@torch.inference_mode()
def _statistics(spectrum: torch.nn.Module, samples: np.ndarray) -> np.ndarray:
    audio = torch.from_numpy(samples.astype(np.float32) / 32_768)
    # The logarithm of digital silence is not finite.
    levels = torch.log10(spectrum(audio) + 1e-8)
    return torch.cat([levels.mean(dim=1), levels.std(dim=1)]).numpy()


def logistic_scores(features: np.ndarray, labels: np.ndarray, splits: np.ndarray, params: LogMelParams) -> np.ndarray:
    """Probabilities of each tag for each clip, shape (clips, K), by one logistic regression per tag.

    The penalty is chosen once for all tags, by the mean loss on the validation split. A tag without
    positives among the training clips gets probability zero everywhere.

    Args:
        features: Shape (clips, 2M).
        labels: 0/1, shape (clips, K).
        splits: Split of each clip, shape (clips,).
        params: Penalties to try.
    """
    # Imported here, as in the functions below: it takes as long as torch.
    from sklearn.preprocessing import StandardScaler

    # Everything is fitted on the training split and chosen on the validation split, as the probes are.
    train, valid = splits == "train", splits == "valid"
    scaled = StandardScaler().fit(features[train]).transform(features)
    candidates = [_all_tags(scaled, labels, train, penalty, params) for penalty in params.inverse_penalties]
    losses = [_loss(labels[valid], scores[valid]) for scores in candidates]
    return candidates[int(np.argmin(losses))]


def _all_tags(
    scaled: np.ndarray, labels: np.ndarray, train: np.ndarray, penalty: float, params: LogMelParams
) -> np.ndarray:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    scores = np.zeros(labels.shape)
    # scikit-learn refuses to fit a single class.
    for tag in np.flatnonzero(labels[train].any(axis=0) & ~labels[train].all(axis=0)):
        model = LogisticRegression(C=penalty, max_iter=params.max_iterations)
        with warnings.catch_warnings():
            # The penalty is chosen by validation loss, so a fit that stopped early is judged like any other.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(scaled[train], labels[train, tag])
        scores[:, tag] = model.predict_proba(scaled)[:, 1]
    return scores


def _loss(labels: np.ndarray, scores: np.ndarray) -> float:
    from sklearn.metrics import log_loss

    return float(np.mean([log_loss(labels[:, tag], scores[:, tag], labels=[0, 1]) for tag in range(labels.shape[1])]))
