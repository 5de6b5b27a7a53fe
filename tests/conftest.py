"""Synthesised corpora and stores, so that no test needs a download."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from clmr.corpora.build_store import StoreParams, build_store
from clmr.corpora.store import Store, open_store
from clmr.storage import paths

CORPUS_RATE_HZ = 16_000
STORE_RATE_HZ = 8_000
CLIP_SECONDS = 6.0


def write_corpus(folder: Path, n_tracks: int = 24, clips_per_track: int = 2) -> Path:
    """A corpus of tones: tag ``high`` is true by construction, ``rare`` and ``never`` are what they say."""
    rng = np.random.default_rng(0)
    rows, tags = [], []
    for track in range(n_tracks):
        high = track % 2
        frequency_hz = (1_500 if high else 200) * rng.uniform(0.8, 1.25)
        for clip in range(clips_per_track):
            clip_id = f"{track:03d}-{clip}"
            time = np.arange(int(CLIP_SECONDS * CORPUS_RATE_HZ)) / CORPUS_RATE_HZ
            audio = 0.4 * np.sin(2 * np.pi * frequency_hz * time) + 0.02 * rng.standard_normal(len(time))
            (folder / "audio").mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / "audio" / f"{clip_id}.flac", audio, CORPUS_RATE_HZ)
            split = ("train", "train", "valid", "test")[track // 2 % 4]
            rows.append((clip_id, f"track{track:03d}", split, f"audio/{clip_id}.flac"))
            tags.append((clip_id, high, 1 - high, int(track == 0), 0))
    pd.DataFrame(rows, columns=["clip_id", "track_id", "split", "path"]).to_csv(folder / "clips.csv", index=False)
    names = ["clip_id", "high", "low", "rare", "never"]
    pd.DataFrame(tags, columns=names).to_csv(folder / "tags.csv", index=False)
    return folder


@pytest.fixture(scope="session")
def corpus_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def store_params() -> StoreParams:
    return StoreParams(corpus="tones", sample_rate_hz=STORE_RATE_HZ, min_duration_s=3.0, broken="refuse")


@pytest.fixture(scope="session")
def store(corpus_dir: Path, store_params: StoreParams, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("stores")
    build_store(corpus_dir, store_params, folder / "tones", folder / "work", n_workers=1)
    return open_store(folder / "tones")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, in which every path of the package lies while a test runs."""
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))
    return tmp_path
