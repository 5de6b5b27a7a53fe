"""The released implementation of SampleCNN and its training step, written anew: what ours is compared with.

Conv1d, BatchNorm1d, ReLU and MaxPool1d in float32, the two views one after the other.
"""

import torch
from torch import Tensor, nn

from clmr.losses import nt_xent
from clmr.models.heads import projector
from clmr.models.sample_cnn import FORMATS, SampleCNN, SampleCNNParams

PROJECTION_DIM = 64
TEMPERATURE = 0.5
ADAM_LEARNING_RATE = 3e-4


class PlainSampleCNN(nn.Module):
    """Encoder from (B, T) audio to (B, D) embeddings, with the state of :class:`clmr.models.sample_cnn.SampleCNN`.

    Source: the released code, ``clmr/models/sample_cnn.py``, as described in Table 2.4.

    >>> encoder = PlainSampleCNN(SampleCNNParams("sample_cnn", sample_rate_hz=8_000, width=4))
    >>> tuple(encoder(torch.zeros(2, 20_736)).shape)
    (2, 16)
    """

    def __init__(self, params: SampleCNNParams) -> None:
        super().__init__()
        width, strides = params.width, FORMATS[params.sample_rate_hz].strides
        channels = [width] * 3 + [2 * width] * 6 + [4 * width]
        blocks = [nn.Sequential(nn.Conv1d(1, width, 3, stride=3), nn.BatchNorm1d(width), nn.ReLU())]
        for before, after, stride in zip(channels[:-1], channels[1:], strides, strict=True):
            convolution = nn.Conv1d(before, after, stride, padding=1)
            blocks.append(nn.Sequential(convolution, nn.BatchNorm1d(after), nn.ReLU(), nn.MaxPool1d(stride)))
        last = nn.Conv1d(4 * width, 4 * width, 3, padding=1)
        blocks.append(nn.Sequential(last, nn.BatchNorm1d(4 * width), nn.ReLU()))
        self.sequential = nn.Sequential(*blocks)

    def forward(self, audio: Tensor) -> Tensor:
        """Embeddings of shape (B, D) of audio of shape (B, T)."""
        return self.sequential(audio.unsqueeze(1)).squeeze(2)


def with_weights_of(encoder: SampleCNN) -> PlainSampleCNN:
    """The plain encoder that computes what ``encoder`` computes, on the CPU, in evaluation mode."""
    plain = PlainSampleCNN(encoder.params)
    plain.load_state_dict(encoder.state_dict())
    return plain.eval()


class PlainTraining:
    """Plain encoder, non-linear projector and Adam in float32."""

    def __init__(self, params: SampleCNNParams, device: torch.device) -> None:
        self.encoder = PlainSampleCNN(params).to(device)
        self.projector = projector("nonlinear", params.embedding_dim, PROJECTION_DIM).to(device)
        parameters = [*self.encoder.parameters(), *self.projector.parameters()]
        self.optimizer = torch.optim.Adam(parameters, lr=ADAM_LEARNING_RATE)

    def step(self, first: Tensor, second: Tensor) -> Tensor:
        """One update from two views of shape (B, T) each; the loss."""
        z_first, z_second = self.projector(self.encoder(first)), self.projector(self.encoder(second))
        loss, _ = nt_xent(z_first, z_second, TEMPERATURE)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()
