"""GTZAN: the published lists, and excerpts in whatever format the user has."""

import pytest

from clmr.corpora.gtzan import GENRES, GTZANParams, split_lists
from clmr.corpora.published import MissingData
from clmr.storage import paths
from tests.corpora.test_published import built


def test_the_published_lists():
    lists = split_lists()
    assert {split: len(names) for split, names in lists.items()} == {"train": 443, "valid": 197, "test": 290}
    everything = [name for names in lists.values() for name in names]
    assert len(set(everything)) == 930
    assert {name.partition(".")[0] for name in everything} == set(GENRES)
    assert sum(GTZANParams("gtzan").declaration().counts.values()) == 930


def test_the_miniature(server, repository, monkeypatch):
    clips, tags, facts = built("gtzan", server, repository, monkeypatch)
    assert facts["n_without_audio"] == 930 - 24
    assert list(tags.columns) == list(GENRES)
    assert tags.sum(axis=1).eq(1).all()
    assert tags.loc["blues.00029", "blues"] == 1
    suffixes = clips.path.str.rpartition(".")[2].value_counts()
    assert suffixes["au"] == 12
    assert not clips.track_id.duplicated().any()


def test_without_its_audio_it_is_missing(repository):
    with pytest.raises(MissingData, match=r"genres/: 1,000 excerpts [^$]*5b3d6dddb579ab49814ab86dba69e7c7"):
        GTZANParams("gtzan").build(paths.corpus_dir("gtzan"), repository / "work", 1)
