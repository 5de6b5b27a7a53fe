"""A folder of one's own as a corpus: miniature trees in real formats, with all that is found in such folders."""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from clmr.corpora.build_store import StoreParams, build_store
from clmr.corpora.folder import FolderParams
from clmr.corpora.problems import read_problems
from clmr.corpora.registry import CORPORA
from clmr.corpora.store import open_store, read_clips, read_tags
from clmr.storage.strict import from_mapping
from tests.corpora.audio import tone, write

SUFFIXES = {"wav": {}, "mp3": {"format": "MP3"}, "ogg": {"format": "OGG"}, "flac": {"format": "FLAC"}}
SHARES = {"train": 0.5, "valid": 0.25, "test": 0.25}


def tree(root: Path, n_albums: int = 4) -> list[str]:
    """Two tags, albums below each, two files in an album, in four formats; their names."""
    return sorted(_tree(root, n_albums))


def _tree(root: Path, n_albums: int) -> Iterator[str]:
    for tag, hz in {"low": 200.0, "high": 1_500.0}.items():
        for album in range(n_albums):
            for song in range(2):
                suffix = list(SUFFIXES)[(album + song) % 4]
                name = f"{tag}/album {album}/söng {song}.{suffix}"
                write(root / name, tone(1, hz=hz, seed=album), **SUFFIXES[suffix])
                yield name


def params(root: Path, **changes: object) -> FolderParams:
    usual = {
        "kind": "folder", "root": str(root), "tags": "folders", "group_by": "folder", "split_by": "seed",
        "split_shares": SHARES, "min_clips_per_tag": 1, "seed": 0,
    }  # fmt: skip
    return from_mapping(CORPORA, usual | changes, "params.yaml: corpora.music")


def built(root: Path, output: Path, **changes: object) -> tuple[pd.DataFrame, pd.DataFrame, list[tuple[str, str]]]:
    params(root, **changes).build(output, output / "work", 1)
    problems = [(problem.kind, problem.subject) for problem in read_problems(output)]
    return read_clips(output / "clips.csv"), read_tags(output / "tags.csv"), problems


def test_tags_groups_and_splits_come_from_folders(tmp_path):
    names = tree(tmp_path / "music")
    clips, tags, problems = built(tmp_path / "music", tmp_path / "corpus")
    assert list(clips.clip_id) == list(tags.index) == names
    assert tags.high.tolist() == [int(name.startswith("high/")) for name in names]
    assert set(clips.group_id) == {name.rpartition("/")[0] for name in names}
    assert (clips.groupby("group_id").split.nunique() == 1).all()
    # Every tag is in every split: the split of a folder of four albums is two, one and one.
    assert {(split, name.partition("/")[0]) for split, name in zip(clips.split, names, strict=True)} == {
        (split, tag) for split in SHARES for tag in ("low", "high")
    }
    assert not problems
    store_params = StoreParams("music", 8_000, 0.5, "refuse")
    build_store(tmp_path / "corpus", store_params, tmp_path / "store", tmp_path / "work", 1)
    assert list(open_store(tmp_path / "store").clips.clip_id) == names
    assert not (tmp_path / "store" / "problems.csv").exists()


def test_files_directly_in_a_tag_are_groups_by_themselves(tmp_path):
    names = [name for tag in "ab" for name in (f"{tag}/1.wav", f"{tag}/2.wav", f"{tag}/3.wav")]
    for name in [*names, "top.wav"]:
        write(tmp_path / "music" / name)
    clips, tags, _ = built(tmp_path / "music", tmp_path / "corpus")
    assert list(clips.group_id) == [*names, "top.wav"]
    assert tags.loc["top.wav"].sum() == 0


def test_tags_groups_and_splits_come_from_a_table(tmp_path):
    names = tree(tmp_path / "music", 2)
    rows = [f"{name.rpartition('/')[2]};{name};{number % 2};x;{number // 2}" for number, name in enumerate(names)]
    text = "\n".join(["title;path;loud;set;artist", *rows, "no;such.wav;1;train;9"])
    text = text.replace(";x;0", ";Training;0").replace(";x;1", ";dev;1").replace(";x;", ";test;")
    (tmp_path / "music" / "songs.csv").write_bytes(text.encode("utf-8-sig"))
    write(tmp_path / "music" / "unlisted.wav")
    clips, tags, problems = built(
        tmp_path / "music", tmp_path / "corpus", tags="table", table="songs.csv", tag_columns=["loud"],
        group_by="column", group_column="artist", split_by="column", split_column="set", split_shares=None,
    )  # fmt: skip
    assert list(clips.clip_id) == names
    assert list(clips.split) == ["train", "train", "valid", "valid", *["test"] * 4]
    assert list(clips.group_id) == list("00112233")
    assert tags.loud.tolist() == [0, 1] * 4
    assert problems == [("no_such_file", "such.wav"), ("not_listed", "unlisted.wav")]


def test_columns_that_may_be_tags_or_not_are_asked_for(tmp_path):
    tree(tmp_path / "music", 1)
    (tmp_path / "music" / "t.csv").write_text("path,title,rock\nlow/album 0/söng 0.wav,x,1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"t.csv: found the columns path, title, rock, which may be tags or not"):
        built(tmp_path / "music", tmp_path / "corpus", tags="table", table="t.csv")


def test_a_group_in_two_stated_splits_is_refused_with_file_and_line(tmp_path):
    names = tree(tmp_path / "music", 1)
    lines = [f"{name},{split}" for name, split in zip(names, ["train", "test", "valid", "valid"], strict=True)]
    (tmp_path / "music" / "s.csv").write_text("\n".join(["path,split", *lines]), encoding="utf-8")
    stated = {"table": "s.csv", "split_by": "column", "split_column": "split", "split_shares": None}
    with pytest.raises(ValueError, match=r"s.csv, line 3: the group 'high/album 0' is in test here and in train in "):
        built(tmp_path / "music", tmp_path / "corpus", **stated)
    clips, _, _ = built(tmp_path / "music", tmp_path / "corpus", **stated, group_by="file")
    assert list(clips.split) == ["train", "test", "valid", "valid"]


def test_splits_come_from_files_and_must_not_overlap(tmp_path):
    names = tree(tmp_path / "music", 1)
    for split, listed in {"train": names[:2], "test": names[2:3]}.items():
        (tmp_path / "music" / f"{split}.txt").write_text("\n".join(listed) + "\n", encoding="utf-8")
    stated = {"split_by": "files", "split_files": {"train": "train.txt", "test": "test.txt"}, "split_shares": None}
    clips, _, problems = built(tmp_path / "music", tmp_path / "corpus", **stated)
    assert list(clips.split) == ["train", "train", "test"]
    assert problems == [("not_listed", names[3])]
    (tmp_path / "music" / "test.txt").write_text(f"\n{names[1]}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"test.txt, line 2: high/album 0/söng 1.mp3 is in test here and in train in"):
        built(tmp_path / "music", tmp_path / "corpus", **stated)
    (tmp_path / "music" / "test.txt").write_text("absent.wav\n")
    with pytest.raises(ValueError, match=r"test.txt: found no column that names audio files"):
        built(tmp_path / "music", tmp_path / "corpus", **stated)
    # As spreadsheets on Windows write it; the other list is in UTF-8.
    (tmp_path / "music" / "test.txt").write_bytes(f"{names[2]}\r\n{names[3]}\r\n".encode("cp1252"))
    assert list(built(tmp_path / "music", tmp_path / "corpus", **stated)[0].split) == ["train"] * 2 + ["test"] * 2


def test_without_tags_there_is_a_corpus_to_pretrain_on(tmp_path):
    tree(tmp_path / "music", 2)
    _, tags, _ = built(tmp_path / "music", tmp_path / "corpus", tags="none")
    assert tags.shape == (8, 0)


def test_rare_tags_are_dropped_and_listed(tmp_path):
    tree(tmp_path / "music", 2)
    write(tmp_path / "music" / "odd" / "one.wav")
    _, tags, problems = built(tmp_path / "music", tmp_path / "corpus", min_clips_per_tag=2)
    assert list(tags.columns) == ["high", "low"]
    assert problems == [("tag_dropped", "odd")]


@pytest.mark.skipif(sys.platform == "win32", reason="links and such names are not allowed there")
def test_links_in_circles_and_odd_names_end_the_listing_of_nothing(tmp_path, capsys):
    names = tree(tmp_path / "music", 2)
    root = tmp_path / "music"
    (root / "low" / "circle").symlink_to(root)
    (root / "low" / "again.wav").symlink_to(root / names[0])
    (root / "low" / "cover.jpg").write_bytes(b"x")
    odd = ["-rf.wav", " space .wav", "line\nbreak.wav", "NA.wav", "a,b;c.wav"]
    for name in odd:
        write(root / "low" / name)
    os.rename(os.fsencode(write(root / "x.wav")), os.fsencode(root) + b"/caf\xe9.wav")
    write(root / "low" / "carriage\rreturn.wav")
    write(root / "high\r" / "inside.wav")
    Path(os.fsdecode(os.fsencode(root) + b"/notes.caf\xe9")).write_bytes(b"x")
    clips, _, problems = built(root, tmp_path / "corpus")
    assert set(clips.clip_id) == {*names, *(f"low/{name}" for name in odd)}
    found = {subject for _, subject in problems}
    assert found >= {"low/circle", "caf\\xe9.wav", "low/carriage\\rreturn.wav", "high\\r/inside.wav"}
    # An unknown suffix goes to the log of a stage, which may take nothing but UTF-8.
    assert "1 .caf\\xe9" in capsys.readouterr().out
    assert len(clips) == len(names) + len(odd)


def test_no_folder_no_audio_and_too_few_groups_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder; set root to the folder that holds the audio"):
        built(tmp_path / "none", tmp_path / "corpus")
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "a.txt").write_text("x")
    with pytest.raises(ValueError, match="found no audio, and 1 other files; set root"):
        built(tmp_path / "music", tmp_path / "corpus")
    (tmp_path / "music" / "._a.wav").write_text("x")
    with pytest.raises(ValueError, match=r"1 other files, and left out 1 \(first: ._a.wav is what macOS leaves"):
        built(tmp_path / "music", tmp_path / "corpus")
    for number in range(4):
        write(tmp_path / "music" / "tag" / "album" / f"{number}.wav")
    with pytest.raises(ValueError, match="1 groups are too few for splits, and valid, test got none"):
        built(tmp_path / "music", tmp_path / "corpus")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tags": "table"}, "table must be the name of a table"),
        ({"group_by": "column", "table": "t.csv"}, "group_column must be a column, got None"),
        ({"split_by": "column", "table": "t.csv"}, "split_column must be a column, got None"),
        ({"split_by": "files"}, "split_files must be a mapping of train, valid, test"),
        ({"split_shares": {"train": 0.5, "test": 0.4}}, "split_shares must be of train, valid, test, 1 in sum"),
        ({"split_shares": {"train": 0.5, "dev": 0.5}}, "split_shares must be of train, valid, test, 1 in sum"),
        ({"labels": "x"}, "found unknown key labels"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(changes, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        params(tmp_path, **changes)


def test_a_table_of_the_users_home_is_found(tmp_path, monkeypatch):
    tree(tmp_path / "music", 2)
    monkeypatch.setenv("HOME", str(tmp_path))
    clips, _, _ = built(tmp_path / "music", tmp_path / "corpus")
    replace(params(tmp_path), root="~/music").build(tmp_path / "again", tmp_path / "work", 1)
    assert list(read_clips(tmp_path / "again" / "clips.csv").path) == list(clips.path)
