"""Synthetic audio, stores and recipes that the benchmarks share; no data is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import torch
from torch import Tensor

from benchmarks.plain import ADAM_LEARNING_RATE, PROJECTION_DIM, TEMPERATURE
from clmr.augmentations.chain import AugmentationParams
from clmr.compute.runtime import n_workers
from clmr.compute.seeding import generator
from clmr.corpora.build_store import StoreParams, build_store
from clmr.corpora.store import CLIPS_NAME, TAGS_NAME, Store, open_store
from clmr.models.sample_cnn import SampleCNNParams
from clmr.optim import AdamParams, ConstantParams
from clmr.params import Params, read_params, runs_of
from clmr.runs import Run
from clmr.storage import paths
from clmr.training.clmr import CLMRRecipe

PRECISIONS = ("fp32", "bf16")
_SPLITS = ("train",) * 6 + ("valid",) * 2 + ("test",) * 2
# Half of the labels are guessed, so that a probe overfits and stops early, as it does on real tags.
_P_GUESSED_LABEL = 0.5
_LOWEST_HZ, _OCTAVES = 80.0, 3.0
_MIDDLE_HZ = _LOWEST_HZ * 2 ** (_OCTAVES / 2)


@dataclass(frozen=True)
class StoreSize:
    """How much synthetic audio to write."""

    n_clips: int
    clip_duration_s: float
    sample_rate_hz: int


def encoder_params(quick: bool) -> SampleCNNParams:
    """The encoder of the thesis; a toy if quick."""
    return SampleCNNParams("sample_cnn", *((8_000, 4) if quick else (22_050, 128)))


def in_words(rates: Mapping[str, float], peers: tuple[str, ...]) -> str:
    """Rates of all, and how many times the best peer's the best of the others is.

    >>> in_words({"ours, fp32": 30.0, "ours, bf16": 40.0, "theirs": 10.0}, ("theirs", "absent"))
    'ours, fp32: 30.0; ours, bf16: 40.0; theirs: 10.0; 4.0x'
    """
    measured = [rates[peer] for peer in peers if peer in rates]
    best = max(rate for name, rate in rates.items() if name not in peers)
    ratio = [f"{best / max(measured):.1f}x"] if measured else []
    return "; ".join([*(f"{name}: {rate:.1f}" for name, rate in rates.items()), *ratio])


def thesis_chain() -> AugmentationParams:
    """The thesis's chain of augmentations, as the pipeline applies it."""
    return pipeline_recipe().augmentations


def pipeline_recipe() -> CLMRRecipe:
    """The recipe by which the pipeline pre-trains on its first corpus, from ``params.yaml``."""
    return pipeline_run(pipeline_params()).recipe


def pipeline_params() -> Params:
    """The parameters of ``params.yaml``.

    Raises:
        ValueError: If they are not the paper's.
    """
    params = read_params(paths.params_file())
    if not isinstance(params, Params):
        raise ValueError("params.yaml has none of the paper's runs; git checkout params.yaml brings them back")
    return params


def pipeline_run(params: Params) -> Run:
    """The run of that recipe."""
    return runs_of(params)["clmr_primary"]


def recipe(encoder: SampleCNNParams, batch_size: int, precision: str) -> CLMRRecipe:
    """The thesis's recipe below 96 pairs: Adam, non-linear projector, full chain on both views."""
    return CLMRRecipe(
        method="clmr",
        store="synthetic",
        splits=("train",),
        encoder=encoder,
        projector="nonlinear",
        projection_dim=PROJECTION_DIM,
        augmentations=thesis_chain(),
        augment_second_view=True,
        temperature=TEMPERATURE,
        batch_size=batch_size,
        epochs=1,
        optimizer=AdamParams("adam", ADAM_LEARNING_RATE, ConstantParams("constant"), weight_decay=1e-6),
        precision=precision,
        compiled=False,
        seeds=(0,),
    )


def synthetic_audio(n_examples: int, n_samples: int, sample_rate_hz: int, seed: int = 0) -> Tensor:
    """Harmonic tones in noise, float32 of shape (B, T) within [-1, 1].

    The noise keeps steps that compare pieces of the signal from meeting exact ties, which two
    devices may break differently.

    >>> tuple(synthetic_audio(2, 100, 8_000).shape)
    (2, 100)
    """
    cycles_per_sample = pitches_hz(n_examples, seed).unsqueeze(1) / sample_rate_hz
    phase = 2 * torch.pi * cycles_per_sample * torch.arange(n_samples)
    tones = sum((harmonic * phase).sin() / harmonic for harmonic in (1, 2, 3, 5))
    noise = torch.randn(n_examples, n_samples, generator=generator(seed, "noise"))
    return 0.2 * tones + 0.03 * noise.clamp(-5, 5)


def pitches_hz(n_examples: int, seed: int) -> Tensor:
    """Fundamentals of :func:`synthetic_audio`, shape (B,)."""
    octaves = _OCTAVES * torch.rand(n_examples, generator=generator(seed, "pitches"))
    return _LOWEST_HZ * 2**octaves


def write_synthetic_corpus(folder: Path, size: StoreSize, splits: tuple[str, ...] = _SPLITS) -> list[Path]:
    """FLAC files of one track each with the tables a store is built from; the files.

    Tag ``low`` is true for the lower half of the pitches, where it is not guessed.
    """
    n_samples = round(size.clip_duration_s * size.sample_rate_hz)
    rng = np.random.default_rng(0)
    clips, tags, files = [], [], []
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(size.n_clips):
        audio = synthetic_audio(1, n_samples, size.sample_rate_hz, seed=number)[0].numpy()
        files.append(folder / f"{number:05d}.flac")
        soundfile.write(files[-1], audio, size.sample_rate_hz)
        clips.append((f"{number:05d}", f"{number:05d}", splits[number % len(splits)], files[-1].name))
        low = pitches_hz(1, seed=number).item() < _MIDDLE_HZ
        label = rng.random() < 0.5 if rng.random() < _P_GUESSED_LABEL else low
        tags.append((f"{number:05d}", int(label), int(not label)))
    pd.DataFrame(clips, columns=["clip_id", "track_id", "split", "path"]).to_csv(folder / CLIPS_NAME, index=False)
    pd.DataFrame(tags, columns=["clip_id", "low", "high"]).to_csv(folder / TAGS_NAME, index=False)
    return files


def build_synthetic_store(corpus_dir: Path, size: StoreSize, folder: Path) -> Store:
    """The store of such a corpus."""
    params = StoreParams("synthetic", size.sample_rate_hz, min_duration_s=1.0, broken="refuse")
    # A process per core costs seconds to start, more than a small corpus takes.
    workers = n_workers() if size.n_clips >= 500 else 1
    build_store(corpus_dir, params, folder / "store", folder / "work", workers)
    return open_store(folder / "store")
