"""The networks of contrastive predictive coding: convolutions, a recurrent summary, and predictors of frames."""

import math
from collections.abc import Iterator
from typing import Literal, cast

import torch
from torch import Tensor, nn

from clmr.models.blocks import block
from clmr.models.layout import Norm, audio_maps, require_audio
from clmr.models.level import Level, levelled
from clmr.storage.strict import Count, require, strict


@strict
class CPCParams:
    """Size of the encoder.

    Attributes:
        kind: ``cpc``, its name among the encoders.
        sample_rate_hz: Rate of the audio it reads.
        clip_samples: Length T of its input (thesis: 59,049).
        width: Channels C of every convolution (thesis: 512).
        context_dim: Dimensions D of a context, and of the embedding (thesis: 256).
        kernels: Kernel of each convolution (thesis: 10, 6, 4, 4, 4, 2, 2).
        strides: Stride of each (thesis: 5, 3, 2, 2, 2, 2, 2).
        paddings: Zeros at either end of the input of each (released code: 2, 2, 2, 2, 1, 1, 1).
        norm: Layer between a convolution and its ReLU: none (released code), or batch norm, with which
            far fewer training steps are enough.
        level: Level at which it reads audio (thesis: ``as_recorded``). With ``one_rms`` an input has a deviation of 1
            by itself, and that of the corpus is not used.
    """

    kind: Literal["cpc"]
    sample_rate_hz: Count
    clip_samples: Count
    width: Count
    context_dim: Count
    kernels: tuple[int, ...]
    strides: tuple[int, ...]
    paddings: tuple[int, ...]
    norm: Literal["none", "batch"]
    level: Level = "as_recorded"

    def __post_init__(self) -> None:
        n_layers = len(self.kernels)
        require(n_layers >= 1, "kernels", list(self.kernels), "a list of at least one kernel")
        for name, lowest in (("kernels", 1), ("strides", 1), ("paddings", 0)):
            values = getattr(self, name)
            fits = len(values) == n_layers and min(values) >= lowest
            require(fits, name, list(values), f"{n_layers} numbers >= {lowest}, one for each kernel")
        require(self.n_frames >= 2, "clip_samples", self.clip_samples, "long enough for two frames")

    def build(self) -> "CPC":
        """A CPC encoder of this size."""
        return CPC(self)

    @property
    def frame_counts(self) -> tuple[int, ...]:
        """Frames after each convolution."""
        counts, length = [], self.clip_samples
        for kernel, stride, padding in zip(self.kernels, self.strides, self.paddings, strict=True):
            # Never negative, so that too short an input is refused for its number of frames, not by a convolution.
            length = max(0, (length + 2 * padding - kernel) // stride + 1)
            counts.append(length)
        return tuple(counts)

    @property
    def n_frames(self) -> int:
        """Frames L of one input."""
        return self.frame_counts[-1]

    @property
    def hop_samples(self) -> int:
        """Samples from one frame to the next.

        Differs: thesis section 5.2 states 490; its strides multiply to 480.
        """
        return math.prod(self.strides)

    @property
    def embedding_dim(self) -> int:
        """Dimensions D of the embedding."""
        return self.context_dim


class CPC(nn.Module):
    """Encoder from (B, T) audio to (B, D) embeddings by way of frames (B, L, C) and contexts (B, L, D).

    Convolutions with ReLU turn standardised audio into frames; a gated recurrent unit summarises all
    frames up to each time in a context. The embedding is the mean of the contexts over time.

    Source: thesis sections 2.4.2, 3.6 and 5.2; van den Oord et al. 2019.
    Differs: section 5.2 states a downsampling of 490 and a frame each 5 ms, and so a reach of 100 ms
        for 20 steps; its strides multiply to 480, which is 21.8 ms at 22,050 Hz, and 435 ms. Section
        3.6 pools contexts of 256 dimensions to 512; the mean over time has 256, as in the released
        code. Input is standardised with mean and deviation of the corpus as in the released code, where
        they are typed in by hand; here they are measured (:meth:`standardise_by`) and kept with the
        weights. Section 5.2 likens its structure to SampleCNN's, which has batch norm; the released
        code has none, so it is a parameter.

    >>> params = CPCParams("cpc", 8_000, 1_000, 4, 3, kernels=(8, 4), strides=(5, 2), paddings=(2, 1), norm="none")
    >>> encoder = CPC(params)
    >>> tuple(encoder.frames(torch.zeros(2, 1_000)).shape), tuple(encoder(torch.zeros(2, 1_000)).shape)
    ((2, 100, 4), (2, 3))
    """

    audio_mean: Tensor
    audio_deviation: Tensor

    def __init__(self, params: CPCParams) -> None:
        super().__init__()
        self.params = params
        channels = [1] + [params.width] * len(params.kernels)
        shapes = zip(channels[:-1], channels[1:], params.kernels, params.strides, params.paddings, strict=True)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, after, kernel, stride=stride, padding=padding)
            for before, after, kernel, stride, padding in shapes
        )
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(params.width) if params.norm == "batch" else nn.Identity() for _ in params.kernels
        )
        self.recurrent = nn.GRU(params.width, params.context_dim, batch_first=True)
        # Buffers, so that they are saved with the weights: without them the encoder would read other levels.
        self.register_buffer("audio_mean", torch.zeros(()))
        self.register_buffer("audio_deviation", torch.ones(()))

    def standardise_by(self, audio: Tensor) -> None:
        """Take mean and standard deviation of this audio, of any shape, as those of all input.

        Raises:
            ValueError: If the audio is silent.
        """
        # In float64: a float32 sum over millions of samples loses the small mean.
        deviation = audio.double().std()
        if not deviation > 0:
            raise ValueError(f"audio to standardise by has a deviation of {deviation.item()}; it must not be silent")
        self.audio_mean.copy_(audio.double().mean())
        self.audio_deviation.copy_(deviation)

    def forward(self, audio: Tensor) -> Tensor:
        """Embeddings of shape (B, D).

        Args:
            audio: Mono audio in [-1, 1], shape (B, T) with T = ``params.clip_samples``.

        Raises:
            ValueError: If the shape is another.
        """
        return self.contexts(self.frames(audio)).mean(dim=1)

    def frames(self, audio: Tensor) -> Tensor:
        """Frames of shape (B, L, C), none negative.

        Args:
            audio: As for :meth:`forward`.

        Raises:
            ValueError: If the shape is another.
        """
        maps = self._standardised_maps(audio)
        for layer, norm in zip(self.convolutions, self.norms, strict=True):
            maps = block(cast("nn.Conv1d", layer), cast("Norm", norm), maps)
        return _in_frames(maps)

    def layer_maps(self, audio: Tensor) -> Iterator[Tensor]:
        """Maps (B, C, 1, L) of every convolution above the first, and last the contexts, (B, D, 1, L).

        Args:
            audio: As for :meth:`forward`.

        Raises:
            ValueError: As :meth:`forward`.
        """
        maps = self._standardised_maps(audio)
        for index, (layer, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            maps = block(cast("nn.Conv1d", layer), cast("Norm", norm), maps)
            if index:
                yield maps
        yield self.contexts(_in_frames(maps)).transpose(1, 2).unsqueeze(2)

    def _standardised_maps(self, audio: Tensor) -> Tensor:
        require_audio(audio, self.params.clip_samples, self.params.sample_rate_hz)
        return audio_maps(self._standardised(audio))

    def _standardised(self, audio: Tensor) -> Tensor:
        level = self.params.level
        return levelled(audio, level) if level == "one_rms" else (audio - self.audio_mean) / self.audio_deviation

    def contexts(self, frames: Tensor) -> Tensor:
        """Contexts of shape (B, L, D); the one at time t has seen frames 0 to t.

        Args:
            frames: Frames from :meth:`frames`, shape (B, L, C).
        """
        # In bfloat16 rounding errors would add up over the recurrence, and no kernel runs it faster.
        with torch.autocast(frames.device.type, enabled=False):
            weight = cast("Tensor", self.recurrent.weight_ih_l0)
            return self.recurrent(frames.to(weight.dtype))[0]


def _in_frames(maps: Tensor) -> Tensor:
    """Maps (B, C, 1, L) as frames (B, L, C)."""
    return maps.squeeze(2).transpose(1, 2)


class StepPredictor(nn.Module):
    """Linear predictions of the frames 1 to S steps ahead of each context, with one matrix per step.

    Source: thesis section 2.4.2; van den Oord et al. 2019, eq. 3. No biases, as in the released code.

    >>> tuple(StepPredictor(context_dim=3, width=4, n_steps=5)(torch.zeros(2, 7, 3)).shape)
    (2, 7, 5, 4)
    """

    def __init__(self, context_dim: int, width: int, n_steps: int) -> None:
        super().__init__()
        self.n_steps = n_steps
        self.linear = nn.Linear(context_dim, width * n_steps, bias=False)

    def forward(self, contexts: Tensor) -> Tensor:
        """Predictions of shape (B, W, S, C) for contexts of shape (B, W, D)."""
        # One product for all steps: the matrices of the steps are stacked along the output.
        return self.linear(contexts).unflatten(2, (self.n_steps, -1))
