"""The level at which a network reads audio: as it was recorded, or every input scaled to one loudness.

What belongs here: the scaling, which comes before the first layer. What does not: levels that a network is to become
robust to, which are augmentations (``clmr.augmentations.gain``).
"""

from typing import Literal

from torch import Tensor

Level = Literal["as_recorded", "one_rms"]
"""``as_recorded`` leaves the audio alone; ``one_rms`` scales each input to a root mean square of 1.

Source: ours.
Differs: the thesis and its code read audio as it was recorded. Behind batch norms, whose statistics are those of many
    inputs, a quiet input is a small deviation, so networks that read raw amplitude spend much of a short training on
    level.
"""

_LOWEST_RMS = 1e-5
"""-100 dB re full scale, below the last bit of 16-bit audio: scaling near-silence further would only make it noise."""


def levelled(audio: Tensor, level: Level) -> Tensor:
    """Audio (B, T) at the level that a network reads.

    With ``one_rms``, a factor applied to the audio changes nothing (to 1e-5), unless the root mean square falls below
    -100 dB re full scale; silence stays silent.

    >>> import torch
    >>> levelled(torch.tensor([[0.1, -0.1], [0.0, 0.0]]), "one_rms").tolist()
    [[1.0, -1.0], [0.0, 0.0]]
    """
    if level == "as_recorded":
        return audio
    # In float32 whatever the network computes in: the sum of twenty thousand squares needs its digits.
    rms = audio.float().square().mean(dim=1, keepdim=True).sqrt()
    return audio / rms.clamp(min=_LOWEST_RMS)
