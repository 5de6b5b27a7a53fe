"""Convolutions over time, run in the memory layout for which CPUs and GPUs have the fastest kernels.

Models hold ``Conv1d`` layers, so that their weights have the usual names and shapes, and call
:func:`convolve` instead of the layers: maps are (B, C, 1, T) with the channels of one moment side by
side in memory.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

Norm = nn.BatchNorm2d | nn.SyncBatchNorm | nn.Identity
"""Layers that may follow a convolution; on several GPUs batch norms are replaced by synchronised ones."""


def audio_maps(audio: Tensor) -> Tensor:
    """Audio of shape (B, T) as maps of shape (B, 1, 1, T).

    >>> tuple(audio_maps(torch.zeros(2, 9)).shape)
    (2, 1, 1, 9)
    """
    return audio[:, None, None, :].contiguous(memory_format=torch.channels_last)


def convolve(convolution: nn.Conv1d, maps: Tensor) -> Tensor:
    """The result of ``convolution``, from maps (B, C, 1, T) to maps (B, C', 1, T').

    >>> layer = nn.Conv1d(4, 6, 3)
    >>> tuple(convolve(layer, torch.zeros(2, 4, 1, 10)).shape)
    (2, 6, 1, 8)
    """
    return _convolved(maps, convolution, convolution.weight, convolution.bias)


def convolve_and_normalise(convolution: nn.Conv1d, norm: Norm, maps: Tensor) -> Tensor:
    """``norm(convolve(convolution, maps))``; in evaluation mode without a separate pass over the maps.

    Args:
        convolution: Layer from C to C' channels.
        norm: Batch norm over C' channels, or nothing.
        maps: Shape (B, C, 1, T).

    >>> layer, norm = nn.Conv1d(4, 6, 3), nn.BatchNorm2d(6).eval()
    >>> tuple(convolve_and_normalise(layer, norm, torch.zeros(2, 4, 1, 10)).shape)
    (2, 6, 1, 8)
    """
    if norm.training or isinstance(norm, nn.Identity):
        return norm(convolve(convolution, maps))
    # As a separate pass the norm took a fifth of the time of embedding.
    return _convolved(maps, convolution, *folded(convolution, norm))


def folded(convolution: nn.Conv1d, norm: nn.BatchNorm2d | nn.SyncBatchNorm) -> tuple[Tensor, Tensor]:
    """Weight and bias of the convolution that does what both do in evaluation mode: the norm is then affine.

    >>> layer, norm = nn.Conv1d(4, 6, 3), nn.BatchNorm2d(6).eval()
    >>> [tuple(part.shape) for part in folded(layer, norm)]
    [(6, 4, 3), (6,)]
    """
    # For the type checker: torch's layers may lack these, ours never do.
    assert convolution.bias is not None
    assert norm.running_mean is not None
    assert norm.running_var is not None
    gain = norm.weight / (norm.running_var + norm.eps).sqrt()
    weight = convolution.weight * gain[:, None, None]
    return weight, (convolution.bias - norm.running_mean) * gain + norm.bias


def _convolved(maps: Tensor, convolution: nn.Conv1d, weight: Tensor, bias: Tensor | None) -> Tensor:
    # Length 1 on an axis makes a layout ambiguous; unless the weight is unmistakably channels-last,
    # the whole network falls back to the slow layout (measured: 1.5 times the time of a step).
    weight = weight.unsqueeze(2).to(memory_format=torch.channels_last)
    stride, padding = (1, *convolution.stride), (0, *convolution.padding)
    return functional.conv2d(maps, weight, bias, stride, padding)


def frame_maps(audio: Tensor, convolution: nn.Conv1d) -> Tensor:
    """The result of a one-channel ``convolution`` with a long kernel on audio (B, T), as maps (B, C, 1, L).

    The audio is cut into L = 1 + (T - kernel) // stride frames, which meet all filters in one matrix product.

    >>> tuple(frame_maps(torch.zeros(2, 100), nn.Conv1d(1, 6, 16, stride=8)).shape)
    (2, 6, 1, 11)
    """
    frames = audio.unfold(1, convolution.kernel_size[0], convolution.stride[0])
    filtered = functional.linear(frames, convolution.weight.squeeze(1), convolution.bias)
    return filtered.transpose(1, 2).unsqueeze(2)


def require_audio(audio: Tensor, clip_samples: int, sample_rate_hz: int) -> None:
    """Raise ``ValueError`` unless ``audio`` has the shape (B, ``clip_samples``).

    Args:
        audio: Input of a network.
        clip_samples: T, the length that the network reads.
        sample_rate_hz: Its sample rate, for the message.

    Raises:
        ValueError: If the shape is another.

    >>> require_audio(torch.zeros(2, 9), 9, 8_000)
    """
    # The layers would accept other lengths without complaint, and the poolings drop what is left over.
    if audio.dim() != 2 or audio.shape[1] != clip_samples:
        raise ValueError(f"audio must have shape (B, {clip_samples}) at {sample_rate_hz} Hz, got {tuple(audio.shape)}")
