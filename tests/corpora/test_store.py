"""Stores: what goes in comes out, damage is found, interruptions leave no trace."""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
import soundfile
import soxr

from clmr.batches.crops import crop_batches, track_crops
from clmr.corpora import build_store as building
from clmr.corpora import decode_clips
from clmr.corpora.build_store import StoreParams, build_store
from clmr.corpora.decode import decode_to
from clmr.corpora.store import Store, open_store, read_clips
from tests.conftest import CLIP_SECONDS, STORE_RATE_HZ, write_corpus


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_clips_are_the_resampled_files(store: Store, corpus_dir: Path):
    for index in (0, len(store.clips) - 1):
        path = read_clips(store.folder / "clips.csv").path[index]
        audio, rate_hz = soundfile.read(corpus_dir / path, dtype="float32")
        expected = soxr.resample(audio, rate_hz, STORE_RATE_HZ, quality="HQ")
        assert len(store.clip(index)) == int(CLIP_SECONDS * STORE_RATE_HZ)
        # Half a step of 16 bits is the error of rounding.
        np.testing.assert_allclose(store.clip(index) / 32_767, expected, atol=0.51 / 32_767)
    store.verify()


def test_rows_and_tags_follow_the_corpus(store: Store, corpus_dir: Path):
    clips = pd.read_csv(corpus_dir / "clips.csv")
    assert list(store.clips.clip_id) == list(clips.clip_id)
    assert store.tag_names == ("high", "low", "rare", "never")
    assert store.tags.sum(axis=0).tolist() == [24, 24, 2, 0]
    for split in ("train", "valid", "test"):
        assert (store.clips.split[store.rows(split)] == split).all()
    assert len(store.rows("train", "valid")) == len(store.rows("train")) + len(store.rows("valid"))


def test_a_track_is_a_group_where_the_corpus_names_none(store: Store, corpus_dir: Path):
    assert "group_id" not in pd.read_csv(corpus_dir / "clips.csv")
    assert list(store.clips.group_id) == list(store.clips.track_id)


def test_groups_of_the_corpus_are_read_as_text(tmp_path, store_params):
    corpus = write_corpus(tmp_path / "corpus", n_tracks=4, clips_per_track=2)
    clips = pd.read_csv(corpus / "clips.csv")
    clips.assign(group_id=["007", "007", "007", "007", "NA", "NA", "1e3", "1e3"]).to_csv(
        corpus / "clips.csv", index=False
    )
    build_store(corpus, store_params, tmp_path / "store", tmp_path / "work", n_workers=1)
    assert list(open_store(tmp_path / "store").clips.group_id) == ["007"] * 4 + ["NA"] * 2 + ["1e3"] * 2


def test_unknown_split_is_refused(store: Store):
    with pytest.raises(ValueError, match=r"no clip in split 'dev', found are \['test', 'train', 'valid'\]"):
        store.rows("dev")


def test_bytes_do_not_depend_on_workers_or_on_a_kill(store, store_params, corpus_dir, tmp_path, monkeypatch):
    build_store(corpus_dir, store_params, tmp_path / "two", tmp_path / "work2", n_workers=2)
    assert digests(tmp_path / "two") == digests(store.folder)

    work = tmp_path / "killed"
    append, calls = building._append, iter(range(100))

    def dying(*arguments):
        if next(calls) == 7:
            raise KeyboardInterrupt
        return append(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(building, "_append", dying)
        with pytest.raises(KeyboardInterrupt):
            build_store(corpus_dir, store_params, tmp_path / "resumed", work, n_workers=1)
    assert not (tmp_path / "resumed").exists()
    # What a power cut leaves: half a clip of audio, half a line of the journal.
    with (work / "audio.i16").open("ab") as audio:
        audio.write(b"\x01" * 999)
    with (work / "journal.jsonl").open("a") as journal:
        journal.write('{"clip_id": "0')
    decoded = []
    monkeypatch.setattr(
        decode_clips, "decode_to", lambda path, *others: decoded.append(path) or decode_to(path, *others)
    )
    build_store(corpus_dir, store_params, tmp_path / "resumed", work, n_workers=1)
    assert digests(tmp_path / "resumed") == digests(store.folder)
    assert len(decoded) == len(store.clips) - 7
    assert not work.exists()


def test_a_store_is_read_back_before_it_is_used(store_params, corpus_dir, tmp_path, monkeypatch):
    finish = building._finish

    def on_a_bad_disk(work_dir, *arguments):
        finish(work_dir, *arguments)
        with (work_dir / "audio.i16").open("r+b") as audio:
            audio.write(b"\x7f\x7f")

    monkeypatch.setattr(building, "_finish", on_a_bad_disk)
    with pytest.raises(ValueError, match="1 of 48 clips differ from their checksums"):
        build_store(corpus_dir, store_params, tmp_path / "store", tmp_path / "work", n_workers=1)
    assert not (tmp_path / "store").exists()
    # The next build starts anew and ends as any other.
    monkeypatch.setattr(building, "_finish", finish)
    build_store(corpus_dir, store_params, tmp_path / "store", tmp_path / "work", n_workers=1)
    open_store(tmp_path / "store").verify()


def damaged(store: Store, folder: Path) -> Path:
    for path in store.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_truncated_audio_is_found_on_opening(store, tmp_path):
    folder = damaged(store, tmp_path)
    os.truncate(folder / "audio.i16", 1_000)
    with pytest.raises(ValueError, match="found 1000 bytes, expected .* nothing was used"):
        open_store(folder)


def test_altered_audio_is_found_and_the_clip_named(store, tmp_path):
    folder = damaged(store, tmp_path)
    with (folder / "audio.i16").open("r+b") as audio:
        audio.seek(2 * int(store.clips.offset[3]) + 10)
        audio.write(b"\x7f\x7f")
    with pytest.raises(ValueError, match=rf"1 of 48 clips differ .*{store.clips.clip_id[3]}"):
        open_store(folder).verify()


def test_altered_table_is_found_on_opening(store, tmp_path):
    folder = damaged(store, tmp_path)
    (folder / "tags.csv").write_text((folder / "tags.csv").read_text().replace(",1,", ",0,", 1))
    with pytest.raises(ValueError, match=r"tags.csv: differs from its checksum"):
        open_store(folder)


def test_missing_file_is_named(store, tmp_path):
    folder = damaged(store, tmp_path)
    (folder / "clips.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"no clips.csv"):
        open_store(folder)


BROKEN = {
    "nan": (
        lambda audio: np.where(np.arange(len(audio)) == 5, np.nan, audio),
        "holds values that are not finite",
    ),
    "silent": (np.zeros_like, "is silent"),
    "empty": (lambda audio: audio[:0], "holds no samples"),
    "short": (lambda audio: audio[:100], "lasts 0.01 s, less than 3.0 s"),
}


@pytest.mark.parametrize("kind", [*BROKEN, "garbage", "missing"])
def test_broken_files_are_refused_or_listed(kind, tmp_path):
    corpus = write_corpus(tmp_path / "corpus", n_tracks=4, clips_per_track=1)
    clips = pd.read_csv(corpus / "clips.csv")
    victim = corpus / clips.path[1]
    victim.unlink()
    reason = "does not exist" if kind == "missing" else "cannot be decoded"
    if kind == "garbage":
        victim.write_bytes(b"not audio")
    elif kind != "missing":
        change, reason = BROKEN[kind]
        audio = change(np.sin(np.arange(96_000) / 10)).astype(np.float32)
        clips.loc[1, "path"] = "audio/broken.wav"
        clips.to_csv(corpus / "clips.csv", index=False)
        soundfile.write(corpus / "audio" / "broken.wav", audio, 16_000, subtype="FLOAT")
    refusing = StoreParams("tones", 8_000, 3.0, "refuse")
    with pytest.raises(ValueError, match=rf"clip 001-0 of corpus tones {reason}.*set broken: skip"):
        build_store(corpus, refusing, tmp_path / "store", tmp_path / "work", 1)
    assert not (tmp_path / "store").exists()
    skipping = StoreParams("tones", 8_000, 3.0, "skip")
    build_store(corpus, skipping, tmp_path / "store", tmp_path / "work_skip", 1)
    opened = open_store(tmp_path / "store")
    assert list(opened.clips.clip_id) == ["000-0", "002-0", "003-0"]
    assert opened.tags.shape == (3, 4)
    skipped = json.loads((tmp_path / "store" / "store.json").read_text())["skipped"]
    assert list(skipped) == ["001-0"]
    assert reason in skipped["001-0"]
    opened.verify()


def test_tables_that_do_not_fit_are_refused(tmp_path, store_params):
    corpus = write_corpus(tmp_path / "corpus", n_tracks=3, clips_per_track=1)
    tags = pd.read_csv(corpus / "tags.csv")
    tags.iloc[::-1].to_csv(corpus / "tags.csv", index=False)
    with pytest.raises(ValueError, match="must list the same clips in one order"):
        build_store(corpus, store_params, tmp_path / "store", tmp_path / "work", 1)
    (corpus / "tags.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"no tags.csv; run the corpus's download stage first"):
        build_store(corpus, store_params, tmp_path / "store", tmp_path / "work", 1)


@pytest.mark.skipif(sys.platform == "win32", reason="truncating does not make a sparse file there")
def test_memory_and_time_do_not_grow_with_the_audio(tmp_path):
    """A sparse store as large as the Million Song Dataset opens at once, and a batch reads its own pages only."""
    n_clips, n_samples = 241_889, 640_512
    (tmp_path / "audio.i16").touch()
    os.truncate(tmp_path / "audio.i16", 2 * n_clips * n_samples)
    ids = [f"c{i:06d}" for i in range(n_clips)]
    clips = pd.DataFrame({"clip_id": ids, "track_id": ids, "group_id": ids, "split": "train"})
    clips["offset"], clips["n_samples"] = np.arange(n_clips) * n_samples, n_samples
    clips["sha256"], clips["path"] = "", "none"
    clips.to_csv(tmp_path / "clips.csv", index=False)
    pd.DataFrame({"clip_id": ids, "tag": 0}).to_csv(tmp_path / "tags.csv", index=False)
    sums = {name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("clips.csv", "tags.csv")}
    facts = {"corpus": "sparse", "sample_rate_hz": 22_050, "n_samples": n_clips * n_samples, "sha256": sums}
    (tmp_path / "store.json").write_text(json.dumps(facts))
    crops = track_crops(open_store(tmp_path), 59_049, ("train",))
    assert crops.n_tracks == n_clips
    before = psutil.Process().memory_info().rss
    started = time.monotonic()
    batches = crop_batches(crops, batch_size=48, n_crops=2, seed=0, epoch=0)
    sizes = {tuple(next(batches)[0].shape) for _ in range(5)}
    batches.close()
    assert sizes == {(48, 59_049)}
    # Five batches of 96 crops hold 113 MB as float32; 310 GB lie behind them.
    assert psutil.Process().memory_info().rss - before < 300e6
    assert time.monotonic() - started < 10
