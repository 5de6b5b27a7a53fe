"""Claim: a store of the size of the Million Song Dataset opens in less than a second."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from benchmarks.benchmark import Benchmark, Goal
from benchmarks.checks import CheckError
from benchmarks.processes import in_fresh_process
from clmr.corpora.store import AUDIO_NAME, CLIPS_NAME, STORE_NAME, TAGS_NAME, open_store, read_clips, read_tags
from clmr.storage.files import sha256_of, write_json

_LIMIT = "the limit"
_PANDAS = "both tables by pandas"
_RATE_HZ, _CLIP_S = 22_050, 29
_SPLITS = {"train": 201_680, "valid": 11_774, "test": 28_435}
_N_TAGS = 50


def measure(quick: bool) -> Benchmark:
    """Open a store whose audio is one hole in a sparse file, each time in a fresh process."""
    splits = {"train": 20, "valid": 10, "test": 10} if quick else _SPLITS
    n_repeats = 1 if quick else 5
    with TemporaryDirectory() as name:
        folder = Path(name)
        _write_store(folder, splits)
        repeats_s = {
            "ours": [in_fresh_process(_opened_s, folder, sum(splits.values())) for _ in range(n_repeats)],
            _PANDAS: [in_fresh_process(_read_by_pandas_s, folder) for _ in range(n_repeats)],
        }
    fastest = {name: min(times) for name, times in repeats_s.items()}
    return Benchmark(
        name="store_opening",
        claim="A store of the size of the Million Song Dataset opens in less than a second.",
        unit="s",
        ours=fastest["ours"],
        peers={_PANDAS: fastest[_PANDAS], _LIMIT: 1.0},
        compared=(_LIMIT,),
        goal=Goal(1.0, "<= 1 s"),
        better="lower",
        notes=(
            f"{sum(splits.values())} clips of {_CLIP_S} s with {_N_TAGS} tags; tables and the size of the audio are "
            "checked, and all that stages use of the tables is read.",
        ),
        repeats_s=repeats_s,
    )


def _opened_s(folder: Path, n_clips: int) -> float:
    start = time.perf_counter()
    store = open_store(folder)
    took_s = time.perf_counter() - start
    if len(store.clips) != n_clips or store.tags.shape != (n_clips, _N_TAGS) or len(store.clip(n_clips - 1)) == 0:
        raise CheckError(f"found {len(store.clips)} clips and tags of shape {store.tags.shape}, expected {n_clips}")
    return took_s


def _read_by_pandas_s(folder: Path) -> float:
    start = time.perf_counter()
    read_clips(folder / CLIPS_NAME)
    read_tags(folder / TAGS_NAME)
    return time.perf_counter() - start


def _write_store(folder: Path, splits: dict[str, int]) -> None:
    """A store as :func:`clmr.corpora.build_store.build_store` makes it, but for its audio, of which there is none."""
    n_clips, n_samples = sum(splits.values()), _RATE_HZ * _CLIP_S
    ids = [f"TR{number:016X}" for number in range(n_clips)]
    clips = {
        "clip_id": ids, "track_id": ids, "group_id": ids, "split": np.repeat(list(splits), list(splits.values())),
        "offset": n_samples * np.arange(n_clips), "n_samples": n_samples, "sha256": "0" * 64,
        "path": [f"{one[2]}/{one[3]}/{one}.mp3" for one in ids],
    }  # fmt: skip
    tags = (np.random.default_rng(0).random((n_clips, _N_TAGS)) < 0.05).astype(np.uint8)
    names = [f"tag {number}" for number in range(_N_TAGS)]
    pd.DataFrame(clips).to_csv(folder / CLIPS_NAME, index=False, lineterminator="\n")
    table = pd.DataFrame(tags, columns=names, index=pd.Index(ids, name="clip_id"))
    table.to_csv(folder / TAGS_NAME, lineterminator="\n")
    with (folder / AUDIO_NAME).open("wb") as audio:
        audio.truncate(2 * n_clips * n_samples)
    digests = {name: sha256_of(folder / name) for name in (CLIPS_NAME, TAGS_NAME)}
    facts = {"sample_rate_hz": _RATE_HZ, "n_samples": n_clips * n_samples, "sha256": digests}
    write_json(folder / STORE_NAME, facts)
