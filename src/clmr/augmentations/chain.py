"""The chain of augmentations on batches of raw audio.

What belongs here: the order of the steps. What does not: the steps, and the random crop before
them, which is the data loader's.
"""

import functools
from typing import NamedTuple, Self

import torch
from torch import Tensor

from clmr.augmentations import delay, filters, level, pitch, reverb
from clmr.augmentations.drawing import Draw, treat_chosen
from clmr.augmentations.parameters import AugmentationParams


class ChainDraw(NamedTuple):
    """Parameters drawn for every step and B examples, in the order in which the steps are applied."""

    polarity: Draw
    noise: level.NoiseDraw
    gain: level.GainDraw
    filter: filters.FilterDraw
    delay: delay.DelayDraw
    pitch: pitch.PitchDraw
    reverb: reverb.ReverbDraw

    def examples(self, which: slice | Tensor) -> Self:
        """The parameters of some of the examples."""
        return type(self)(*(step[which] for step in self))


def augment(batch: Tensor, params: AugmentationParams, sample_rate_hz: int, generator: torch.Generator) -> Tensor:
    """Each example of the batch through its own random chain of augmentations, shape (B, T).

    Source: thesis §3.1, steps 2 to 8 (step 1, the crop, comes before).

    Args:
        batch: Audio, float32 of shape (B, T) with B >= 1 and T >= 2, on any device; not changed.
        params: Probabilities and ranges.
        sample_rate_hz: Sample rate in Hz.
        generator: Generator on the CPU.

    Returns:
        A new tensor of shape (B, T).

    Raises:
        ValueError: If the batch has another shape or type, the sample rate is not positive, or, on
            the CPU, a sample is NaN or infinite. On a GPU the host would have to wait for the
            answer; such samples pass through to the loss.

    >>> batch = torch.zeros(2, 8000)
    >>> augment(batch, AugmentationParams.thesis(), 8000, torch.Generator().manual_seed(0)).shape
    torch.Size([2, 8000])
    """
    _check(batch, sample_rate_hz)
    return apply_chain(batch, draw_chain(params, len(batch), sample_rate_hz, generator), sample_rate_hz)


def draw_chain(
    params: AugmentationParams, n_examples: int, sample_rate_hz: int, generator: torch.Generator
) -> ChainDraw:
    """Parameters of all steps for B examples.

    The generator advances by as much whatever the probabilities, so that changing one step leaves
    the draws of the others as they are.

    >>> draw = draw_chain(AugmentationParams.thesis(), 4, 22050, torch.Generator().manual_seed(0))
    >>> draw.pitch.semitones.shape
    torch.Size([4])
    """
    return ChainDraw(
        polarity=level.draw_polarity(params.polarity, n_examples, generator),
        noise=level.draw_noise(params.noise, n_examples, generator),
        gain=level.draw_gain(params.gain, n_examples, generator),
        filter=filters.draw_filter(params.filter, n_examples, sample_rate_hz, generator),
        delay=delay.draw_delay(params.delay, n_examples, generator),
        pitch=pitch.draw_pitch(params.pitch, n_examples, generator),
        reverb=reverb.draw_reverb(params.reverb, n_examples, generator),
    )


def apply_chain(batch: Tensor, draw: ChainDraw, sample_rate_hz: int) -> Tensor:
    """The batch through the chain with the drawn parameters, shape (B, T).

    The result for an example depends on its own audio and parameters only, to rounding:
    1e-6 of its peak, 3e-5 with reverberation.

    Args:
        batch: Audio, float32 of shape (B, T).
        draw: Parameters of the B examples.
        sample_rate_hz: Sample rate in Hz.
    """
    batch = level.apply_levels(batch, draw.polarity, draw.gain)
    treat_chosen(batch, draw.noise, level.add_noise)
    for step, treat in (
        (draw.filter, filters.apply_filter),
        (draw.delay, delay.apply_delay),
        (draw.pitch, pitch.apply_pitch),
        (draw.reverb, reverb.apply_reverb),
    ):
        treat_chosen(batch, step, functools.partial(treat, sample_rate_hz=sample_rate_hz))
    return batch


def _check(batch: Tensor, sample_rate_hz: int) -> None:
    if batch.ndim != 2 or batch.shape[0] < 1 or batch.shape[1] < 2 or batch.dtype != torch.float32:
        found = f"{batch.dtype} of shape {tuple(batch.shape)}"
        raise ValueError(f"batch must be float32 of shape (B, T) with B >= 1 and T >= 2, got {found}")
    if sample_rate_hz <= 0:
        raise ValueError(f"sample_rate_hz must be > 0, got {sample_rate_hz}")
    # A sum shows a NaN or an infinity in one pass, a tenth of the time of isfinite().all().
    if batch.device.type == "cpu" and not batch.sum().isfinite():
        bad = (~batch.isfinite()).any(dim=1).nonzero()[:, 0].tolist()
        raise ValueError(f"batch must hold finite samples, got NaN or infinity in the examples {bad}")
