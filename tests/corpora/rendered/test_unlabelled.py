"""A corpus without labels sounds like the labelled one that it is made of, and gives none of its tags away."""

from dataclasses import fields

import pandas as pd
import pytest

from clmr.corpora.build_store import StoreParams, build_store
from clmr.corpora.rendered.planning import plan_corpus
from clmr.corpora.rendered.unlabelled import UnlabelledCorpus, drop_labels
from clmr.corpora.store import open_store
from clmr.storage.files import read_json, write_json
from clmr.storage.strict import from_mapping, to_mapping


@pytest.fixture(scope="module")
def unlabelled(params) -> UnlabelledCorpus:
    names = {field.name for field in fields(UnlabelledCorpus)}
    shared = {key: value for key, value in to_mapping(params).items() if key in names}
    return from_mapping(
        UnlabelledCorpus, shared | {"kind": "unlabelled", "n_clips": 6, "clips_per_tune": 1.0}, "corpus"
    )


@pytest.fixture(scope="module")
def built(unlabelled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unlabelled")
    unlabelled.build(folder / "corpus", folder / "work", n_workers=1)
    return folder / "corpus"


def test_it_has_the_clips_of_a_labelled_corpus_all_of_them_to_train_on(built, unlabelled):
    clips = pd.read_csv(built / "clips.csv", dtype=str, na_filter=False)
    planned = plan_corpus(unlabelled.labelled()).clips
    assert clips.clip_id.tolist() == [clip.clip_id for clip in planned]
    assert set(clips.split) == {"train"}
    assert len(list((built / "audio").glob("*.flac"))) == unlabelled.n_clips


def test_no_file_of_it_holds_a_tag(built):
    assert pd.read_csv(built / "tags.csv").columns.tolist() == ["clip_id"]
    assert sorted(path.name for path in built.iterdir()) == ["audio", "clips.csv", "corpus.json", "tags.csv"]
    facts = read_json(built / "corpus.json")
    assert facts["n_clips"] == 6
    assert not [key for key in facts if "tag" in key or "positives" in key or "split" in key]


def test_a_store_is_built_from_it_without_tags(built, tmp_path):
    params = StoreParams(corpus="tunes", sample_rate_hz=8_000, min_duration_s=1.0, broken="refuse")
    build_store(built, params, tmp_path / "store", tmp_path / "work", n_workers=1)
    store = open_store(tmp_path / "store")
    assert store.tag_names == ()
    assert store.tags.shape == (6, 0)
    assert len(store.rows("train")) == 6


def test_dropping_labels_leaves_all_else_as_it_was(tmp_path):
    text = "clip_id,track_id,split,path,bpm,second_lead\n0-a,a,valid,audio/0-a.flac,60.500,\n"
    (tmp_path / "clips.csv").write_text(text)
    (tmp_path / "tags.csv").write_text("clip_id,piano\n0-a,1\n")
    (tmp_path / "tags_complete.csv").write_text("clip_id,piano\n0-a,1\n")
    write_json(tmp_path / "corpus.json", {"n_clips": 1, "tags": ["piano"]})
    for _ in range(2):  # again, as after a build that was killed in between
        drop_labels(tmp_path)
    assert (tmp_path / "clips.csv").read_text() == text.replace("valid", "train")
    assert (tmp_path / "tags.csv").read_text() == "clip_id\n0-a\n"
    assert not (tmp_path / "tags_complete.csv").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_clips": 2}, "n_clips must be >= 3"),
        ({"clip_duration_s": 0.5}, r"clip_duration_s must be in \[1, 60\], got 0.5"),
        ({"hidden_positive_rate": 0.2}, "found unknown key hidden_positive_rate"),
        ({"vocabulary": "semantic"}, "found unknown key vocabulary"),
    ],
)
def test_what_is_wrong_is_named(unlabelled, change, message):
    with pytest.raises(ValueError, match=message):
        from_mapping(UnlabelledCorpus, to_mapping(unlabelled) | change, "corpus")
