"""Scores of a frozen encoder on one store, by way of embeddings and probes."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import nn

from clmr.compute.distributed import ALONE, World
from clmr.corpora.store import Store
from clmr.evaluation.embed import Embeddings, embed, load_embeddings, save_embeddings
from clmr.evaluation.metrics import summary_of
from clmr.evaluation.probe import ProbeParams, train_probes
from clmr.evaluation.scores import ScoreRow, save_clip_scores
from clmr.models.heads import ALL_LAYERS

if TYPE_CHECKING:
    from clmr.models.encoders import Encoder


@dataclass(frozen=True)
class Folders:
    """Folders that an evaluation writes to, each file named after a seed.

    Attributes:
        work: Keeps the embeddings if the evaluation is interrupted; see :func:`kept_embeddings`.
        embeddings: Receives the embeddings.
        scores: Receives the scores of the validation and test clips.
    """

    work: Path
    embeddings: Path
    scores: Path


def evaluate_encoder(
    encoder: nn.Module, store: Store, probe: ProbeParams, seed: int, device: torch.device, folders: Folders
) -> list[ScoreRow]:
    """Scores on the test split, one row per head; embeddings and scores of clips are written to ``folders``.

    Adds to the columns of score tables: epochs until a head's best weights, and parameters of encoder
    and head together.

    Source: thesis section 3.6.

    Args:
        encoder: Frozen, in evaluation mode.
        store: A labelled corpus.
        probe: Heads and how they are trained.
        seed: Seed of heads, order and bootstrap; names the files.
        device: Where the encoder computes.
        folders: Where to write.

    Raises:
        ValueError: If encoder and store do not fit each other, or the store has no labels.
    """
    file = embeddings_file(folders.work, seed)
    embeddings = kept_embeddings(encoder, store, probe, device, file)
    # Encoder and head together, so that the sizes compare with those of models trained end to end (Figure 1.1).
    n_encoder = sum(parameter.numel() for parameter in encoder.parameters())
    rows = [
        row | {"n_parameters": n_encoder + row["n_parameters"]}
        for row in evaluate_embeddings(embeddings, store, probe, seed, folders.scores)
    ]
    # Moved last: an evaluation that is interrupted before this line finds its embeddings in the work folder.
    folders.embeddings.mkdir(parents=True, exist_ok=True)
    shutil.move(file, folders.embeddings / file.name)
    return rows


def evaluate_embeddings(
    embeddings: Embeddings, store: Store, probe: ProbeParams, seed: int, output_dir: Path
) -> list[ScoreRow]:
    """Scores on the test split, one row per kind of head trained on the training split.

    A row holds means over the probes of its kind, ``epochs`` included; ``n_parameters`` counts a single head.

    Args:
        embeddings: Embeddings of all clips of the store.
        store: A labelled corpus.
        probe: Heads and how they are trained.
        seed: Seed of heads, order and bootstrap; names the file.
        output_dir: Receives the scores of the validation and test clips, of every probe.

    Raises:
        ValueError: If the store has no labels, or a split no clip.
    """
    rows = {split: store.rows(split) for split in ("train", "valid", "test")}
    train, valid, test = (embeddings.of(of_split) for of_split in rows.values())
    # Each head from scratch, on the same embeddings: what the scores differ by is the head.
    trained = {
        head: train_probes(head, train.for_head(head), valid.for_head(head), store.tags, probe, seed)
        for head in probe.heads
    }
    scores: dict[str, dict[str, np.ndarray]] = {
        split: {head: probes.clip_scores(segments.for_head(head))[0] for head, probes in trained.items()}
        for split, segments in (("valid", valid), ("test", test))
    }
    for split, by_head in scores.items():
        save_clip_scores(output_dir, seed, by_head, rows[split], split)
    results = []
    for head, probes in trained.items():
        counts = {"epochs": float(np.mean(probes.epochs)), "n_parameters": probes.n_parameters}
        found = summary_of(store, rows["test"], scores["test"][head], probe.n_resamples, seed)
        results.append({"head": head, "seed": seed} | found | counts)
    return results


def kept_embeddings(
    encoder: nn.Module, store: Store, probe: ProbeParams, device: torch.device, file: Path, world: World = ALONE
) -> Embeddings:
    """Embeddings of a store, read from ``file`` if it exists, else computed and written to it.

    The caller ties the file's folder to encoder, store and probe. Of several processes the first one writes.

    Args:
        encoder: Frozen, in evaluation mode.
        store: The audio.
        probe: Batch size and precision of the encoder.
        device: Where to compute.
        file: As :func:`embeddings_file` names it.
        world: Processes that share the work.

    Raises:
        ValueError: If encoder and store do not fit each other.
    """
    # For the type checker: an encoder is a module with parameters, which no type states.
    params = cast("Encoder", encoder).params
    store.require_rate(params.sample_rate_hz, "the encoder")
    # An evaluation that was interrupted, or killed among its probes, need not embed the corpus again.
    with_statistics, beside = ALL_LAYERS in probe.heads, file.with_name(f"layers_{file.name}")
    if file.is_file():
        kept = load_embeddings(file)
        return replace(kept, statistics=load_embeddings(beside).values) if with_statistics else kept
    batch_size, precision = probe.embedding_batch_size, probe.embedding_precision
    chosen = cast("Encoder", encoder.to(device))
    found = embed(chosen, store, batch_size, device, precision, world, with_statistics=with_statistics)
    if world.is_first:
        # First, and in a file of their own: they are ten times as large, and only the probes of this evaluation want
        # them.
        if found.statistics is not None:
            save_embeddings(beside, found.for_head(ALL_LAYERS), store.folder.name, params.clip_samples)
        save_embeddings(file, found, store.folder.name, params.clip_samples)
    return found


def embeddings_file(folder: Path, seed: int) -> Path:
    """File of the embeddings from the encoder of one seed.

    >>> embeddings_file(Path("work"), 3).name
    'embeddings_3.safetensors'
    """
    return folder / f"embeddings_{seed}.safetensors"
