"""What pre-training makes of one clip: pairs of crops, and every augmentation at a mild and at a strong setting.

What belongs here: examples, made by the code that training uses. What does not: drawing them
(:mod:`clmr.paper.augmentation_figures`) and playing them (:mod:`clmr.paper.audio_html`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from clmr.augmentations.chain import AugmentationParams, ChainDraw
from clmr.augmentations.step import Draw
from clmr.batches.crops import TrackCrops
from clmr.batches.reading import audio_reader
from clmr.batches.segments import long_enough
from clmr.compute.seeding import generator
from clmr.corpora.store import Store
from clmr.storage.strict import Count, Positive, require, strict

SETTINGS = ("mild", "strong")
VIEWS = ("x_i", "x_j")
"""The two crops of a pair, as the thesis calls them."""
STRETCH_COLUMNS = ("shown", "pair", "view", "start_s", "end_s", "low", "high")
_WAVEFORM_PARTS = 700
"""Parts of a clip whose lowest and highest samples are drawn: as many as a figure has room for."""
_UNITS = {"db": "dB", "hz": "Hz", "ms": "ms"}
_WORDS = {"snr": "signal-to-noise ratio"}
_KINDS = {("high_pass", True): "high-pass", ("high_pass", False): "low-pass"}
_NOT_SETTINGS = ("chosen", "seed")
"""Fields of a draw that say nothing of how it sounds."""


@strict
class ViewsParams:
    """Figure 3.2 and the gallery of augmentations: one clip of the primary store.

    Attributes:
        n_pairs: Pairs of crops.
        excerpt_ms: Length of the waveforms that are drawn.
        mild: Steps at a mild setting, each with ``p: 1.0`` and ranges of one value; steps that are left out are not
            shown. One that has no settings, as polarity, is enough in ``strong``.
        strong: The same at a strong setting.
        seed: Decides the clip, its crops, and what a setting leaves open, such as the kind of filter.
    """

    n_pairs: Count
    excerpt_ms: Positive
    mild: AugmentationParams
    strong: AugmentationParams
    seed: int

    def __post_init__(self) -> None:
        for setting in SETTINGS:
            for name, step in getattr(self, setting).steps().items():
                require(step.p == 1, f"{setting}.{name}.p", step.p, "1.0, since an example shows what the step does")
        require(bool(self.mild.steps() or self.strong.steps()), "strong", {}, "at least one step")


@dataclass(frozen=True)
class AugmentedExample:
    """A crop after one step.

    Attributes:
        step: Name of the step.
        setting: One of :data:`SETTINGS`.
        values: What was drawn for it, in words; empty where there is nothing to draw.
        audio: Shape (T,), float32.
    """

    step: str
    setting: str
    values: str
    audio: np.ndarray


def choose_clip(store: Store, clip_samples: int, seed: int) -> int:
    """Row of a random clip of the training split that has room for a crop.

    Args:
        store: The clips.
        clip_samples: Length of a crop.
        seed: Decides which.

    Raises:
        ValueError: If no clip of the training split is that long.
    """
    rows = long_enough(store, store.rows("train"), clip_samples)
    return int(rows[torch.randint(len(rows), (), generator=generator(seed, "clip"))])


def crop_pairs(store: Store, row: int, clip_samples: int, n_pairs: int, seed: int) -> np.ndarray:
    """First samples, within the clip, of pairs of crops drawn as in pre-training, shape (n_pairs, 2).

    Args:
        store: The clips.
        row: The clip, which counts as a track of its own.
        clip_samples: Length of a crop.
        n_pairs: Number of pairs.
        seed: Seed of the positions.
    """
    clip = store.clips.iloc[row]
    crops = TrackCrops(
        store,
        clip_samples,
        ends=np.array([clip.n_samples - clip_samples + 1]),
        offsets=np.array([clip.offset]),
        bounds=np.array([[0, 1]]),
        reader=audio_reader(store, torch.device("cpu")),
    )
    positions = torch.rand(2 * n_pairs, generator=generator(seed, "crops"), dtype=torch.float64).numpy()
    starts = crops.locate(np.zeros(2 * n_pairs, dtype=np.int64), positions) - clip.offset
    return starts.reshape(n_pairs, 2)


def read_crop(store: Store, row: int, start: int, clip_samples: int) -> Tensor:
    """One crop of a clip, shape (1, T), float32 in [-1, 1).

    Args:
        store: The clips.
        row: The clip.
        start: First sample of the crop within the clip.
        clip_samples: Length T of the crop.
    """
    first = store.clips.offset.iloc[row] + start
    return audio_reader(store, torch.device("cpu")).read(np.array([first]), clip_samples)


def overlap_share(n_samples: int, clip_samples: int) -> float:
    """Probability that the two crops of a pair share a sample.

    Args:
        n_samples: Length of the clip.
        clip_samples: Length of a crop, at most that of the clip.

    >>> overlap_share(7, 3), overlap_share(3, 3)
    (0.76, 1.0)
    """
    n_starts = n_samples - clip_samples + 1
    # Of n * n equally likely pairs of starts, those that lie a crop's length or more apart, in either order.
    n_apart = max(0, n_starts - clip_samples) * max(0, n_starts - clip_samples + 1)
    return 1 - n_apart / n_starts**2


def stretches(store: Store, row: int, clip_samples: int, pairs: np.ndarray) -> pd.DataFrame:
    """Figure 3.2: the waveform of a clip in short parts, and its pairs of crops, as stretches of time.

    Args:
        store: The clips.
        row: The clip.
        clip_samples: Length of a crop.
        pairs: First samples of crops, as :func:`crop_pairs` gives them.

    Returns:
        Columns :data:`STRETCH_COLUMNS`. Rows with ``shown`` "waveform" have the lowest and the highest sample of a
        part, those with "crop" the number of the pair, from 1, and one of :data:`VIEWS`.
    """
    audio, rate = store.clip(row), store.sample_rate_hz
    edges = np.linspace(0, len(audio), min(_WAVEFORM_PARTS, len(audio)) + 1).astype(int)
    scale = float(np.iinfo(audio.dtype).max) + 1
    waveform = pd.DataFrame(
        {
            "start_s": edges[:-1] / rate,
            "end_s": edges[1:] / rate,
            "low": np.minimum.reduceat(audio, edges[:-1]) / scale,
            "high": np.maximum.reduceat(audio, edges[:-1]) / scale,
        }
    )
    crops = [
        {"pair": number, "view": view, "start_s": start / rate, "end_s": (start + clip_samples) / rate}
        for number, pair in enumerate(pairs.tolist(), start=1)
        for view, start in zip(VIEWS, pair, strict=True)
    ]
    parts = [waveform.assign(shown="waveform"), pd.DataFrame(crops).assign(shown="crop")]
    typed = [part.reindex(columns=list(STRETCH_COLUMNS)).astype({"pair": "Int64", "view": object}) for part in parts]
    return pd.concat([part.astype({"low": float, "high": float}) for part in typed], ignore_index=True)


def augmented(crop: Tensor, sample_rate_hz: int, params: ViewsParams) -> tuple[AugmentedExample, ...]:
    """The crop after every step that is listed, alone, in the order of the chain; the mild setting first.

    Args:
        crop: Shape (1, T), float32.
        sample_rate_hz: Sample rate in Hz.
        params: The settings.
    """
    return tuple(_augmented(crop, sample_rate_hz, params))


def _augmented(crop: Tensor, sample_rate_hz: int, params: ViewsParams) -> Iterator[AugmentedExample]:
    for name in (field.name for field in fields(AugmentationParams)):
        for setting in SETTINGS:
            step = getattr(params, setting).steps().get(name)
            if step is not None:
                draw = step.draw(1, sample_rate_hz, generator(params.seed, setting, name))
                audio = ChainDraw({name: draw}).apply(crop, sample_rate_hz)
                yield AugmentedExample(name, setting, in_words(draw), audio[0].numpy())


def by_step(examples: Sequence[AugmentedExample]) -> dict[str, dict[str, AugmentedExample]]:
    """Examples by step and setting, in order of appearance."""
    found: dict[str, dict[str, AugmentedExample]] = {}
    for example in examples:
        found.setdefault(example.step, {})[example.setting] = example
    return found


def in_words(draw: Draw) -> str:
    """What was drawn for the first example of a step: values with their units, which their names state.

    >>> from clmr.augmentations.gain import GainDraw
    >>> in_words(GainDraw(torch.tensor([True]), torch.tensor([-6.0])))
    'gain -6 dB'
    """
    drawn = {field.name: getattr(draw, field.name) for field in fields(draw)}
    return ", ".join(
        _value_in_words(name, value[0].item())
        for name, value in drawn.items()
        if isinstance(value, Tensor) and name not in _NOT_SETTINGS
    )


def _value_in_words(name: str, value: float | bool) -> str:
    if isinstance(value, bool):
        return _KINDS.get((name, value), f"{name.replace('_', ' ')}: {'yes' if value else 'no'}")
    words, _, unit = name.rpartition("_")
    if unit in _UNITS:
        return f"{_WORDS.get(words, words.replace('_', ' '))} {value:,.4g} {_UNITS[unit]}"
    return f"{name.replace('_', ' ')} {value:.4g}"


def excerpt(crop: Tensor, examples: Sequence[AugmentedExample], sample_rate_hz: int, excerpt_ms: float) -> pd.DataFrame:
    """The loudest short stretch of a crop's second half, before and after every step.

    In the second half, since the longest echo comes half a second late.

    Args:
        crop: Before the steps, shape (1, T).
        examples: The crop after each step.
        sample_rate_hz: Sample rate in Hz.
        excerpt_ms: Length of the stretch.

    Returns:
        Columns time_ms, from the start of the crop, ``before``, and ``<step>_<setting>`` for each example.

    Raises:
        ValueError: If half of the crop is shorter than the stretch.
    """
    before, n_samples = crop[0].numpy(), round(excerpt_ms * sample_rate_hz / 1000)
    half = len(before) // 2
    longest_ms = 1000 * (len(before) - half) / sample_rate_hz
    fits = 1 <= n_samples <= len(before) - half
    require(fits, "excerpt_ms", excerpt_ms, f"at least a sample and at most half of the crop, {longest_ms:.0f} ms")
    energies = np.convolve(np.square(before[half:], dtype=np.float64), np.ones(n_samples), mode="valid")
    start = half + int(energies.argmax())
    shown = slice(start, start + n_samples)
    columns = {f"{example.step}_{example.setting}": example.audio[shown] for example in examples}
    time_ms = 1000 * np.arange(start, start + n_samples) / sample_rate_hz
    return pd.DataFrame({"time_ms": time_ms, "before": before[shown], **columns})
