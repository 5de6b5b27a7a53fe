"""The models that are trained end to end, told apart by the ``kind`` of their parameters."""

import torch
from torch import nn

from clmr.models.dieleman import Dieleman, DielemanParams
from clmr.models.initialisation import initialised
from clmr.models.pons import Pons, PonsParams
from clmr.models.sample_cnn_tagger import SampleCNNTagger, SampleCNNTaggerParams

TaggerParams = SampleCNNTaggerParams | PonsParams | DielemanParams
"""Parameters of one of the models; each has ``kind``, ``sample_rate_hz`` and ``clip_samples``."""

_MODELS = {"sample_cnn": SampleCNNTagger, "pons": Pons, "dieleman": Dieleman}


def build_tagger(params: TaggerParams, n_tags: int, generator: torch.Generator) -> nn.Module:
    """The model, from audio (B, T) to logits (B, K), with initial weights drawn from ``generator`` alone.

    >>> params = DielemanParams("dieleman", 8_000, 3.0, frame_samples=512, hop_samples=256, filters=4)
    >>> type(build_tagger(params, 5, torch.Generator().manual_seed(0))).__name__
    'Dieleman'
    """
    return initialised(lambda: _MODELS[params.kind](params, n_tags), generator)
