"""Audio for tests, written in real formats."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 22_050


def tone(seconds: float = 2.0, rate_hz: int = RATE_HZ, hz: float = 440.0, seed: int = 0) -> np.ndarray:
    """A tone with a little noise, shape (T,)."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    noise = np.random.default_rng(seed).standard_normal(len(time))
    return (0.3 * np.sin(2 * np.pi * hz * time) + 0.01 * noise).astype(np.float32)


def write(path: Path, audio: np.ndarray | None = None, rate_hz: int = RATE_HZ, **how: str) -> Path:
    """Write a file, a tone if nothing else is given, and the folders around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        soundfile.write(stream, tone(rate_hz=rate_hz) if audio is None else audio, rate_hz, **how)
    return path


def mp3(folder: Path, seconds: float = 3.0) -> bytes:
    """A whole MP3 file."""
    return write(folder / "plain.mp3", tone(seconds), format="MP3").read_bytes()


@contextmanager
def nobody() -> Iterator[None]:
    """A block without the rights of root, who may read everything; as it is for everybody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)
