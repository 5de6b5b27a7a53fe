"""One encoder on one store: embeddings, probes, scores."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn

from clmr.corpora.store import Store
from clmr.evaluation.embed import Embeddings, embed
from clmr.evaluation.log_mel import LogMelParams, log_mel_statistics, logistic_scores
from clmr.evaluation.metrics import summary
from clmr.evaluation.probe import ProbeParams, train_probe
from clmr.training.checkpoint import load_tensors, load_weights, save_tensors
from clmr.training.pretrain import build_encoder, read_recipe

EMBEDDINGS_NAME, SCORES_NAME = "embeddings.safetensors", "scores.safetensors"


@dataclass(frozen=True)
class EvaluationParams:
    """An encoder to probe.

    Attributes:
        system: What the row is called in tables; ``random_init`` is SampleCNN, ``random_init_cpc`` CPC, untrained.
        run: The pre-training run whose encoder is used.
        store: The store whose clips are tagged.
    """

    system: Literal["clmr", "cpc", "random_init", "random_init_cpc"]
    run: str
    store: str


def load_encoder(checkpoint: Path) -> nn.Module:
    """The frozen encoder of a checkpoint, of the architecture that its recipe states, in evaluation mode.

    Raises:
        FileNotFoundError: If the checkpoint is missing.
        ValueError: If it is damaged or of another architecture.
    """
    tensors, facts = load_tensors(checkpoint)
    encoder = build_encoder(read_recipe(facts["recipe"], f"{checkpoint}: recipe"))
    load_weights(encoder, tensors, "encoder.")
    return encoder.eval().requires_grad_(False)


def evaluate_encoder(
    encoder: nn.Module, store: Store, probe: ProbeParams, device: torch.device, output_dir: Path
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
    _save_scores(output_dir, scores, rows)
    return results


def evaluate_log_mel(
    store: Store, params: LogMelParams, probe: ProbeParams, output_dir: Path
) -> dict[str, dict[str, float]]:
    """Scores on the test split of logistic regression on log-mel statistics."""
    all_scores = logistic_scores(log_mel_statistics(store, params), store.tags, store.clips.split.to_numpy(), params)
    rows = store.rows("test")
    _save_scores(output_dir, {"linear": all_scores[rows]}, rows)
    return {"linear": _summary(all_scores[rows], rows, store, probe)}


def load_scores(folder: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Test scores by head, each of shape (clips, K), and the clips' rows in the store."""
    tensors, _ = load_tensors(folder / SCORES_NAME)
    rows = tensors.pop("rows").numpy()
    return {kind: scores.numpy() for kind, scores in tensors.items()}, rows


def _summary(scores: np.ndarray, rows: np.ndarray, store: Store, probe: ProbeParams) -> dict[str, float]:
    tracks = store.clips.track_id.to_numpy()[rows]
    return summary(store.tags[rows], scores, tracks, probe.n_resamples, probe.seed)


def _save_scores(output_dir: Path, scores: dict[str, np.ndarray], rows: np.ndarray) -> None:
    tensors = {kind: torch.from_numpy(values) for kind, values in scores.items()}
    save_tensors(output_dir / SCORES_NAME, tensors | {"rows": torch.from_numpy(rows)}, {"split": "test"})
