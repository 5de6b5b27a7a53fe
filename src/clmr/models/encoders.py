"""The encoders that can be pre-trained: told apart by the ``kind`` of their parameters, and kept in checkpoints.

What belongs here: what all encoders have in common. What does not: any particular encoder. Each has a
module of its own, which is imported only when its parameters are read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

from clmr.models.initialisation import keeping_global_generator
from clmr.storage.strict import Variants, from_mapping, to_mapping
from clmr.storage.tensors import load_tensors, load_weights, save_tensors

# Strings, not classes: importing them all would make every stage depend on the code of every encoder.
ENCODERS = Variants({"sample_cnn": "clmr.models.sample_cnn:SampleCNNParams", "cpc": "clmr.models.cpc:CPCParams"})


class EncoderParams(Protocol):
    """What the parameters of all encoders share."""

    @property
    def kind(self) -> str:
        """Name of the architecture."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the audio it reads."""

    @property
    def clip_samples(self) -> int:
        """Length T of its input."""

    @property
    def embedding_dim(self) -> int:
        """Dimensions D of the embedding."""

    def build(self) -> nn.Module:
        """A new encoder: a map from audio (B, T) to embeddings (B, D) that keeps these parameters as ``params``."""


class Encoder(Protocol):
    """What all encoders share, besides being an ``nn.Module``."""

    @property
    def params(self) -> EncoderParams:
        """The parameters it was built from."""

    def __call__(self, audio: Tensor) -> Tensor:
        """Embeddings (B, D) of audio (B, T)."""

    def layer_maps(self, audio: Tensor) -> Iterator[Tensor]:
        """Maps (B, C, 1, L) of every layer above the first, of audio (B, T).

        The mean over time of the last ones is the embedding.
        """


def save_encoder(checkpoint: Path, encoder: nn.Module, facts: dict[str, Any]) -> None:
    """Write weights and parameters of an encoder, with plain facts beside them; completely or not at all.

    Args:
        checkpoint: File to write.
        encoder: Trained encoder, built by its parameters' ``build``.
        facts: Further facts for the header, such as recipe and seed of the run.
    """
    save_tensors(checkpoint, encoder.state_dict(), facts | {"encoder": to_mapping(encoder.params)})


def load_encoder(checkpoint: Path) -> nn.Module:
    """The frozen encoder of a checkpoint, of the architecture that its header states, in evaluation mode.

    Raises:
        FileNotFoundError: If the checkpoint is missing.
        ValueError: If it is damaged, or its weights are those of another architecture.
    """
    tensors, facts = load_tensors(checkpoint)
    params: EncoderParams = from_mapping(ENCODERS, facts["encoder"], f"{checkpoint}: encoder")
    # Its initial weights are overwritten, but drawing them would advance torch's global generator.
    encoder = keeping_global_generator(params.build)
    load_weights(encoder, tensors, prefix="")
    return encoder.eval().requires_grad_(False)
