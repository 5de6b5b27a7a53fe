"""One encoder on one store: embeddings, probes, scores."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from clmr.config import from_mapping
from clmr.corpora.store import Store
from clmr.evaluation.embed import Embeddings, embed
from clmr.evaluation.log_mel import LogMelParams, log_mel_statistics, logistic_scores
from clmr.evaluation.metrics import summary
from clmr.evaluation.probe import ProbeParams, train_probe
from clmr.evaluation.scores import save_scores
from clmr.models.sample_cnn import SampleCNN
from clmr.training.checkpoint import load_tensors, load_weights, save_tensors
from clmr.training.pretrain import PretrainParams

EMBEDDINGS_NAME = "embeddings.safetensors"


@dataclass(frozen=True)
class EvaluationParams:
    """An encoder to probe.

    Attributes:
        system: What the row is called in tables.
        run: The pre-training run whose encoder is used.
        store: The store whose clips are tagged.
    """

    system: Literal["clmr", "random_init"]
    run: str
    store: str


def load_encoder(checkpoint: Path) -> SampleCNN:
    """The frozen encoder of a checkpoint, in evaluation mode.

    Raises:
        FileNotFoundError: If the checkpoint is missing.
        ValueError: If it is damaged or of another architecture.
    """
    tensors, facts = load_tensors(checkpoint)
    recipe = from_mapping(PretrainParams, facts["recipe"], f"{checkpoint}: recipe")
    encoder = SampleCNN(recipe.encoder)
    load_weights(encoder, tensors, "encoder.")
    return encoder.eval().requires_grad_(False)


def evaluate_encoder(
    encoder: SampleCNN, store: Store, probe: ProbeParams, device: torch.device, output_dir: Path
) -> dict[str, dict[str, float]]:
    """Scores on the test split of each head; embeddings and test scores are written to ``output_dir``.

    Raises:
        ValueError: If encoder and store do not fit each other, or the store has no labels.
    """
    if store.sample_rate_hz != encoder.params.sample_rate_hz:
        raise ValueError(
            f"{store.folder} has {store.sample_rate_hz} Hz, the encoder was trained at "
            f"{encoder.params.sample_rate_hz} Hz; evaluate it on a store of that rate"
        )
    segment_samples = encoder.params.clip_samples
    embeddings = embed(
        encoder.to(device),
        store,
        segment_samples,
        probe.embedding_batch_size,
        device,
        probe.embedding_precision,
    )
    facts = {"store": store.folder.name, "segment_samples": segment_samples}
    tensors = {"values": torch.from_numpy(embeddings.values), "clips": torch.from_numpy(embeddings.clips)}
    save_tensors(output_dir / EMBEDDINGS_NAME, tensors, facts)
    return evaluate_embeddings(embeddings, store, probe, output_dir)


def evaluate_embeddings(
    embeddings: Embeddings, store: Store, probe: ProbeParams, output_dir: Path
) -> dict[str, dict[str, float]]:
    """Train each head on the training split and score it on the test split."""
    train, valid, test = (embeddings.of(store.rows(split)) for split in ("train", "valid", "test"))
    scores, results = {}, {}
    for kind in probe.heads:
        trained = train_probe(kind, train, valid, store.tags, probe)
        scores[kind], rows = trained.clip_scores(test)
        results[kind] = _summary(scores[kind], rows, store, probe) | {"epochs": trained.epochs}
    save_scores(output_dir, scores, rows)
    return results


def evaluate_log_mel(
    store: Store, params: LogMelParams, probe: ProbeParams, output_dir: Path
) -> dict[str, dict[str, float]]:
    """Scores on the test split of logistic regression on log-mel statistics."""
    all_scores = logistic_scores(log_mel_statistics(store, params), store.tags, store.clips.split.to_numpy(), params)
    rows = store.rows("test")
    save_scores(output_dir, {"linear": all_scores[rows]}, rows)
    return {"linear": _summary(all_scores[rows], rows, store, probe)}


def _summary(scores: np.ndarray, rows: np.ndarray, store: Store, probe: ProbeParams) -> dict[str, float]:
    tracks = store.clips.track_id.to_numpy()[rows]
    return summary(store.tags[rows], scores, tracks, probe.n_resamples, probe.seed)
