"""The models that are trained end to end, told apart by the ``kind`` of their parameters."""

from typing import Protocol

import torch
from torch import nn

from clmr.models.initialisation import initialised
from clmr.storage.strict import Variants

# Strings, not classes, so that a run depends on the code of its own tagger only.
TAGGERS = Variants(
    {
        "sample_cnn": "clmr.models.sample_cnn_tagger:SampleCNNTaggerParams",
        "pons": "clmr.models.pons:PonsParams",
        "dieleman": "clmr.models.dieleman:DielemanParams",
    }
)


class TaggerParams(Protocol):
    """What the parameters of all taggers share."""

    @property
    def kind(self) -> str:
        """Name of the architecture."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the audio it reads."""

    @property
    def clip_samples(self) -> int:
        """Length T of its input."""

    def build(self, n_tags: int) -> nn.Module:
        """A new model: a map from audio (B, T) to logits (B, K)."""


def build_tagger(params: TaggerParams, n_tags: int, generator: torch.Generator) -> nn.Module:
    """A new model from audio (B, T) to logits (B, K), with initial weights drawn from ``generator`` alone.

    Args:
        params: Parameters of any of the :data:`TAGGERS`.
        n_tags: K.
        generator: Source of the weights.

    >>> mapping = {"kind": "sample_cnn", "sample_rate_hz": 8_000, "width": 2, "dropout": 0.5}
    >>> model = build_tagger(TAGGERS.read(mapping), 5, torch.Generator().manual_seed(0))
    >>> tuple(model(torch.zeros(2, 20_736)).shape)
    (2, 5)
    """
    return initialised(lambda: params.build(n_tags), generator)
