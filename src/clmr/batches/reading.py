"""Stretches of a store's audio as batches on the computing device.

Where the audio is read from changes the speed, never the samples.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from clmr.corpora.store import Store

# A power of two: dividing by it is exact, so int16 survives the way to float32 and back.
_FULL_SCALE = 32_768
# The rest is for weights, activations and intermediate results of the augmentations.
_RESIDENT_SHARE = 0.4
# 128 MiB at a time: the host never holds a second copy of a large store.
_CHUNK_SAMPLES = 2**26
Item = TypeVar("Item")


class AudioReader(Protocol):
    """Anything that reads stretches of equal length from a store."""

    def read(self, starts: np.ndarray, n_samples: int) -> Tensor:
        """Stretches of ``n_samples`` from the given first samples on, shape (B, T), float32 in [-1, 1)."""


class MappedAudio:
    """Reads from the memory map, so that memory does not grow with the corpus, and copies to the device.

    >>> from types import SimpleNamespace
    >>> store = SimpleNamespace(audio=np.array([0, 16_384, -32_768], dtype=np.int16))
    >>> MappedAudio(store, torch.device("cpu")).read(np.array([0, 1]), n_samples=2).tolist()
    [[0.0, 0.5], [0.5, -1.0]]
    """

    def __init__(self, store: Store, device: torch.device) -> None:
        self.store, self.device = store, device

    def read(self, starts: np.ndarray, n_samples: int) -> Tensor:
        """Stretches of ``n_samples`` from the given first samples on, shape (B, T), float32 in [-1, 1)."""
        if self.device.type == "cpu":
            return torch.from_numpy(self._converted(starts, n_samples))
        # Pinned memory is copied to a GPU while the host goes on.
        on_gpu = self.device.type == "cuda"
        rows = torch.empty((len(starts), n_samples), dtype=torch.int16, pin_memory=on_gpu)
        for row, start in zip(rows.numpy(), starts, strict=True):
            row[:] = self.store.audio[start : start + n_samples]
        # Converted on the device: int16 crosses the bus in half the time of float32.
        return rows.to(self.device, non_blocking=on_gpu).float().div_(_FULL_SCALE)

    def _converted(self, starts: np.ndarray, n_samples: int) -> np.ndarray:
        # By NumPy, on one thread: torch would start a second team of threads for the thread that reads ahead, and the
        # teams, which wait actively, would take the cores from each other (measured: a fifth of a step).
        rows = np.empty((len(starts), n_samples), dtype=np.float32)
        for row, start in zip(rows, starts, strict=True):
            # In two steps: as one operation of mixed types NumPy takes twice as long.
            row[:] = self.store.audio[start : start + n_samples]
            row *= np.float32(1 / _FULL_SCALE)
        return rows


class ResidentAudio:
    """Holds the whole store in the device's memory, where a batch is one gather.

    >>> from types import SimpleNamespace
    >>> store = SimpleNamespace(audio=np.array([0, 16_384, -32_768], dtype=np.int16))
    >>> ResidentAudio(store, torch.device("cpu")).read(np.array([0, 1]), n_samples=2).tolist()
    [[0.0, 0.5], [0.5, -1.0]]
    """

    def __init__(self, store: Store, device: torch.device) -> None:
        self.device = device
        self.audio = torch.empty(len(store.audio), dtype=torch.int16, device=device)
        for begin in range(0, len(store.audio), _CHUNK_SAMPLES):
            chunk = np.array(store.audio[begin : begin + _CHUNK_SAMPLES])
            self.audio[begin : begin + len(chunk)] = torch.from_numpy(chunk).to(device)

    def read(self, starts: np.ndarray, n_samples: int) -> Tensor:
        """Stretches of ``n_samples`` from the given first samples on, shape (B, T), float32 in [-1, 1)."""
        chosen = torch.from_numpy(np.ascontiguousarray(starts)).to(self.device)
        # unfold is a view with a row for every start; only the chosen rows are copied.
        return self.audio.unfold(0, n_samples, 1)[chosen].float().div_(_FULL_SCALE)


def audio_reader(store: Store, device: torch.device) -> AudioReader:
    """The fastest reader for the device: resident on a GPU that has room for the store, else mapped."""
    if device.type != "cuda":
        return MappedAudio(store, device)
    free_bytes, _ = torch.cuda.mem_get_info(device)
    return ResidentAudio(store, device) if fits(store.audio.nbytes, free_bytes) else MappedAudio(store, device)


def fits(store_bytes: int, free_bytes: int) -> bool:
    """Whether a store is small enough to be held in a device's free memory.

    >>> fits(30_000_000_000, 140_000_000_000), fits(320_000_000_000, 140_000_000_000)
    (True, False)
    """
    return store_bytes <= _RESIDENT_SHARE * free_bytes


def read_ahead(read: Callable[[int], Item], n_steps: int) -> Iterator[Item]:
    """``read(0)``, ``read(1)``, ... for all steps, each read while the one before it is used.

    >>> list(read_ahead(lambda step: 10 * step, 3))
    [0, 10, 20]
    """
    # One batch ahead and no more: two batches in memory are enough to keep the device busy.
    with ThreadPoolExecutor(max_workers=1) as reader:
        upcoming = reader.submit(read, 0)
        for step in range(n_steps):
            current = upcoming.result()
            if step + 1 < n_steps:
                upcoming = reader.submit(read, step + 1)
            yield current
