"""Whether what is about to be timed computes the right thing: ours against plain float32 on the CPU."""

import torch
from torch import Tensor

from benchmarks.plain import with_weights_of
from benchmarks.workloads import synthetic_audio
from clmr.compute.precision import autocast
from clmr.models.initialisation import initialise
from clmr.models.level import levelled
from clmr.models.sample_cnn import SampleCNN, SampleCNNParams

# Relative to the largest value. GPUs multiply float32 with 10 bits of mantissa in convolutions by
# default; bfloat16 has 7, and eleven layers add up.
_ENCODER_TOLERANCE = {"fp32": 5e-3, "bf16": 0.1}
_CHECKED_CLIPS = 4


class CheckError(ValueError):
    """A result differs too much from its float32 reference; its speed would mean nothing."""


def checked_difference(what: str, found: Tensor, reference: Tensor, tolerance: float) -> float:
    """Largest absolute difference over the largest absolute value of the reference.

    Args:
        what: Name for the message.
        found: Result on any device.
        reference: What it should be, float32 on the CPU, same shape.
        tolerance: Largest difference allowed.

    Raises:
        CheckError: If it is larger, or not a number.
    """
    difference = ((found.float().cpu() - reference).abs().max() / reference.abs().max()).item()
    if not difference <= tolerance:
        raise CheckError(
            f"{what}: differs from float32 on the CPU by {difference:.2g} of the largest value, "
            f"allowed are {tolerance:g}; not timed"
        )
    return difference


@torch.inference_mode()
def check_encoder(params: SampleCNNParams, device: torch.device, precision: str) -> str:
    """A sentence on how far our encoder is from the plain one with the same weights.

    Raises:
        CheckError: If it is too far.
    """
    encoder = SampleCNN(params).eval()
    initialise(encoder, torch.Generator().manual_seed(0))
    audio = synthetic_audio(_CHECKED_CLIPS, params.clip_samples, params.sample_rate_hz)
    # The plain one has no level of its own.
    reference = with_weights_of(encoder)(levelled(audio, params.level))
    encoder.to(device)
    with autocast(device, precision):
        found = encoder(audio.to(device))
    what = f"encoder in {precision} on {device.type}"
    difference = checked_difference(what, found, reference, _ENCODER_TOLERANCE[precision])
    return (
        f"Checked before timing: {what} differs from plain Conv1d in float32 on the CPU by at most "
        f"{difference:.2g} of the largest value (allowed: {_ENCODER_TOLERANCE[precision]:g})."
    )
