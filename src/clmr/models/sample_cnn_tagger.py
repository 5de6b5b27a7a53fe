"""SampleCNN with a tagging head, trained end to end: the supervised twin of CLMR's encoder and linear probe."""

from typing import Literal

from torch import Tensor, nn

from clmr.models.heads import tagging_head
from clmr.models.level import Level
from clmr.models.sample_cnn import SampleCNN, SampleCNNParams
from clmr.storage.strict import Count, Probability, strict


@strict
class SampleCNNTaggerParams:
    """Size of the model.

    Attributes:
        kind: ``sample_cnn``, its name among the models that are trained end to end.
        sample_rate_hz: Decides input length and strides, as in :class:`SampleCNNParams`.
        width: Channels of the first block (thesis: 128).
        dropout: Probability of dropping a dimension of the embedding in training (thesis Table 2.4: 0.5).
        level: Level at which it reads audio (thesis: ``as_recorded``).
    """

    kind: Literal["sample_cnn"]
    sample_rate_hz: int
    width: Count
    dropout: Probability
    level: Level = "as_recorded"

    def __post_init__(self) -> None:
        _ = self.encoder  # raises if the encoder does not know the sample rate

    def build(self, n_tags: int) -> "SampleCNNTagger":
        """A tagger of this size with ``n_tags`` logits."""
        return SampleCNNTagger(self, n_tags)

    @property
    def encoder(self) -> SampleCNNParams:
        """The part that CLMR pre-trains without labels."""
        return SampleCNNParams("sample_cnn", self.sample_rate_hz, self.width, self.level)

    @property
    def clip_samples(self) -> int:
        """Samples of one input."""
        return self.encoder.clip_samples


class SampleCNNTagger(nn.Module):
    """Tagger from (B, T) audio to (B, K) logits, T fixed by the sample rate.

    ==========  ============================  =====================
    layer       what                          out, width 128, K 50
    ==========  ============================  =====================
    encoder     :class:`SampleCNN`            (B, 512)
    dropout     0.5                           (B, 512)
    fc          linear                        (B, 50)
    ==========  ============================  =====================

    2,394,162 parameters at 22,050 Hz.

    Source: thesis section 3.3, Table 2.4 and section 6.1; Lee et al. 2018.
    Differs: Lee et al. have a last convolution of kernel 1 and read a whole clip in ten segments;
        section 6.1 uses the exact same encoder as the self-supervised rows, and so do we. The released
        code only changes an attribute of the last layer for another number of tags; here it is built anew.

    >>> import torch
    >>> params = SampleCNNTaggerParams("sample_cnn", sample_rate_hz=8_000, width=2, dropout=0.5)
    >>> tuple(SampleCNNTagger(params, n_tags=5)(torch.zeros(2, 20_736)).shape)
    (2, 5)
    """

    def __init__(self, params: SampleCNNTaggerParams, n_tags: int) -> None:
        super().__init__()
        self.params = params
        self.encoder = SampleCNN(params.encoder)
        # Here and not in the encoder: section 3.3 removes dropout for pre-training.
        self.dropout = nn.Dropout(params.dropout)
        self.fc = tagging_head("linear", params.encoder.embedding_dim, n_tags)

    def forward(self, audio: Tensor) -> Tensor:
        """Logits of shape (B, K).

        Args:
            audio: Mono audio in [-1, 1], shape (B, T) with T = ``params.clip_samples``.

        Raises:
            ValueError: If T does not fit the sample rate.
        """
        return self.fc(self.dropout(self.encoder(audio)))
