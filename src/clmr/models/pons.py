"""The waveform model of Pons et al., the strongest supervised row of Table 6.1."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from clmr.models.blocks import block
from clmr.models.layout import audio_maps, convolve, require_audio
from clmr.models.level import Level, levelled
from clmr.storage.strict import Count, Positive, Probability, require, strict

_N_POOLS = 6
_BACK_KERNEL = 7


@strict
class PonsParams:
    """Size of the model.

    Attributes:
        kind: ``pons``, its name among the models that are trained end to end.
        sample_rate_hz: Samples per second of the input (the authors: 16,000).
        clip_duration_s: Length of the input: 15 s in training for the published scores, 3 s in the
            authors' later library (neither confirmed in what we read). The row of Table 6.1 quotes the
            former; the latter is closer to what the other rows read and costs a fifth.
        width: Channels of the first layer; the others scale with it (the authors: 64).
        pools: Size of each of the six poolings. Three times each other and the stem's stride of 3
            they make one frame of the back end, 2,187 samples with the authors' (3, 3, 3, 3, 3, 3):
            137 ms at 16 kHz. At 8 kHz, (3, 3, 3, 3, 2, 2) keeps about that length, 122 ms.
        hidden_units: Units of the dense layer before the logits (the authors: 500).
        dropout: Probability of dropping a unit before and after that layer (the authors: 0.5).
        level: Level at which it reads audio (the authors: ``as_recorded``).
    """

    kind: Literal["pons"]
    sample_rate_hz: Count
    clip_duration_s: Positive
    width: Count
    pools: tuple[Count, ...]
    hidden_units: Count
    dropout: Probability
    level: Level = "as_recorded"

    def __post_init__(self) -> None:
        require(len(self.pools) == _N_POOLS, "pools", list(self.pools), f"{_N_POOLS} sizes")
        # The first convolution of the back end shortens by 6 frames, and the pooling after it needs two.
        require(
            self.n_frames >= _BACK_KERNEL + 1,
            "clip_duration_s",
            self.clip_duration_s,
            f"long enough for {_BACK_KERNEL + 1} frames behind the poolings {list(self.pools)} "
            f"(it gives {self.n_frames})",
        )

    def build(self, n_tags: int) -> "Pons":
        """A tagger of this size with ``n_tags`` logits."""
        return Pons(self, n_tags)

    @property
    def clip_samples(self) -> int:
        """Samples of one input."""
        return round(self.clip_duration_s * self.sample_rate_hz)

    @property
    def n_frames(self) -> int:
        """Frames L between front end and back end."""
        length = self.clip_samples // 3
        for pool in self.pools:
            # A convolution of kernel 3 without padding shortens by two.
            length = (length - 2) // pool
        return length


class Pons(nn.Module):
    """Tagger from (B, T) audio to (B, K) logits.

    Front end of sample-level convolutions without padding, back end of wide ones with residual
    connections, pooled over time by maximum and mean. Every convolution is followed by ReLU, then
    batch norm. Shapes with width 64, 3 s at 16 kHz and K = 50:

    ============  ==============================================  =================
    layer         what                                            out
    ============  ==============================================  =================
    stem          conv 64, kernel 3, stride 3                     (B, 64, 16000)
    front.0       conv 64, kernel 3; max pool 3                   (B, 64, 5332)
    front.1       conv 64, kernel 3; max pool 3                   (B, 64, 1776)
    front.2       conv 128, kernel 3; max pool 3                  (B, 128, 591)
    front.3       conv 128, kernel 3; max pool 3                  (B, 128, 196)
    front.4       conv 128, kernel 3; max pool 3                  (B, 128, 64)
    front.5       conv 256, kernel 3; max pool 3                  (B, 256, 20)
    back.0        conv 512, kernel 7                              (B, 512, 14)
    back.1        conv 512, kernel 7, padding 3; added to input   (B, 512, 14)
    pool          max pool 2                                      (B, 512, 7)
    back.2        conv 512, kernel 7, padding 3; added to input   (B, 512, 7)
    summary       maximum and mean over time                      (B, 1024)
    hidden        dropout; linear, ReLU, batch norm; dropout      (B, 500)
    fc            linear                                          (B, 50)
    ============  ==============================================  =================

    5,377,082 parameters, whatever the length of the input.

    Source: Pons et al. 2018, as in the authors' released code; thesis Table 6.1.
    Differs: the thesis plots 11.8 M parameters (Figure 1.1), which no variant of the authors' code has
        (5.05 M with 200 hidden units, 4.95 M with 100). In that code the batch norms of back.1 and back.2
        see transposed maps and so have one mean, scale and shift for all channels; we follow, since the
        number of parameters depends on it. Initial weights and the constants of batch norm are those of
        our other models, not of the authors' framework.

    >>> params = PonsParams("pons", 8_000, 3.0, width=2, pools=(3, 3, 3, 3, 2, 2), hidden_units=4, dropout=0.5)
    >>> tuple(Pons(params, n_tags=5).eval()(torch.zeros(2, 24_000)).shape)
    (2, 5)
    """

    def __init__(self, params: PonsParams, n_tags: int) -> None:
        super().__init__()
        self.params = params
        width, wide = params.width, 8 * params.width
        channels = [width, width, width, 2 * width, 2 * width, 2 * width, 4 * width]
        self.stem = _Block(1, width, kernel=3, stride=3)
        self.front = nn.ModuleList(
            _Block(before, after, kernel=3, pool=pool)
            for before, after, pool in zip(channels[:-1], channels[1:], params.pools, strict=True)
        )
        self.back = nn.ModuleList(
            [
                _Block(4 * width, wide, kernel=_BACK_KERNEL),
                _Residual(wide),
                _Residual(wide),
            ]
        )
        self.hidden = nn.Sequential(
            nn.Dropout(params.dropout),
            nn.Linear(2 * wide, params.hidden_units),
            nn.ReLU(),
            nn.BatchNorm1d(params.hidden_units),
            nn.Dropout(params.dropout),
        )
        self.fc = nn.Linear(params.hidden_units, n_tags)

    def forward(self, audio: Tensor) -> Tensor:
        """Logits of shape (B, K).

        Args:
            audio: Mono audio in [-1, 1], shape (B, T) with T = ``params.clip_samples``.

        Raises:
            ValueError: If the shape is another.
        """
        require_audio(audio, self.params.clip_samples, self.params.sample_rate_hz)
        maps = self.stem(audio_maps(levelled(audio, self.params.level)))
        for layer in self.front:
            maps = layer(maps)
        maps = self.back[1](self.back[0](maps))
        maps = self.back[2](functional.max_pool2d(maps, (1, 2)))
        summary = torch.cat([maps.amax(dim=(2, 3)), maps.mean(dim=(2, 3))], dim=1)
        return self.fc(self.hidden(summary))


class _Block(nn.Module):
    """Convolution, ReLU, batch norm and max pool over (B, C, 1, T) maps."""

    def __init__(self, before: int, after: int, *, kernel: int, stride: int = 1, pool: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(before, after, kernel, stride=stride)
        self.norm = nn.BatchNorm2d(after)
        self.pool = pool

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (B, C, 1, T) to maps of shape (B, C', 1, T')."""
        # ReLU before batch norm, as in the authors' code; SampleCNN has them the other way round.
        return block(self.convolution, self.norm, maps, pool_size=self.pool, rectify_first=True)


class _Residual(nn.Module):
    """Convolution, ReLU and a batch norm that treats all channels as one, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(channels, channels, _BACK_KERNEL, padding=_BACK_KERNEL // 2)
        self.norm = nn.BatchNorm2d(1)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (B, C, 1, T) to maps of the same shape."""
        activations = functional.relu(convolve(self.convolution, maps), inplace=True)
        # Channels trade places with the axis of length 1, so that the norm sees one channel, as in the authors' code.
        return maps + self.norm(activations.transpose(1, 2)).transpose(1, 2)
