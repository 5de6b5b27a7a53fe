"""What the filters of a network respond to: gradient ascent on a short input, and the spectrum of what it finds.

What belongs here: the ascent, spectra, and keeping them. What does not: numbers and tests about spectra
(:mod:`clmr.interpret.filter_statistics`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

import numpy as np
import torch
from torch import Tensor, nn

from clmr.compute.seeding import generator
from clmr.interpret.layers import (
    Layer,
    convolved,
    frozen,
    hop_samples,
    layers_of,
    n_filters,
    receptive_field_samples,
    up_to,
)
from clmr.models.level import levelled
from clmr.storage.strict import Count, Positive, require, strict
from clmr.storage.tensors import load_tensors, save_tensors

if TYPE_CHECKING:
    from clmr.models.encoders import Encoder

Objective = Literal["mean", "power"]
"""``mean``: mean over time of what the convolution gives, before its norm, as in the released code. ``power``: the mean
of its square.

Differs: the mean is largest for an input that repeats with every hop of the layer, whatever the weights: then every
    window has the same, best content. So peaks lie at multiples of the sample rate over the hop, 7,350 Hz for a hop of
    3 samples at 22,050 Hz. The power is as large for content that moves against the hop, and has no such preference.
"""
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
SPECTRA_NAME = "spectra.safetensors"
# Filters are independent, so they are optimised side by side; more samples at a time would leave the caches.
_BATCH_SAMPLES = 2**19


@strict
class AscentParams:
    """How inputs are optimised.

    Attributes:
        n_samples: Length of the input; of layers that see more at once, as much as they see (thesis: 729).
        n_steps: Steps of the ascent (released code: 17).
        learning_rate: Rate of Adam (released code: 0.1).
        start_amplitude: Largest sample of the noise that the ascent starts from (released code: 0.5).
        seed: Seed of that noise.
    """

    n_samples: Count
    n_steps: Count
    learning_rate: Positive
    start_amplitude: Positive
    seed: int

    def __post_init__(self) -> None:
        # Spectra of a few samples have a few values.
        require(self.n_samples >= 16, "n_samples", self.n_samples, ">= 16")


@dataclass(frozen=True)
class LayerSpectra:
    """Spectra of the inputs to which the filters of one layer respond most.

    Attributes:
        layer: Number of the layer, from 1.
        hop_samples: Samples from one of its results to the next.
        values: Magnitude spectrum of each filter's input, the largest value 1, by objective, shape (filters, bins).
    """

    layer: int
    hop_samples: int
    values: dict[Objective, np.ndarray]


@dataclass(frozen=True)
class NetworkSpectra:
    """Spectra of several layers of one network.

    Attributes:
        run: The run whose network it is.
        sample_rate_hz: Rate of its audio.
        n_samples: Window of the spectra.
        layers: The layers, by number.
    """

    run: str
    sample_rate_hz: int
    n_samples: int
    layers: dict[int, LayerSpectra]

    @property
    def frequencies_hz(self) -> np.ndarray:
        """Frequency of each bin, from 0 to half the sample rate, shape (bins,)."""
        return np.fft.rfftfreq(self.n_samples, 1 / self.sample_rate_hz)


def network_spectra(encoder: nn.Module, run: str, layers: Sequence[int], params: AscentParams) -> NetworkSpectra:
    """Spectra of the best inputs of every filter of the chosen layers, for each objective.

    Source: thesis section 7.1 and Figures 7.1 to 7.3.
    Differs: the input has the level at which a network with the level ``one_rms`` reads audio, at every step, so that
        its shape is optimised and not its amplitude. Layers that see more than the 729 samples get as many as they see.

    Args:
        encoder: The network; frozen here.
        run: Name of its run.
        layers: Numbers of the layers, from 1.
        params: How inputs are optimised.

    Raises:
        ValueError: If there is no such layer, or inputs are longer than those of the encoder.
    """
    # For the type checker: an encoder is a module with parameters, which no type states.
    sizes = cast("Encoder", encoder).params
    if params.n_samples > sizes.clip_samples:
        raise ValueError(f"found n_samples {params.n_samples}, {run} reads {sizes.clip_samples} at most; use fewer")
    every = layers_of(frozen(encoder))
    found = {}
    for number in layers:
        below = up_to(every, number)
        # Longer than any input of the encoder it may be on paper, as the last kernels reach beyond the input.
        n_samples = min(max(params.n_samples, receptive_field_samples(below)), sizes.clip_samples)
        draws = generator(params.seed, "filters", number)
        start = params.start_amplitude * (2 * torch.rand(n_filters(below), n_samples, generator=draws) - 1)
        inputs = {objective: ascend(below, start, params, objective) for objective in OBJECTIVES}
        values = {name: magnitude_spectra(audio, params.n_samples).numpy() for name, audio in inputs.items()}
        found[number] = LayerSpectra(number, hop_samples(below), values)
    return NetworkSpectra(run, sizes.sample_rate_hz, params.n_samples, found)


def ascend(layers: Sequence[Layer], start: Tensor, params: AscentParams, objective: Objective) -> Tensor:
    """Inputs to which the filters of the last layer respond more than to where they started, shape (F, T).

    Row i is for filter i. Rows are independent of each other, so all are optimised side by side.

    Args:
        layers: Layers from the first on, frozen.
        start: Where to start, shape (F, T), F the number of filters.
        params: Number and size of the steps.
        objective: What is made large.
    """
    per_batch = max(1, _BATCH_SAMPLES // start.shape[1])
    batches = torch.arange(len(start)).split(per_batch)
    return torch.cat([_ascended(layers, start[batch], batch, params, objective) for batch in batches])


def _ascended(
    layers: Sequence[Layer], start: Tensor, filters: Tensor, params: AscentParams, objective: Objective
) -> Tensor:
    audio = start.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([audio], lr=params.learning_rate)
    for _ in range(params.n_steps):
        optimizer.zero_grad(set_to_none=True)
        # The sum over filters: each input has the gradient of its own response alone.
        (-responses(layers, audio, filters, objective).sum()).backward()
        optimizer.step()
    return audio.detach()


def responses(layers: Sequence[Layer], audio: Tensor, filters: Tensor, objective: Objective) -> Tensor:
    """Response of one filter of the last layer to each input, shape (B,).

    Args:
        layers: Layers from the first on.
        audio: Inputs at any level, shape (B, T).
        filters: Number of the filter for each of them, shape (B,).
        objective: What counts as the response.

    Raises:
        ValueError: If a filter is out of range.
    """
    n_known = n_filters(layers)
    if not ((filters >= 0) & (filters < n_known)).all():
        raise ValueError(f"found filters {filters.tolist()}, filters of the layer are 0 to {n_known - 1}")
    own = convolved(layers, levelled(audio, "one_rms"))[torch.arange(len(filters)), filters]
    return own.mean(dim=1) if objective == "mean" else own.square().mean(dim=1)


def magnitude_spectra(audio: Tensor, n_samples: int) -> Tensor:
    """Magnitude spectrum of each row without its mean, the largest value 1, shape (B, n_samples // 2 + 1).

    Longer rows are cut into windows that overlap by half, over whose power the mean is taken.

    Args:
        audio: Shape (B, T), T >= n_samples.
        n_samples: Length of the Hamming window.

    >>> tone = torch.sin(2 * torch.pi * 100 * torch.arange(800) / 8_000)
    >>> int(magnitude_spectra(tone[None], 800).argmax())  # bins of 10 Hz
    10
    """
    centred = audio - audio.mean(dim=1, keepdim=True)
    window = torch.hamming_window(n_samples, periodic=False)
    frames = torch.stft(
        centred, n_samples, hop_length=max(1, n_samples // 2), window=window, center=False, return_complex=True
    )
    magnitudes = frames.abs().square().mean(dim=2).sqrt()
    # Silence has no largest value to be divided by.
    return magnitudes / magnitudes.amax(dim=1, keepdim=True).clamp(min=torch.finfo(magnitudes.dtype).tiny)


def save_spectra(folder: Path, spectra: NetworkSpectra) -> None:
    """Write spectra to a folder, completely or not at all."""
    tensors = {
        f"{number}.{objective}": torch.from_numpy(values)
        for number, layer in spectra.layers.items()
        for objective, values in layer.values.items()
    }
    hops = {str(number): layer.hop_samples for number, layer in spectra.layers.items()}
    facts = {"run": spectra.run, "sample_rate_hz": spectra.sample_rate_hz, "n_samples": spectra.n_samples}
    save_tensors(folder / SPECTRA_NAME, tensors, facts | {"hop_samples": hops})


def load_spectra(folder: Path) -> NetworkSpectra:
    """The spectra that :func:`save_spectra` wrote.

    Raises:
        FileNotFoundError: If there are none.
        ValueError: If the file is damaged.
    """
    tensors, facts = load_tensors(folder / SPECTRA_NAME)
    layers = {
        int(number): LayerSpectra(int(number), hop, {name: tensors[f"{number}.{name}"].numpy() for name in OBJECTIVES})
        for number, hop in facts.pop("hop_samples").items()
    }
    return NetworkSpectra(layers=dict(sorted(layers.items())), **facts)
