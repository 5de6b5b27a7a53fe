"""Claim: a probe that embeds once costs a fraction of one that encodes all segments again in each epoch."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.benchmark import Benchmark, Goal
from benchmarks.checks import check_encoder
from benchmarks.embedding import plain_segments_s
from benchmarks.timing import repeated_s
from benchmarks.workloads import StoreSize, build_synthetic_store, encoder_params, write_synthetic_corpus
from clmr.corpora.store import Store
from clmr.evaluation.embed import Embeddings, embed
from clmr.evaluation.probe import Probe, ProbeParams, train_probe
from clmr.models.initialisation import initialise
from clmr.models.sample_cnn import SampleCNN, SampleCNNParams
from clmr.runtime import device as chosen_device
from clmr.seeding import generator

_PRECISION = "fp32"  # that of the thesis's probes, in params/paper.yaml
_N_REPEATS = 2


def probe_params(quick: bool) -> ProbeParams:
    """The thesis's probe: linear, Adam, patience of three epochs; at ten times its rate.

    An epoch of this small store has a tenth of the steps, or fewer, of one of a corpus. At the
    thesis's rate it would take 155 epochs, which would flatter us.
    """
    return ProbeParams(
        heads=("linear",),
        learning_rate=3e-3,
        weight_decay=1e-6,
        batch_size=64,
        max_epochs=5 if quick else 200,
        patience_epochs=3,
        n_resamples=1,
        embedding_batch_size=4 if quick else 64,
        embedding_precision=_PRECISION,
        seed=0,
    )


def train_head(store: Store, embeddings: Embeddings, params: ProbeParams) -> Probe:
    """The linear head on frozen embeddings, stopped early."""
    parts = (embeddings.of(store.rows(split)) for split in ("train", "valid"))
    return train_probe("linear", *parts, store.tags, params)


def segments_encoded(store: Store, embeddings: Embeddings, n_epochs: int) -> int:
    """Segments that pass the encoder if it runs again in each epoch: training and validation, and the test once."""
    n_test = len(embeddings.of(store.rows("test")).clips)
    return n_epochs * (len(embeddings.clips) - n_test) + n_test


def measure(quick: bool) -> Benchmark:
    """Seconds from a frozen encoder to a trained linear head."""
    device, params, encoder_size = chosen_device(), probe_params(quick), encoder_params(quick)
    size = StoreSize(10 if quick else 40, 6.0 if quick else 29.0, encoder_size.sample_rate_hz)
    check = check_encoder(encoder_size, device, _PRECISION)
    with TemporaryDirectory() as folder:
        write_synthetic_corpus(Path(folder) / "corpus", size)
        store = build_synthetic_store(Path(folder) / "corpus", size, Path(folder))
        repeats_s, counts = _measured_on(store, encoder_size, params, device)
    best_s = {name: min(times) for name, times in repeats_s.items()}
    n_encoded = counts["segments_encoded_by_peers"]
    again_s = n_encoded / counts["segments"] * best_s["embed all"] + best_s["head alone"]
    plain_s = n_encoded / params.embedding_batch_size * best_s["Conv1d fp32, one batch"] + best_s["head alone"]
    return Benchmark(
        name="probe",
        claim="Evaluating an encoder by embedding once costs a fraction of encoding all segments in each epoch.",
        unit="s",
        ours=best_s["ours"],
        peers={"ours, encoding in each epoch": again_s, "Conv1d fp32, encoding in each epoch": plain_s},
        goal=Goal(20, ">= 20x encoding in each epoch"),
        better="lower",
        notes=(
            f"Width {encoder_size.width}, {_PRECISION}, {counts['segments']} segments of {size.n_clips} clips; "
            f"training ended after {counts['epochs']} epochs (early stopping, at most {params.max_epochs}).",
            "The peers' times are not runs but sums: the measured cost of encoding a segment times the "
            f"{n_encoded} segments to encode in as many epochs, and the measured time of the head.",
            "The ratio is nearly the number of epochs, which depends on the data; here they are synthetic.",
            check,
        ),
        repeats_s=repeats_s,
        details=counts,
    )


def _measured_on(
    store: Store, encoder_size: SampleCNNParams, params: ProbeParams, device: torch.device
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Durations in s, and counts of segments and epochs."""
    encoder, batch_size = SampleCNN(encoder_size), params.embedding_batch_size
    initialise(encoder, generator(0, "weights"))
    encoder.to(device).eval()

    def embed_all() -> Embeddings:
        return embed(encoder, store, encoder_size.clip_samples, batch_size, device, _PRECISION)

    embeddings = embed_all()
    n_epochs = min(train_head(store, embeddings, params).epochs + params.patience_epochs, params.max_epochs)
    repeats_s = {
        "ours": repeated_s(lambda: train_head(store, embed_all(), params), _N_REPEATS, device),
        "embed all": repeated_s(embed_all, _N_REPEATS, device),
        "head alone": repeated_s(lambda: train_head(store, embeddings, params), _N_REPEATS, device),
        "Conv1d fp32, one batch": plain_segments_s(encoder_size, batch_size, 1, _N_REPEATS, device),
    }
    n_encoded = segments_encoded(store, embeddings, n_epochs)
    return repeats_s, {
        "epochs": n_epochs,
        "segments": len(embeddings.clips),
        "segments_encoded_by_peers": n_encoded,
    }
