"""Every file that cannot be used is one line with its reason, and none ends the build."""

import os
import signal
import sys

import numpy as np
import pandas as pd
import pytest

from clmr.corpora import decode_clips
from clmr.corpora.build_store import StoreParams, build_store
from clmr.corpora.problems import Problem, counted, read_problems, write_problems
from clmr.corpora.store import open_store
from tests.corpora.audio import tone, write

SKIPPING = StoreParams("tones", 8_000, 1.0, "skip")


def corpus(folder, files, splits=None):
    """The tables of some files, each a track of its own."""
    rows = [(name, name, split, name) for name, split in zip(files, splits or ["train"] * len(files), strict=True)]
    pd.DataFrame(rows, columns=["clip_id", "track_id", "split", "path"]).to_csv(folder / "clips.csv", index=False)
    pd.DataFrame({"clip_id": files, "tag": 1}).to_csv(folder / "tags.csv", index=False)
    return folder


def test_what_was_skipped_and_what_is_to_be_looked_at_is_one_table(tmp_path):
    write(tmp_path / "good.wav")
    write(tmp_path / "clipped.wav", np.clip(tone() * 20, -1, 1))
    write(tmp_path / "short.wav", tone(0.1))
    (tmp_path / "page.mp3").write_bytes(b"<html>moved</html>")
    write_problems(tmp_path, [Problem("not_listed", "other.wav", "other.wav", "is not in the table")])
    corpus(tmp_path, ["good.wav", "clipped.wav", "short.wav", "page.mp3"])
    build_store(tmp_path, SKIPPING, tmp_path / "store", tmp_path / "work", 1)
    found = read_problems(tmp_path / "store")
    assert [(problem.kind, problem.subject) for problem in found] == [
        ("not_listed", "other.wav"), ("suspect", "clipped.wav"), ("skipped", "short.wav"), ("skipped", "page.mp3"),
    ]  # fmt: skip
    assert "lasts 0.10 s" in found[2].reason
    assert counted(found).endswith("1 used, to be looked at, 2 skipped")
    assert list(open_store(tmp_path / "store").clips.clip_id) == ["good.wav", "clipped.wav"]


def test_audio_that_two_splits_share_is_listed_with_the_pair(tmp_path):
    for name, seed in {"a.wav": 0, "b.wav": 1, "c.wav": 0, "d.wav": 1}.items():
        write(tmp_path / name, tone(seed=seed))
    corpus(tmp_path, ["a.wav", "b.wav", "c.wav", "d.wav"], ["train", "train", "test", "train"])
    build_store(tmp_path, SKIPPING, tmp_path / "store", tmp_path / "work", 1)
    (problem,) = read_problems(tmp_path / "store")
    reason = "is in the split test, and has the audio of a.wav, which is in train"
    assert problem == Problem("same_audio", "c.wav", "c.wav", reason)


def kill_or_decode(decoding, item):
    if item[1] == "deadly.wav":
        os.kill(os.getpid(), signal.SIGKILL)
    return ORIGINAL(decoding, item)


ORIGINAL = decode_clips._decode_one


def raise_from_decoder(error):
    raise error


@pytest.mark.parametrize(
    ("error", "reason"),
    [(MemoryError(), "needs more memory than there is"), (KeyError("x"), "cannot be decoded (KeyError: 'x')")],
)
def test_what_a_decoder_raises_is_one_line(error, reason, tmp_path, monkeypatch):
    write(tmp_path / "good.wav")
    write(tmp_path / "bad.wav")

    def decode(path, *others):
        return raise_from_decoder(error) if path.name == "bad.wav" else decode_to(path, *others)

    decode_to = decode_clips.decode_to
    monkeypatch.setattr(decode_clips, "decode_to", decode)
    build_store(corpus(tmp_path, ["bad.wav", "good.wav"]), SKIPPING, tmp_path / "store", tmp_path / "work", 1)
    assert [problem.reason for problem in read_problems(tmp_path / "store")] == [reason]


@pytest.mark.skipif(sys.platform == "win32", reason="processes end by other means there")
def test_a_file_that_kills_its_process_is_one_line(tmp_path, monkeypatch):
    names = ["good.wav", "deadly.wav", "also good.wav"]
    for number, name in enumerate(names):
        write(tmp_path / name, tone(seed=number))
    monkeypatch.setattr(decode_clips, "_decode_one", kill_or_decode)
    build_store(corpus(tmp_path, names), SKIPPING, tmp_path / "store", tmp_path / "work", 2)
    (problem,) = read_problems(tmp_path / "store")
    assert (problem.kind, problem.subject) == ("skipped", "deadly.wav")
    assert "ended the process that worked on it, by signal 9" in problem.reason


def test_a_long_clip_goes_by_way_of_a_file_with_the_same_bytes(tmp_path, monkeypatch):
    write(tmp_path / "a.wav", tone(3))
    corpus(tmp_path, ["a.wav"])
    build_store(tmp_path, SKIPPING, tmp_path / "short", tmp_path / "work", 1)
    monkeypatch.setattr(decode_clips, "_MAX_HELD_SAMPLES", 100)
    build_store(tmp_path, SKIPPING, tmp_path / "long", tmp_path / "work", 1)
    names = sorted(path.name for path in (tmp_path / "short").iterdir())
    assert sorted(path.name for path in (tmp_path / "long").iterdir()) == names
    assert all((tmp_path / "short" / name).read_bytes() == (tmp_path / "long" / name).read_bytes() for name in names)


REFUSED = {
    "clip_id;track_id;split;path\n0;t;train;a.wav\n": "line 1: found the columns .*, and no clip_id, track_id",
    "clip_id,split,path\n0,train,a.wav\n": "line 1: found the columns clip_id, split, path, and no track_id",
    "": "line 1: found the columns none",
    "clip_id,track_id,split,path\n0,t,train,,a.wav\n1,t\n": "clips.csv, line 2: found 5 fields, expected 4",
    "clip_id,track_id,split,path\n0,t,train,a.wav\n1,t\n": "clips.csv, line 3: found 2 fields, expected 4",
    "clip_id,track_id,split,path\n0,t,train,a.wav\n": "row 2 is None in one and '1' in the other",
    "clip_id,track_id,split,path\n0,t,train,a.wav\n1,t,test,b.wav\n": r"track_id 't' is in the splits train \(line 2\)",
}


@pytest.mark.parametrize("text", REFUSED)
def test_tables_of_a_corpus_that_cannot_be_right_are_refused(text, tmp_path):
    (tmp_path / "clips.csv").write_text(text)
    (tmp_path / "tags.csv").write_text("clip_id,a\n0,1\n1,0\n")
    with pytest.raises(ValueError, match=REFUSED[text]):
        build_store(tmp_path, SKIPPING, tmp_path / "store", tmp_path / "work", 1)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (b"clip_id,rock,pop\n0,1,0,1\n1,0,1\n", "tags.csv, line 2: found 4 fields, expected 3"),
        ("clip_id,café\n0,1\n1,0\n".encode("cp1252"), "tags.csv: is not in UTF-8"),
        (b"clip_id,rock\n0,1\n2,0\n", "row 2 is '1' in one and '2' in the other"),
        (b"clip_id,rock\n0,1\n1,2\n", "must hold 0 and 1 only, found 2 for the tag 'rock' of clip '1'"),
    ],
)
def test_tags_of_a_corpus_that_cannot_be_right_are_refused(tags, message, tmp_path):
    (tmp_path / "clips.csv").write_text("clip_id,track_id,split,path\n0,t,train,a.wav\n1,u,test,b.wav\n")
    (tmp_path / "tags.csv").write_bytes(tags)
    with pytest.raises(ValueError, match=message):
        build_store(tmp_path, SKIPPING, tmp_path / "store", tmp_path / "work", 1)


def test_tags_may_have_commas_and_line_breaks(tmp_path):
    write(tmp_path / "a.wav", tone(3))
    corpus(tmp_path, ["a.wav"])
    (tmp_path / "tags.csv").write_text('clip_id,"Beatles, The","Kinks, The","two\nlines"\na.wav,1,0,1\n')
    build_store(tmp_path, SKIPPING, tmp_path / "store", tmp_path / "work", 1)
    store = open_store(tmp_path / "store")
    assert store.tag_names == ("Beatles, The", "Kinks, The", "two\nlines")
    assert store.tags.tolist() == [[1, 0, 1]]


def test_a_tag_that_comes_twice_is_refused(tmp_path):
    write(tmp_path / "a.wav")
    corpus(tmp_path, ["a.wav"])
    (tmp_path / "tags.csv").write_text("clip_id,rock,rock\na.wav,1,0\n")
    with pytest.raises(ValueError, match=r"tags.csv, line 1: found the column rock more than once"):
        build_store(tmp_path, SKIPPING, tmp_path / "store", tmp_path / "work", 1)
