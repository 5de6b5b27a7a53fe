"""Readers differ in where they read from, never in what."""

import numpy as np
import pytest
import torch

from clmr.batches import reading
from clmr.batches.reading import MappedAudio, ResidentAudio, audio_reader
from clmr.corpora.store import Store

CPU = torch.device("cpu")


@pytest.mark.parametrize("kind", [MappedAudio, ResidentAudio])
def test_readers_give_the_samples_of_the_store(store: Store, kind, monkeypatch):
    monkeypatch.setattr(reading, "_CHUNK_SAMPLES", 10_007)  # several chunks, the last one short
    n_samples = 2_000
    starts = np.array([0, 5_000, 123, len(store.audio) - n_samples])
    rows = kind(store, CPU).read(starts, n_samples)
    assert rows.shape == (4, n_samples)
    assert rows.dtype == torch.float32
    for row, start in zip(rows, starts, strict=True):
        np.testing.assert_array_equal(row.numpy() * 32_768, store.audio[start : start + n_samples])


def test_on_a_cpu_memory_does_not_hold_the_store(store: Store):
    assert isinstance(audio_reader(store, CPU), MappedAudio)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_small_store_lies_on_the_gpu_and_reads_the_same(store: Store):
    gpu, starts = torch.device("cuda"), np.array([0, 777, 5_000])
    resident = audio_reader(store, gpu)
    assert isinstance(resident, ResidentAudio)
    expected = MappedAudio(store, CPU).read(starts, 3_000)
    for reader in (resident, MappedAudio(store, gpu)):
        assert torch.equal(reader.read(starts, 3_000).cpu(), expected)
