"""The thesis's chain with public libraries: as many of its steps as each has, with the same probabilities.

Each library is imported where it is used, so that a missing one costs only its own number.
"""

import importlib
import importlib.util
import random
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from clmr.augmentations.chain import AugmentationParams

ExampleChain = Callable[[np.ndarray], np.ndarray]
"""One example of shape (T,), float32, to its augmented version."""


@dataclass(frozen=True)
class Peer:
    """A library and what it can do.

    Attributes:
        package: Name to import.
        build: Its chain, from parameters and sample rate in Hz.
        has_pitch: Whether it transposes; only then is it what we compare with.
        missing: Which steps it lacks, and why, one sentence.
    """

    package: str
    build: Callable[[AugmentationParams, int], Callable]
    has_pitch: bool
    missing: str

    @property
    def installed(self) -> bool:
        """Whether the package can be found."""
        return importlib.util.find_spec(self.package) is not None


def audiomentations_chain(params: AugmentationParams, sample_rate_hz: int) -> ExampleChain:
    """Five steps, one example at a time, on NumPy; transposition by Signalsmith Stretch."""
    import audiomentations as library

    low, high = params.filter.low_pass_hz, params.filter.high_pass_hz
    # The thesis's filters have 12 dB per octave here, and the lowest order is the cheapest.
    slope = {"min_rolloff": 12, "max_rolloff": 12, "p": 1.0}
    chain = library.Compose(
        [
            library.PolarityInversion(p=params.polarity.p),
            library.AddGaussianSNR(*params.noise.snr_db, p=params.noise.p),
            library.Gain(*params.gain.gain_db, p=params.gain.p),
            library.OneOf(
                [library.LowPassFilter(*low, **slope), library.HighPassFilter(*high, **slope)], p=params.filter.p
            ),
            library.PitchShift(*params.pitch.semitones, p=params.pitch.p),
        ]
    )
    return lambda example: chain(samples=example, sample_rate=sample_rate_hz)


def pedalboard_chain(params: AugmentationParams, sample_rate_hz: int) -> ExampleChain:
    """All steps, one example at a time; a new board for each, as its parameters are drawn."""
    import pedalboard as library

    def board() -> list[library.Plugin]:
        low_pass = random.random() < 0.5
        cutoff_hz = random.uniform(*(params.filter.low_pass_hz if low_pass else params.filter.high_pass_hz))
        steps = [
            (params.polarity, library.Invert, ()),
            (params.gain, library.Gain, (random.uniform(*params.gain.gain_db),)),
            (params.filter, library.LowpassFilter if low_pass else library.HighpassFilter, (cutoff_hz,)),
            (params.delay, library.Delay, (random.uniform(*params.delay.delay_ms) / 1000, 0.0, params.delay.factor)),
            (params.pitch, library.PitchShift, (random.uniform(*params.pitch.semitones),)),
            (params.reverb, library.Reverb, (random.random(), random.random(), random.random())),
        ]
        return [plugin(*values) for step, plugin, values in steps if random.random() < step.p]

    def augmented(example: np.ndarray) -> np.ndarray:
        if random.random() < params.noise.p:
            example = _with_noise(example, random.uniform(*params.noise.snr_db))
        return library.Pedalboard(board())(example, sample_rate_hz)

    return augmented


def torchaudio_augmentations_chain(params: AugmentationParams, sample_rate_hz: int) -> ExampleChain:
    """Five steps, one example at a time: the library of the released code, without what needs SoX."""
    with _stand_in("augment"):
        library = importlib.import_module("torchaudio_augmentations")
    low, high, delay_ms = params.filter.low_pass_hz, params.filter.high_pass_hz, params.delay.delay_ms
    chain = library.Compose(
        [
            library.RandomApply([library.PolarityInversion()], p=params.polarity.p),
            library.RandomApply([library.Noise()], p=params.noise.p),
            library.RandomApply([library.Gain(*params.gain.gain_db)], p=params.gain.p),
            library.RandomApply([library.HighLowPass(sample_rate_hz, *low, *high)], p=params.filter.p),
            library.RandomApply(
                [library.Delay(sample_rate_hz, params.delay.factor, *delay_ms, params.delay.step_ms)], p=params.delay.p
            ),
        ]
    )
    return lambda example: chain(torch.from_numpy(example).unsqueeze(0))[0].numpy()


def torch_audiomentations_chain(params: AugmentationParams, sample_rate_hz: int) -> Callable[[Tensor], Tensor]:
    """Five steps on batches of shape (B, T)."""
    import torch_audiomentations as library

    rate = {"sample_rate": sample_rate_hz, "output_type": "tensor"}
    filters = [
        library.LowPassFilter(*params.filter.low_pass_hz, p=1.0, **rate),
        library.HighPassFilter(*params.filter.high_pass_hz, p=1.0, **rate),
    ]
    steps: list[nn.Module] = [
        library.PolarityInversion(p=params.polarity.p, **rate),
        library.AddColoredNoise(*params.noise.snr_db, 0.0, 0.0, p=params.noise.p, **rate),
        library.Gain(*params.gain.gain_db, p=params.gain.p, **rate),
        library.OneOf(filters, p=params.filter.p, output_type="tensor"),
        library.PitchShift(*params.pitch.semitones, p=params.pitch.p, **rate),
    ]
    chain = library.Compose(steps, output_type="tensor")
    return lambda batch: chain(batch.unsqueeze(1), sample_rate=sample_rate_hz)[:, 0]


EXAMPLE_PEERS = {
    "audiomentations": Peer(
        "audiomentations",
        audiomentations_chain,
        True,
        "no delay; no reverberation without recorded or simulated rooms",
    ),
    "pedalboard": Peer(
        "pedalboard",
        pedalboard_chain,
        True,
        "no noise (added with NumPy); filters of order one",
    ),
    "torchaudio-augmentations": Peer(
        "torchaudio_augmentations",
        torchaudio_augmentations_chain,
        False,
        "no pitch, no reverberation: both need SoX effects that torchaudio has no longer",
    ),
}
"""Libraries that treat one example at a time, by name."""

BATCH_PEER = Peer(
    "torch_audiomentations",
    torch_audiomentations_chain,
    True,
    "no delay; no reverberation without recorded rooms; one kind of filter per batch",
)
"""The library that treats batches."""


def _with_noise(example: np.ndarray, snr_db: float) -> np.ndarray:
    level = example.std() * 10 ** (-snr_db / 20)
    return example + np.random.normal(0.0, level, example.shape).astype(np.float32)  # noqa: NPY002


@contextmanager
def _stand_in(package: str) -> Iterator[None]:
    """An empty module of that name while the block imports what needs it only for steps we cannot use."""
    sys.modules[package] = types.ModuleType(package)
    try:
        yield
    finally:
        del sys.modules[package]
