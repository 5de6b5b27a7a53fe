"""The 1-D CNN of Dieleman and Schrauwen: one strided layer in place of a spectrogram, then two small ones."""

from itertools import pairwise
from typing import Literal, cast

from torch import Tensor, nn
from torch.nn import functional

from clmr.models.layout import convolve, frame_maps, require_audio
from clmr.models.level import Level, levelled
from clmr.storage.strict import Count, Positive, require, strict

_CHANNELS, _KERNEL, _POOL, _HIDDEN_UNITS = 32, 8, 4, 100


@strict
class DielemanParams:
    """Size of the model.

    Attributes:
        kind: ``dieleman``, its name among the models that are trained end to end.
        sample_rate_hz: Samples per second of the input (the paper: 16,000).
        clip_duration_s: Length of the input (the paper: 3 s).
        frame_samples: Kernel of the first layer (the paper: 256 to 1,024; 1,024 is 64 ms).
        hop_samples: Its stride (the paper: 256 to 1,024; 512 is 32 ms).
        filters: Its channels.
        level: Level at which it reads audio (the paper: ``as_recorded``).
    """

    kind: Literal["dieleman"]
    sample_rate_hz: Count
    clip_duration_s: Positive
    frame_samples: Count
    hop_samples: Count
    filters: Count
    level: Level = "as_recorded"

    def __post_init__(self) -> None:
        require(
            self.hop_samples <= self.frame_samples,
            "hop_samples",
            self.hop_samples,
            f"<= frame_samples {self.frame_samples}, so that no sample is skipped",
        )
        require(
            self.n_summaries >= 1,
            "clip_duration_s",
            self.clip_duration_s,
            f"long enough for {_POOL**2} frames of {self.hop_samples} samples (it gives {self.n_frames})",
        )

    def build(self, n_tags: int) -> "Dieleman":
        """A tagger of this size with ``n_tags`` logits."""
        return Dieleman(self, n_tags)

    @property
    def clip_samples(self) -> int:
        """Samples of one input."""
        return round(self.clip_duration_s * self.sample_rate_hz)

    @property
    def n_frames(self) -> int:
        """Frames L after the first layer: one for each stride that begins within the input."""
        return -(-self.clip_samples // self.hop_samples)

    @property
    def n_summaries(self) -> int:
        """Time steps that are left for the dense layer after both poolings."""
        return self.n_frames // _POOL // _POOL


class Dieleman(nn.Module):
    """Tagger from (B, T) audio to (B, K) logits.

    Every convolution keeps its input's length ("same" padding) and is followed by ReLU. Shapes with
    128 filters, 1,024 / 512, 3 s at 16 kHz and K = 50:

    ==========  ======================================  ==============
    layer       what                                    out
    ==========  ======================================  ==============
    frames      conv 128, kernel 1024, stride 512       (B, 128, 94)
    layers.0    conv 32, kernel 8; max pool 4           (B, 32, 23)
    layers.1    conv 32, kernel 8; max pool 4           (B, 32, 5)
    flatten                                             (B, 160)
    hidden      linear, ReLU                            (B, 100)
    fc          linear                                  (B, 50)
    ==========  ======================================  ==============

    193,374 parameters.

    Source: Dieleman and Schrauwen 2014; thesis Table 6.1, where it is called 1D CNN.
    Differs: the number of filters of the first layer is in none of the sources read; 128 filters of
        1,024 / 512 are the nearest match to the 0.194 M parameters of thesis Figure 1.1. Without
        padding, the paper's 1,024 / 1,024 on 3 s would leave nothing to the second pooling. The
        thesis's 85.58 / 29.59 is not in the 2014 paper (0.8366 to 0.8487 ROC-AUC); it is probably from a
        later training whose settings are not known.

    >>> import torch
    >>> params = DielemanParams("dieleman", 8_000, 3.0, frame_samples=512, hop_samples=256, filters=4)
    >>> tuple(Dieleman(params, n_tags=5)(torch.zeros(2, 24_000)).shape)
    (2, 5)
    """

    def __init__(self, params: DielemanParams, n_tags: int) -> None:
        super().__init__()
        self.params = params
        self.frames = nn.Conv1d(1, params.filters, params.frame_samples, stride=params.hop_samples)
        channels = (params.filters, _CHANNELS, _CHANNELS)
        self.layers = nn.ModuleList(nn.Conv1d(before, after, _KERNEL) for before, after in pairwise(channels))
        self.hidden = nn.Linear(params.n_summaries * _CHANNELS, _HIDDEN_UNITS)
        self.fc = nn.Linear(_HIDDEN_UNITS, n_tags)

    def forward(self, audio: Tensor) -> Tensor:
        """Logits of shape (B, K).

        Args:
            audio: Mono audio in [-1, 1], shape (B, T) with T = ``params.clip_samples``.

        Raises:
            ValueError: If the shape is another.
        """
        params = self.params
        require_audio(audio, params.clip_samples, params.sample_rate_hz)
        # Zeros until the last stride that begins within the input finds a whole kernel ("same" padding).
        missing = (params.n_frames - 1) * params.hop_samples + params.frame_samples - params.clip_samples
        maps = functional.relu(frame_maps(_padded(levelled(audio, params.level), missing), self.frames))
        for layer in self.layers:
            # Padded here, not in the layer: an even kernel needs one zero more at the end than at the start.
            maps = functional.relu(convolve(cast("nn.Conv1d", layer), _padded(maps, _KERNEL - 1)))
            maps = functional.max_pool2d(maps, (1, _POOL))
        return self.fc(functional.relu(self.hidden(maps.flatten(start_dim=1))))


def _padded(signal: Tensor, missing: int) -> Tensor:
    """The signal with ``missing`` zeros around its last axis, the odd one at the end."""
    return functional.pad(signal, (missing // 2, missing - missing // 2))
