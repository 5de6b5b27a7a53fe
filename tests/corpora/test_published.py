"""Published corpora: complete declarations, and miniatures of each from the server to the tables."""

import itertools
import re
import typing
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile as sf

from clmr.corpora.build_store import StoreParams, build_store
from clmr.corpora.declaration import CHECKSUM_LENGTHS, in_words
from clmr.corpora.describe import describe
from clmr.corpora.published import Listing, MissingData, PublishedCorpus, write_listing
from clmr.corpora.registry import CORPORA
from clmr.corpora.store import open_store, read_clips, read_tags
from clmr.storage import paths
from clmr.storage.files import read_json
from tests.corpora.miniatures import MINIATURES, N_CLIPS, SPLITS, install


def variants():
    """Parameters of every kind of published corpus in each of its settings."""
    for kind in CORPORA.targets:
        cls = CORPORA.parameter_class({"kind": kind})
        if issubclass(cls, PublishedCorpus):
            hints = typing.get_type_hints(cls)
            del hints["kind"]
            for values in itertools.product(*(typing.get_args(hint) for hint in hints.values())):
                yield cls(kind, *values)


VARIANTS = {f"{corpus.kind} {index}": corpus for index, corpus in enumerate(variants())}


@pytest.mark.parametrize("corpus", VARIANTS.values(), ids=VARIANTS)
def test_every_declaration_is_complete(corpus):
    declared = corpus.declaration()
    for text in (declared.title, declared.licence, declared.citation):
        assert len(text) >= 4
    assert re.fullmatch(r"https?://\S+", declared.homepage)
    assert re.search(r"\b(19|20)\d\d\b", declared.citation)
    # How many clips there ought to be, or why nobody knows.
    assert bool(declared.counts) != bool(declared.uncounted)
    assert declared.archives or declared.by_hand
    files = [*declared.files, *(part for archive in declared.archives for part in archive.parts)]
    assert len({file.name for file in files}) == len(files)
    for file in files:
        assert file.urls
        assert all(re.fullmatch(r"https?://\S+", url) for url in file.urls)
        assert file.size_bytes > 1_000
        algorithm, _, digest = file.checksum.partition(":")
        # A checksum, or a reason and a size that is known to the byte.
        assert bool(file.checksum) != bool(file.unverified)
        assert re.fullmatch(rf"[0-9a-f]{{{CHECKSUM_LENGTHS[algorithm]}}}", digest) if digest else file.exact_size
    for archive in declared.archives:
        assert archive.unpacked_bytes >= sum(part.size_bytes for part in archive.parts) / 2
    for files in declared.by_hand:
        assert min(len(files.example), len(files.what), len(files.how)) >= 8
        assert files.size_bytes > 0


def test_every_kind_has_a_miniature():
    assert {corpus.kind for corpus in VARIANTS.values()} == set(MINIATURES)


@pytest.mark.parametrize("kind", [kind for kind in MINIATURES if kind != "gtzan"])
def test_a_miniature_goes_from_the_server_to_a_store(kind, server, repository, monkeypatch, hasty):
    made = install(kind, server, monkeypatch, ("page", "drops"))
    corpus, store = paths.corpus_dir(kind), paths.store_dir(kind)
    made.params.build(corpus, repository / "work", 1)
    clips, tags, facts = (
        read_clips(corpus / "clips.csv"),
        read_tags(corpus / "tags.csv"),
        read_json(corpus / "corpus.json"),
    )
    assert list(clips.clip_id) == list(tags.index)
    assert not clips.path.str.startswith("/").any()
    assert describe(corpus).clips.sum() == len(clips)
    params = StoreParams(kind, 8_000, 3.0, "skip")
    build_store(corpus, params, store, repository / "unfinished", 1)
    built = open_store(store)
    skipped = read_json(store / "store.json")["skipped"]
    # Nothing is lost on the way: what is not in the store is listed.
    assert len(built.clips) + len(skipped) == len(clips)
    assert len(skipped) == facts["n_without_audio"] == (1 if kind == "million_song" else 0)
    # A second build fetches nothing.
    server.asked.clear()
    made.params.build(corpus, repository / "work", 1)
    assert server.asked == []


def built(kind, server, repository, monkeypatch, **changes):
    """Tables of a miniature, with some of its parameters changed."""
    made = install(kind, server, monkeypatch)
    corpus = paths.corpus_dir(kind)
    replace(made.params, **changes).build(corpus, repository / "work", 1)
    return read_clips(corpus / "clips.csv"), read_tags(corpus / "tags.csv"), read_json(corpus / "corpus.json")


def test_all_that_is_missing_is_listed_with_place_size_and_checksum(server, repository, monkeypatch, hasty):
    made = install("magnatagatune", server, monkeypatch, ("absent", "page"))
    with pytest.raises(MissingData) as raised:
        made.params.build(paths.corpus_dir("magnatagatune"), repository / "work", 1)
    message = str(raised.value)
    assert "MagnaTagATune is not there: annotations_final.csv could not be fetched" in message
    assert "HTTP 404" in message
    assert "an HTML page" in message
    for file in ("annotations_final.csv", "mp3.zip.001", "mp3.zip.002", "mp3.zip.003"):
        assert re.search(rf"data/sources/magnatagatune/{file}: about [\d.]+ k?B, sha256 [0-9a-f]{{64}}\n", message)
    assert str(repository) not in message


def test_audio_that_nobody_gives_is_asked_for_before_anything_is_fetched(server, repository, monkeypatch, hasty):
    made = install("million_song", server, monkeypatch)
    for file in (paths.sources_dir("million_song") / "audio").rglob("*.mp3"):
        file.unlink()
    (paths.sources_dir("million_song") / "audio").rename(paths.sources_dir("million_song") / "elsewhere")
    with pytest.raises(
        MissingData, match=r"data/sources/million_song/audio/: 241,889 previews .* about 180 GB, such as"
    ):
        made.params.build(paths.corpus_dir("million_song"), repository / "work", 1)
    assert server.asked == []


def test_files_brought_by_hand_need_no_network(server, repository, monkeypatch, hasty):
    made = install("fma", server, monkeypatch, ("absent",))
    paths.sources_dir("fma").mkdir(parents=True)
    for name, content in server.files.items():
        (paths.sources_dir("fma") / name).write_bytes(content)
    made.params.build(paths.corpus_dir("fma"), repository / "work", 1)
    assert server.asked == []
    # Once it is unpacked, the archive may go.
    (paths.sources_dir("fma") / "fma_medium.zip").unlink()
    made.params.build(paths.corpus_dir("fma"), repository / "work", 1)


def test_without_room_nothing_is_fetched(server, repository, monkeypatch, hasty):
    made = install("fma", server, monkeypatch)

    def full(folder, needed, what):
        raise OSError(f"{what}: {needed}")

    monkeypatch.setattr("clmr.corpora.published.require_space", full)
    expected = sum(map(len, made.served.values())) + 2 * 3_000_000
    with pytest.raises(OSError, match=f"Free Music Archive, medium: {expected}"):
        made.params.build(paths.corpus_dir("fma"), repository / "work", 1)
    assert server.asked == []


ROWS = [("1", "a", "a", "train", "1.wav"), ("2", "b", "b", "valid", "2.wav"), ("3", "c", "c", "test", "3.wav")]


def listing(rows=ROWS):
    clips = pd.DataFrame(rows, columns=["clip_id", "track_id", "group_id", "split", "path"])
    return Listing(clips, pd.DataFrame({"rock": [0] * len(rows)}), "list.csv")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*ROWS, ("1", "d", "d", "train", "4.wav")], r"list.csv: the id '1' occurs twice \(clip 4 of the list\)"),
        ([*ROWS, ("4", "a", "a", "test", "4.wav")], "list.csv: the track 'a' is in several splits"),
        ([*ROWS, ("4", "d", "d", "dev", "4.wav")], "list.csv: found the split 'dev', allowed are train, valid, test"),
        (ROWS[:2], r"list.csv: found all 2, test 0 clips, published are all 3, test 1; put the published files there"),
    ],
)
def test_a_list_that_is_not_the_published_one_is_refused(tmp_path, rows, message):
    (tmp_path / "1.wav").touch()
    declared = replace(
        next(variants()).declaration(), counts={"all": 3, "test": 1} if len(rows) < 4 else {}, left_out={}
    )
    with pytest.raises(ValueError, match=message):
        write_listing(listing(rows), declared, tmp_path, tmp_path / "corpus")
    assert not (tmp_path / "corpus").exists()


def test_groups_in_several_splits_are_published_and_noted(tmp_path, capsys):
    (tmp_path / "1.wav").write_bytes(b"abc")
    rows = [(clip, track, "artist", split, path) for clip, track, _, split, path in ROWS]
    declared = replace(next(variants()).declaration(), counts={}, left_out={})
    write_listing(listing(rows), declared, tmp_path, tmp_path / "corpus")
    assert "1 groups are in several of the published splits, such as artist" in capsys.readouterr().err
    facts = read_json(tmp_path / "corpus" / "corpus.json")
    assert facts["groups_in_several_splits"] == ["artist"]
    assert facts["n_without_audio"] == 2
    table = pd.read_csv(tmp_path / "corpus" / "clips.csv")
    assert list(table.n_bytes) == [3, 0, 0]
    assert list(table.path) == ["../1.wav", "../2.wav", "../3.wav"]


def test_a_store_takes_groups_that_published_splits_cut_in_two(tmp_path):
    rows = [(clip, track, "artist", split, path) for clip, track, _, split, path in ROWS]
    for *_, path in rows:
        sf.write(tmp_path / path, np.random.default_rng(0).uniform(-0.5, 0.5, 8_000), 8_000)
    declared = replace(next(variants()).declaration(), counts={}, left_out={})
    write_listing(listing(rows), declared, tmp_path, tmp_path / "corpus")
    params = StoreParams("x", 8_000, 0.5, "refuse")
    build_store(tmp_path / "corpus", params, tmp_path / "store", tmp_path / "work", 1)
    clips = open_store(tmp_path / "store").clips
    assert clips.split.tolist() == [split for *_, split, _ in rows]
    assert clips.groupby("group_id").split.nunique().max() == 1
    assert clips.groupby("split").group_id.nunique().max() == 1


def test_a_corpus_without_any_audio_is_missing(tmp_path):
    declared = replace(next(variants()).declaration(), counts={}, left_out={})
    with pytest.raises(MissingData, match=r"none of 3 audio files is there, such as 1.wav"):
        write_listing(listing(), declared, tmp_path, tmp_path / "corpus")


def test_sizes_are_in_words_that_fit():
    assert [in_words(size) for size in (999, 1_000, 358_612_992, 943_718_400_000)] == [
        "999 B",
        "1 kB",
        "359 MB",
        "944 GB",
    ]


def test_the_splits_of_miniatures_are_the_ones_intended():
    assert len(SPLITS) * 2 == N_CLIPS
