"""Activations of an encoder's features for the segments of a test split: computing, keeping and reading them.

A folder of activations holds::

    activations.safetensors  values (B, D) and tags (B, K); in its header run, store, seed, rate, length and tag names
    segments.csv             clip_id, track_id, group_id, start_s; row i belongs to row i of the tensors

What belongs here: what the features of each segment are. What does not: what tags the segments of a feature have
(:mod:`clmr.interpret.tag_occurrence`), and how features hang together (:mod:`clmr.interpret.factors`).
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from clmr.batches.segments import segment_starts
from clmr.compute.precision import Precision
from clmr.corpora.store import Store, read_clips
from clmr.evaluation.embed import embed
from clmr.models.encoders import Encoder
from clmr.storage.files import write_text
from clmr.storage.tensors import load_tensors, save_tensors

ACTIVATIONS_NAME, SEGMENTS_NAME = "activations.safetensors", "segments.csv"
SEGMENT_COLUMNS = ("clip_id", "track_id", "group_id", "start_s")


@dataclass(frozen=True)
class Origin:
    """Where an encoder is from.

    Attributes:
        run: Its run.
        seed: Seed of the run.
    """

    run: str
    seed: int


@dataclass(frozen=True)
class Activations:
    """How strongly each feature of an encoder responds to each segment of a test split.

    Attributes:
        values: Activation of each feature, shape (B, D), float32; of SampleCNN the output of its last block, >= 0.
        segments: One row per segment, columns :data:`SEGMENT_COLUMNS`; segments of a clip are neighbours, in order.
        tags: Tags of the clip that each segment belongs to, shape (B, K), 0/1; K is 0 for a corpus without tags.
        tag_names: The K tags.
        run: The run whose encoder it is.
        store: The store that the segments are from.
        seed: Seed of the run.
        sample_rate_hz: Rate of the store.
        segment_samples: Length of each segment.
    """

    values: np.ndarray
    segments: pd.DataFrame
    tags: np.ndarray
    tag_names: tuple[str, ...]
    run: str
    store: str
    seed: int
    sample_rate_hz: int
    segment_samples: int

    def __post_init__(self) -> None:
        rows = {len(self.values), len(self.segments), len(self.tags)}
        if len(rows) > 1 or self.tags.shape[1] != len(self.tag_names):
            raise ValueError(
                f"found activations of shape {self.values.shape}, {len(self.segments)} segments and tags of shape "
                f"{self.tags.shape} with {len(self.tag_names)} names; all must have one row per segment"
            )

    @property
    def segment_s(self) -> float:
        """Seconds of each segment."""
        return self.segment_samples / self.sample_rate_hz

    def feature(self, number: int) -> np.ndarray:
        """Activations of one feature, shape (B,).

        Raises:
            ValueError: If there is no such feature.
        """
        n_features = self.values.shape[1]
        if not 0 <= number < n_features:
            raise ValueError(f"found feature {number}, features of {self.run} are 0 to {n_features - 1}")
        return self.values[:, number]


def activations_of(
    encoder: Encoder, store: Store, origin: Origin, batch_size: int, device: torch.device, precision: Precision
) -> Activations:
    """Activations of all non-overlapping segments of a store's test split.

    Source: thesis sections 7.2 and 7.3 (the values of the last convolutional block, one vector per segment).
    Differs: the released code takes every tenth test clip and applies a softmax over the features, so that a feature
        looks weak where another is strong; the thesis speaks of activations, which is what these are.

    Args:
        encoder: Frozen, in evaluation mode, on the device; its embedding is what is kept.
        store: The audio.
        origin: Where the encoder is from.
        batch_size: Segments per pass; changes the result by rounding only.
        device: Where to compute.
        precision: ``fp32`` or ``bf16``, in which some segments share a value, so that the earlier counts as stronger.

    Raises:
        ValueError: If encoder and store do not fit each other, or the test split has no clip.
    """
    store.require_rate(encoder.params.sample_rate_hz, "the encoder")
    n_samples, rows = encoder.params.clip_samples, store.rows("test")
    test = replace(store, clips=store.clips.iloc[rows].reset_index(drop=True), tags=store.tags[rows])
    embeddings = embed(encoder, test, batch_size, device, precision)
    starts, clip_of = segment_starts(test, n_samples)
    clips = test.clips.iloc[clip_of]
    segments = clips[["clip_id", "track_id", "group_id"]].reset_index(drop=True)
    segments["start_s"] = (starts - clips.offset.to_numpy()) / store.sample_rate_hz
    return Activations(
        embeddings.values, segments, test.tags[clip_of], store.tag_names, origin.run, store.folder.name, origin.seed,
        store.sample_rate_hz, n_samples,
    )  # fmt: skip


def save_activations(folder: Path, activations: Activations) -> None:
    """Write activations to a folder, each file completely or not at all."""
    facts = {
        "run": activations.run,
        "store": activations.store,
        "seed": activations.seed,
        "sample_rate_hz": activations.sample_rate_hz,
        "segment_samples": activations.segment_samples,
        "tag_names": list(activations.tag_names),
    }
    columns = activations.segments[list(SEGMENT_COLUMNS)]
    write_text(folder / SEGMENTS_NAME, columns.to_csv(index=False, float_format="%.6f", lineterminator="\n"))
    tensors = {"values": torch.from_numpy(activations.values), "tags": torch.from_numpy(activations.tags)}
    # Last: a folder with tensors has its table as well.
    save_tensors(folder / ACTIVATIONS_NAME, tensors, facts)


def load_activations(folder: Path) -> Activations:
    """The activations that :func:`save_activations` wrote.

    Raises:
        FileNotFoundError: If there are none.
        ValueError: If a file is damaged, or the two do not belong together.
    """
    tensors, facts = load_tensors(folder / ACTIVATIONS_NAME)
    tag_names = tuple(facts.pop("tag_names"))
    # As a store's table of clips: its ids are text, even one called "NA".
    segments = read_clips(folder / SEGMENTS_NAME)
    return Activations(tensors["values"].numpy(), segments, tensors["tags"].numpy(), tag_names=tag_names, **facts)


def moved(values: np.ndarray, n_segments: int) -> np.ndarray:
    """Whether at least so many segments move each feature from its smallest activation, shape (D,).

    A rectified feature that is 0 almost everywhere has no strongest segments beyond those: the others are only the
    first of the table.

    Args:
        values: Activations, shape (B, D).
        n_segments: Segments wanted of each feature.

    >>> moved(np.array([[0.0, 0.0], [0.0, 2.0], [1.0, 3.0]]), n_segments=2)
    array([False,  True])
    """
    return (values > values.min(axis=0)).sum(axis=0) >= n_segments


def strongest(values: np.ndarray, n_segments: int) -> np.ndarray:
    """Rows of the segments to which each feature responds most, strongest first, shape (n_segments, D).

    Of equal activations the earlier segment comes first.

    Args:
        values: Activations, shape (B, D).
        n_segments: Segments of each feature.

    Raises:
        ValueError: If there are fewer segments.

    >>> strongest(np.array([[1.0, 5.0], [3.0, 4.0], [2.0, 6.0]]), n_segments=2).tolist()
    [[1, 2], [2, 0]]
    """
    if not 1 <= n_segments <= len(values):
        raise ValueError(f"found n_segments {n_segments}, the test split has {len(values)} segments; ask for 1 to all")
    return np.argsort(-values, axis=0, kind="stable")[:n_segments]
