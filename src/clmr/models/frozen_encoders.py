"""Frozen encoders from the checkpoints of any run, those of supervised networks included."""

from pathlib import Path
from typing import cast

from torch import nn

from clmr.models.encoders import EncoderParams
from clmr.models.initialisation import keeping_global_generator
from clmr.storage.tensors import load_tensors, load_weights


def load_frozen_encoder(checkpoint: Path, params: EncoderParams, prefix: str) -> nn.Module:
    """The encoder of a run, in evaluation mode and without gradients.

    Args:
        checkpoint: File of the run's weights.
        params: Architecture of the encoder.
        prefix: What the names of its weights begin with: nothing after pre-training, ``encoder.`` in a supervised
            network.

    Raises:
        FileNotFoundError: If the checkpoint is missing.
        ValueError: If it is damaged, or its weights are those of another architecture.
    """
    tensors, _ = load_tensors(checkpoint)
    # Its initial weights are overwritten, but drawing them would advance torch's global generator.
    encoder = keeping_global_generator(params.build)
    load_weights(encoder, tensors, prefix)
    return cast("nn.Module", encoder).eval().requires_grad_(False)
