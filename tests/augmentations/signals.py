"""Synthesised audio and measurements shared by the tests of the augmentations."""

import numpy as np
import torch
from torch import Tensor


def tone(frequency_hz: float, sample_rate_hz: int, n_samples: int, amplitude: float = 0.5) -> Tensor:
    """Sine wave of shape (1, T)."""
    time_s = torch.arange(n_samples, dtype=torch.float64) / sample_rate_hz
    return (amplitude * torch.sin(2 * torch.pi * frequency_hz * time_s)).float()[None]


def noise(n_examples: int, n_samples: int, seed: int = 0) -> Tensor:
    """White noise of standard deviation 0.1, shape (B, T)."""
    return 0.1 * torch.randn(n_examples, n_samples, generator=torch.Generator().manual_seed(seed))


def level_db(signal: Tensor) -> float:
    """Root mean square level in dB."""
    return float(10 * torch.log10(signal.double().square().mean()))


def peak_hz(signal: Tensor, sample_rate_hz: int) -> float:
    """Frequency of the strongest partial of a signal (T,): peak of a Hann-windowed, zero-padded spectrum."""
    samples = signal.double().numpy()
    n_fft = 16 * len(samples)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), n_fft))
    return float(np.argmax(spectrum)) * sample_rate_hz / n_fft


def cents(frequency_hz: float, reference_hz: float) -> float:
    """Interval between two frequencies in cents."""
    return 1200 * float(np.log2(frequency_hz / reference_hz))


def generator(seed: int = 0) -> torch.Generator:
    """A seeded generator on the CPU."""
    return torch.Generator().manual_seed(seed)
