"""SampleCNN, the encoder of CLMR: sample-level convolutions on raw audio."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

from torch import Tensor, nn

from clmr.models.blocks import Layers, block, two_blocks
from clmr.models.layout import Norm, audio_maps, require_audio
from clmr.models.level import Level, levelled
from clmr.storage.strict import Count, require, strict


@dataclass(frozen=True)
class InputFormat:
    """Input length of SampleCNN at one sample rate, and the blocks that reduce it to a single frame.

    Attributes:
        clip_samples: Length T of the input.
        strides: Kernel size, and pooling size, of each of the nine middle blocks.
    """

    clip_samples: int
    strides: tuple[int, ...]


FORMATS = {
    22_050: InputFormat(59_049, (3, 3, 3, 3, 3, 3, 3, 3, 3)),
    16_000: InputFormat(43_740, (3, 3, 3, 3, 3, 3, 5, 2, 2)),
    12_000: InputFormat(31_104, (3, 3, 3, 3, 2, 4, 4, 2, 2)),
    8_000: InputFormat(20_736, (3, 3, 3, 2, 2, 4, 4, 2, 2)),
}
"""Input of SampleCNN by sample rate in Hz.

Source: thesis Table 5.1 and Lee et al. 2018.
Differs: Table 5.1 prints eight kernels for two of the rates, where nine are needed to reach length
    1, and 43,470 samples at 16 kHz, a digit swap of 43,740; it leaves out the 12 kHz that section
    3.3 names. We follow the released code in all three.
"""


@strict
class SampleCNNParams:
    """Size of the encoder.

    Attributes:
        kind: ``sample_cnn``, its name among the encoders.
        sample_rate_hz: One of the keys of :data:`FORMATS`; decides input length and strides.
        width: Channels of the first block; the embedding has ``4 * width`` dimensions (thesis: 128).
        level: Level at which it reads audio (thesis: ``as_recorded``).
    """

    kind: Literal["sample_cnn"]
    sample_rate_hz: int
    width: Count
    level: Level = "as_recorded"

    def __post_init__(self) -> None:
        require(self.sample_rate_hz in FORMATS, "sample_rate_hz", self.sample_rate_hz, f"one of {sorted(FORMATS)}")

    def build(self) -> "SampleCNN":
        """A SampleCNN encoder of this size."""
        return SampleCNN(self)

    @property
    def clip_samples(self) -> int:
        """Samples of one input."""
        return FORMATS[self.sample_rate_hz].clip_samples

    @property
    def embedding_dim(self) -> int:
        """Dimensions D of the embedding."""
        return 4 * self.width


class SampleCNN(nn.Module):
    """Encoder from (B, T) audio to (B, D) embeddings, T fixed by the sample rate.

    A strided stem, nine blocks of convolution, batch norm, ReLU and max pooling, and a last block
    without pooling. With width w, three blocks have w channels, six 2w, and two 4w.

    Source: thesis section 3.3 and Table 2.4; Lee et al. 2018.
    Differs: section 5.1.3 lists ten channel counts for eleven convolutions, and Table 2.4 pads the
        pooling; as in the released code there are eleven counts and no padding. The last kernel has
        size 3 (Lee et al.: 1); on its input of length 1 only the centre tap sees data.

    The parameters have the names and shapes of the released checkpoints (``sequential.0.0.weight``
    of shape (128, 1, 3)), while the computation runs as channels-last 2-D convolution, for which
    CPUs and GPUs have the faster kernels.

    >>> import torch
    >>> encoder = SampleCNN(SampleCNNParams("sample_cnn", sample_rate_hz=8_000, width=4))
    >>> tuple(encoder(torch.zeros(2, 20_736)).shape)
    (2, 16)
    """

    def __init__(self, params: SampleCNNParams) -> None:
        super().__init__()
        self.params = params
        width = params.width
        channels = [width] * 3 + [2 * width] * 6 + [4 * width]
        strides = FORMATS[params.sample_rate_hz].strides
        stem = _Block(1, width, kernel=3, stride=3, padding=0, pool=1)
        # Padding is 1 whatever the kernel, as in the released code: a kernel of 2 lengthens the maps by one, one
        # of 5 shortens them by two, and pooling rounds down. So the length of the input cannot be read off the
        # strides, and FORMATS states it.
        middle = [
            _Block(before, after, kernel=stride, stride=1, padding=1, pool=stride)
            for before, after, stride in zip(channels[:-1], channels[1:], strides, strict=True)
        ]
        last = _Block(4 * width, 4 * width, kernel=3, stride=1, padding=1, pool=1)
        self.sequential = nn.Sequential(stem, *middle, last)

    def forward(self, audio: Tensor) -> Tensor:
        """Embeddings of shape (B, D).

        Args:
            audio: Mono audio in [-1, 1], shape (B, T) with T = ``params.clip_samples``.

        Raises:
            ValueError: If T does not fit the sample rate.
        """
        return self.sequential[2:](self._second_maps(audio)).flatten(start_dim=1)

    def layer_maps(self, audio: Tensor) -> Iterator[Tensor]:
        """Maps (B, C, 1, L) of every block above the first; the last ones have a single moment, the embedding.

        Args:
            audio: As for :meth:`forward`.

        Raises:
            ValueError: As :meth:`forward`.
        """
        maps = self._second_maps(audio)
        yield maps
        for above in list(self.sequential)[2:]:
            maps = above(maps)
            yield maps

    def _second_maps(self, audio: Tensor) -> Tensor:
        """Maps of the second block."""
        require_audio(audio, self.params.clip_samples, self.params.sample_rate_hz)
        maps = audio_maps(levelled(audio, self.params.level))
        first, second = (cast("_Block", self.sequential[index]) for index in (0, 1))
        joint = two_blocks(first.layers, second.layers, maps)
        return second(first(maps)) if joint is None else joint


class _Block(nn.Sequential):
    """Convolution, batch norm, ReLU and max pool over (B, C, 1, T) maps."""

    def __init__(self, before: int, after: int, *, kernel: int, stride: int, padding: int, pool: int) -> None:
        pooling = [nn.MaxPool2d((1, pool))] if pool > 1 else []
        super().__init__(
            nn.Conv1d(before, after, kernel, stride=stride, padding=padding),
            # 2-D, since maps have an axis of length 1: see clmr.models.layout.
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
            *pooling,
        )
        self.pool = pool

    @property
    def layers(self) -> Layers:
        """Its layers."""
        # For the type checker: torch annotates the entries of a sequence as modules of any kind.
        return Layers(cast("nn.Conv1d", self[0]), cast("Norm", self[1]), self.pool)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (B, C, 1, T) to maps of shape (B, C', 1, T')."""
        return block(self.layers.convolution, self.layers.norm, maps, pool_size=self.pool)
