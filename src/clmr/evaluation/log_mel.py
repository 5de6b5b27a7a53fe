"""The baseline without any learned representation: log-mel statistics and logistic regression."""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
import torchaudio
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from clmr.compute.progress import progress
from clmr.corpora.store import Store
from clmr.storage.strict import require


@dataclass(frozen=True)
class LogMelParams:
    """The baseline.

    Attributes:
        n_mels: Mel bands; a clip has mean and deviation over time of each.
        window_s: Length of the analysis window; half of it is the hop.
        inverse_penalties: Values of scikit-learn's C; the one with the lowest validation loss is used.
        max_iterations: Limit of the solver.
    """

    n_mels: int
    window_s: float
    inverse_penalties: tuple[float, ...]
    max_iterations: int

    def __post_init__(self) -> None:
        require(self.n_mels >= 1, "n_mels", self.n_mels, ">= 1")
        require(self.window_s > 0, "window_s", self.window_s, "> 0")
        require(
            min(self.inverse_penalties, default=0) > 0,
            "inverse_penalties",
            list(self.inverse_penalties),
            "all > 0",
        )
        require(self.max_iterations >= 1, "max_iterations", self.max_iterations, ">= 1")


def log_mel_statistics(store: Store, params: LogMelParams) -> np.ndarray:
    """Mean and standard deviation over time of each clip's log-mel spectrum, shape (clips, 2 * n_mels)."""
    n_fft = int(2 ** np.ceil(np.log2(params.window_s * store.sample_rate_hz)))
    spectrum = torchaudio.transforms.MelSpectrogram(
        store.sample_rate_hz, n_fft=n_fft, hop_length=n_fft // 2, n_mels=params.n_mels, power=2.0
    )
    bar = progress(range(len(store.clips)), "log-mel statistics", unit="clip")
    return np.stack([_statistics(spectrum, store.clip(index)) for index in bar])


@torch.inference_mode()
def _statistics(spectrum: torch.nn.Module, samples: np.ndarray) -> np.ndarray:
    audio = torch.from_numpy(samples.astype(np.float32) / 32_768)
    levels = torch.log10(spectrum(audio) + 1e-8)
    return torch.cat([levels.mean(dim=1), levels.std(dim=1)]).numpy()


def logistic_scores(features: np.ndarray, labels: np.ndarray, splits: np.ndarray, params: LogMelParams) -> np.ndarray:
    """Probabilities of each tag for each clip, shape (clips, K), by one logistic regression per tag.

    The penalty is chosen once for all tags, by the mean loss on the validation split. A tag without
    positives among the training clips gets probability zero everywhere.

    Args:
        features: Shape (clips, F).
        labels: 0/1, shape (clips, K).
        splits: Split of each clip, shape (clips,).
        params: Penalties to try.
    """
    train, valid = splits == "train", splits == "valid"
    scaled = StandardScaler().fit(features[train]).transform(features)
    candidates = [_all_tags(scaled, labels, train, penalty, params) for penalty in params.inverse_penalties]
    losses = [_loss(labels[valid], scores[valid]) for scores in candidates]
    return candidates[int(np.argmin(losses))]


def _all_tags(
    scaled: np.ndarray, labels: np.ndarray, train: np.ndarray, penalty: float, params: LogMelParams
) -> np.ndarray:
    scores = np.zeros(labels.shape)
    for tag in np.flatnonzero(labels[train].any(axis=0) & ~labels[train].all(axis=0)):
        model = LogisticRegression(C=penalty, max_iter=params.max_iterations)
        with warnings.catch_warnings():
            # The penalty is chosen by validation loss, so a fit that stopped early is judged like any other.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(scaled[train], labels[train, tag])
        scores[:, tag] = model.predict_proba(scaled)[:, 1]
    return scores


def _loss(labels: np.ndarray, scores: np.ndarray) -> float:
    return float(np.mean([log_loss(labels[:, tag], scores[:, tag], labels=[0, 1]) for tag in range(labels.shape[1])]))
