"""One encoder on one store: embeddings, probes, scores."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn

from clmr.compute.distributed import ALONE, World
from clmr.corpora.store import Store
from clmr.evaluation.embed import Embeddings, embed
from clmr.evaluation.log_mel import LogMelParams, log_mel_statistics, logistic_scores
from clmr.evaluation.metrics import summary
from clmr.evaluation.probe import ProbeParams, train_probe
from clmr.evaluation.scores import save_scores
from clmr.storage.tensors import load_tensors, load_weights, save_tensors
from clmr.training.pretrain import build_encoder, read_recipe

SYSTEMS_OF_METHOD = {"clmr": ("clmr", "random_init"), "cpc": ("cpc", "random_init_cpc")}
"""What the encoder of a run may be called in tables: as trained, and as initialised."""
EMBEDDINGS_NAME = "embeddings.safetensors"


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


def embedded(
    encoder: nn.Module,
    store: Store,
    probe: ProbeParams,
    device: torch.device,
    work_dir: Path,
    world: World = ALONE,
) -> Embeddings:
    """Embeddings of a store, read from ``work_dir`` if they lie there, else computed and written there.

    The caller ties ``work_dir`` to encoder, store and probe.

    Raises:
        ValueError: If encoder and store do not fit each other.
    """
    if store.sample_rate_hz != encoder.params.sample_rate_hz:
        raise ValueError(
            f"{store.folder} has {store.sample_rate_hz} Hz, the encoder was trained at "
            f"{encoder.params.sample_rate_hz} Hz; evaluate it on a store of that rate"
        )
    file = work_dir / EMBEDDINGS_NAME
    if file.is_file():
        tensors, _ = load_tensors(file)
        return Embeddings(tensors["values"].numpy(), tensors["clips"].numpy())
    segment_samples = encoder.params.clip_samples
    found = embed(
        encoder.to(device), store, segment_samples, probe.embedding_batch_size, device, probe.embedding_precision, world
    )
    if world.is_first:
        tensors = {"values": torch.from_numpy(found.values), "clips": torch.from_numpy(found.clips)}
        save_tensors(file, tensors, {"store": store.folder.name, "segment_samples": segment_samples})
    return found


def evaluate_encoder(
    encoder: nn.Module, store: Store, probe: ProbeParams, device: torch.device, work_dir: Path, output_dir: Path
) -> dict[str, dict[str, float]]:
    """Scores on the test split of each head; embeddings and test scores are written to ``output_dir``.

    Besides the columns of score tables: epochs until a head's best weights, and parameters of
    encoder and head together.

    Raises:
        ValueError: If encoder and store do not fit each other, or the store has no labels.
    """
    embeddings = embedded(encoder, store, probe, device, work_dir)
    results = evaluate_embeddings(embeddings, store, probe, output_dir)
    n_encoder = sum(parameter.numel() for parameter in encoder.parameters())
    output_dir.mkdir(parents=True, exist_ok=True)
    shutil.move(work_dir / EMBEDDINGS_NAME, output_dir / EMBEDDINGS_NAME)
    return {kind: scores | {"n_parameters": n_encoder + scores["n_parameters"]} for kind, scores in results.items()}


def evaluate_embeddings(
    embeddings: Embeddings, store: Store, probe: ProbeParams, output_dir: Path
) -> dict[str, dict[str, float]]:
    """Train each head on the training split and score it on the test split; ``n_parameters`` are those of the head."""
    train, valid, test = (embeddings.of(store.rows(split)) for split in ("train", "valid", "test"))
    scores, results = {}, {}
    for kind in probe.heads:
        trained = train_probe(kind, train, valid, store.tags, probe)
        scores[kind], rows = trained.clip_scores(test)
        results[kind] = _summary(scores[kind], rows, store, probe) | {
            "epochs": trained.epochs,
            "n_parameters": trained.n_parameters,
        }
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
