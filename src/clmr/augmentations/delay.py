"""The delay step: one echo.

What belongs here: the echo. What does not: the dense echoes of a room (``reverb``).
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from clmr.augmentations.drawing import Draw, draw_chosen, draw_integers
from clmr.augmentations.frames import runs
from clmr.augmentations.parameters import DelayParams


@dataclass(frozen=True)
class DelayDraw(Draw):
    """Drawn echoes: their delays in ms, and the amplitude factor they all share."""

    delay_ms: Tensor
    factor: float


def draw_delay(params: DelayParams, n_examples: int, generator: torch.Generator) -> DelayDraw:
    """Which of the B examples receive an echo, and after how long.

    Differs: the released code leaves out the longest delay (500 ms); here both ends are drawn.
    """
    low_ms, high_ms = params.delay_ms
    # The small constant keeps the last step when the division comes out a rounding error short.
    n_values = int((high_ms - low_ms) / params.step_ms + 1e-6) + 1
    chosen = draw_chosen(n_examples, params.p, generator)
    delay_ms = low_ms + params.step_ms * draw_integers(n_examples, n_values, generator).double()
    return DelayDraw(chosen, delay_ms, params.factor)


def apply_delay(batch: Tensor, draw: DelayDraw, sample_rate_hz: int) -> Tensor:
    """Each example with its echo: ``x[t] + factor * x[t - delay]``, shape (B, T).

    The delay is rounded to whole samples. What an echo would add after the end is cut off.

    Source: thesis §3.1, step 6.
    Differs: the released code returns half of this sum in its last version, and took the factor
        0.2 in its first. We follow the thesis: factor 0.5, added to the original, not halved.

    Args:
        batch: Audio, shape (B, T).
        draw: Parameters of the B examples.
        sample_rate_hz: Sample rate in Hz.
    """
    n_samples = batch.shape[1]
    delay_samples = (draw.delay_ms * sample_rate_hz / 1000).round().long().clamp(max=n_samples)
    longest = int(delay_samples.max())
    # A copy shifted in time costs a fifth of a product of spectra long enough for the echo, and is exact.
    echo = runs(pad(batch, (longest, 0)), (longest - delay_samples).to(batch.device), n_samples)
    return echo.mul_(draw.factor).add_(batch)
