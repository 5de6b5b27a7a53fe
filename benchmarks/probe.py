"""Claim: a probe that embeds once costs a fraction of one that encodes all segments again in each epoch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from benchmarks.benchmark import Benchmark, Goal
from benchmarks.checks import check_encoder
from benchmarks.embedding import plain_segments_s
from benchmarks.timing import repeated_s
from benchmarks.workloads import (
    StoreSize,
    build_synthetic_store,
    encoder_params,
    pipeline_run,
    write_synthetic_corpus,
)
from clmr.batches.segments import segment_starts
from clmr.compute.runtime import device as chosen_device
from clmr.compute.seeding import generator
from clmr.corpora.store import Store, open_store
from clmr.evaluation.embed import Embeddings, embed
from clmr.evaluation.probe import ProbeParams, train_probes
from clmr.models.encoders import load_encoder
from clmr.models.initialisation import initialised
from clmr.models.sample_cnn import SampleCNN
from clmr.params import read_params
from clmr.storage import paths

_N_REPEATS = 2


@dataclass(frozen=True)
class Case:
    """What is evaluated.

    Attributes:
        encoder: Frozen.
        store: Labelled audio.
        params: Heads and how they are trained.
        name: What this is, for the notes.
    """

    encoder: SampleCNN
    store: Store
    params: ProbeParams
    name: str

    def embed(self, device: torch.device) -> Embeddings:
        """Embeddings of all segments."""
        batch_size, precision = self.params.embedding_batch_size, self.params.embedding_precision
        return embed(self.encoder, self.store, batch_size, device, precision)

    def train_heads(self, embeddings: Embeddings) -> list[int]:
        """The heads on frozen embeddings, stopped early; the epochs that each was trained."""
        parts = [embeddings.of(self.store.rows(split)) for split in ("train", "valid")]
        best = [train_probes(kind, *parts, self.store.tags, self.params, seed=0).epochs for kind in self.params.heads]
        # Encoded anew in each epoch, segments would serve all probes of a kind, until the last of them stops.
        return [min(max(epochs) + self.params.patience_epochs, self.params.max_epochs) for epochs in best]

    def segments_encoded(self, epochs: list[int]) -> int:
        """Segments that pass the encoder if it runs again in each epoch: training and validation, and the test once."""
        clips = segment_starts(self.store, self.encoder.params.clip_samples)[1]
        n_test = int(np.isin(clips, self.store.rows("test")).sum())
        return sum(epochs) * (len(clips) - n_test) + len(epochs) * n_test


def measure(quick: bool) -> Benchmark:
    """Seconds from a frozen encoder to trained heads."""
    device = chosen_device()
    with _case(quick) as case:
        case.encoder.to(device).eval()
        check = check_encoder(case.encoder.params, device, case.params.embedding_precision)
        repeats_s, counts = _measured_on(case, device)
    best_s = {name: min(times) for name, times in repeats_s.items()}
    n_encoded = counts["segments_encoded_by_peers"]
    again_s = n_encoded / counts["segments"] * best_s["embed all"] + best_s["heads alone"]
    n_batches = n_encoded / case.params.embedding_batch_size
    plain_s = n_batches * best_s["Conv1d fp32, one batch"] + best_s["heads alone"]
    heads = " and ".join(f"{kind} ({n})" for kind, n in zip(case.params.heads, counts["epochs"], strict=True))
    return Benchmark(
        name="probe",
        claim="Evaluating an encoder by embedding once costs a fraction of encoding all segments in each epoch.",
        unit="s",
        ours=best_s["ours"],
        peers={"ours, encoding in each epoch": again_s, "Conv1d fp32, encoding in each epoch": plain_s},
        goal=Goal(20, ">= 20x encoding in each epoch"),
        better="lower",
        notes=(
            f"{case.name}: width {case.encoder.params.width}, {case.params.embedding_precision}, {counts['segments']} "
            f"segments of {len(case.store.clips)} clips; heads and the epochs they were trained: {heads}.",
            "The peers' times are not runs but sums: the measured cost of encoding a segment times the "
            f"{n_encoded} segments to encode in as many epochs, and the measured time of the heads.",
            "The ratio is nearly the number of epochs, which depends on the data.",
            check,
        ),
        repeats_s=repeats_s,
        details=counts,
    )


@contextmanager
def _case(quick: bool) -> Iterator[Case]:
    """The evaluation of the pipeline if it has been run, else the encoder of the thesis on a synthetic store."""
    params = read_params(paths.params_file())
    run = pipeline_run(params)
    checkpoint, store_dir = paths.checkpoint_file(run.name, run.recipe.seeds[0]), paths.store_dir(run.evaluate_on)
    if not quick and checkpoint.exists() and store_dir.exists():
        name = f"evaluate@{run.name}, as in params.yaml"
        yield Case(load_encoder(checkpoint), open_store(store_dir), params.probe, name)
        return
    encoder_size = encoder_params(quick)
    size = StoreSize(10 if quick else 40, 6.0 if quick else 29.0, encoder_size.sample_rate_hz)
    encoder = initialised(lambda: SampleCNN(encoder_size), generator(0, "weights"))
    probe = replace(params.probe, embedding_batch_size=4 if quick else 64)
    if quick:
        probe = replace(probe, max_epochs=5)
    with TemporaryDirectory() as folder:
        write_synthetic_corpus(Path(folder) / "corpus", size)
        store = build_synthetic_store(Path(folder) / "corpus", size, Path(folder))
        yield Case(encoder, store, probe, "A synthetic store (the one of params.yaml is not there)")


def _measured_on(case: Case, device: torch.device) -> tuple[dict[str, list[float]], dict[str, int | list[int]]]:
    """Durations in s, and counts of segments and epochs."""
    embeddings = case.embed(device)
    epochs = case.train_heads(embeddings)
    batch_size = case.params.embedding_batch_size
    repeats_s = {
        "ours": repeated_s(lambda: case.train_heads(case.embed(device)), _N_REPEATS, device),
        "embed all": repeated_s(lambda: case.embed(device), _N_REPEATS, device),
        "heads alone": repeated_s(lambda: case.train_heads(embeddings), _N_REPEATS, device),
        "Conv1d fp32, one batch": plain_segments_s(case.encoder.params, batch_size, 1, _N_REPEATS, device),
    }
    return repeats_s, {
        "epochs": epochs,
        "segments": len(embeddings.clips),
        "segments_encoded_by_peers": case.segments_encoded(epochs),
    }
