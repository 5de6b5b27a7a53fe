"""MagnaTagATune: split by folder, tracks by path, tags in the order of the thesis or of Lee et al."""

import pandas as pd
import pytest

from clmr.corpora import magnatagatune
from clmr.corpora.magnatagatune import LEE_TAGS, THESIS_TAGS, MagnaTagATuneParams, split_of, track_of
from clmr.storage import paths
from tests.corpora.miniatures import TAGS_OF_THESIS
from tests.corpora.test_published import built


def test_the_published_counts_are_those_of_the_thesis():
    everything, tagged = (
        MagnaTagATuneParams("magnatagatune", clips, "thesis").declaration() for clips in ("all", "tagged")
    )
    assert sum(everything.counts.values()) == 25_863
    assert len(everything.left_out) == 3
    # The three without audio are in training: 18,706 remain.
    assert everything.counts["train"] - 3 == 18_706
    assert (everything.counts["valid"], everything.counts["test"]) == (1_825, 5_329)
    assert (tagged.counts["train"] - 3, tagged.counts["valid"], tagged.counts["test"]) == (15_247, 1_529, 4_332)


def test_tags_are_in_the_order_of_table_4_1_or_of_lee():
    assert list(THESIS_TAGS) == list(TAGS_OF_THESIS["magnatagatune"]["names"])
    assert THESIS_TAGS[-4:] == ("country", "metal", "female voice", "choral")
    assert LEE_TAGS[-4:] == ("country", "female voice", "metal", "choral")
    assert sorted(LEE_TAGS) == sorted(set(THESIS_TAGS))


def test_every_folder_has_its_split():
    found = [split_of(f"{folder:x}/a.mp3") for folder in range(16)]
    assert found == ["train"] * 12 + ["valid"] + ["test"] * 3
    with pytest.raises(ValueError, match="found the path 'g/a.mp3', expected a folder 0 to f"):
        split_of("g/a.mp3")


def test_clips_of_a_track_share_it_whatever_its_name():
    assert track_of("0/x-1-2-30-59.mp3") == track_of("0/x-1-2-0-29.mp3") == "0/x-1-2"
    assert track_of("0/x-0-29.mp3") != track_of("1/x-0-29.mp3")


def test_the_miniature(server, repository, monkeypatch):
    clips, tags, facts = built("magnatagatune", server, repository, monkeypatch)
    assert facts["n_clips"] == {"train": 11, "valid": 6, "test": 6}
    assert "3" not in set(clips.clip_id)
    assert list(tags.columns) == list(THESIS_TAGS)
    # Untagged clips stay in.
    assert tags.loc["2"].sum() == 0
    assert tags.loc["5", "techno"] == 1
    assert clips.groupby("track_id").size().max() == 2
    assert clips.path[0] == "../../sources/magnatagatune/mp3/0/artist-album-00-song_0-0-29.mp3"


def test_the_clean_split_and_the_other_order_are_parameters(server, repository, monkeypatch):
    annotations = paths.sources_dir("magnatagatune")
    built("magnatagatune", server, repository, monkeypatch)
    params = MagnaTagATuneParams("magnatagatune", "tagged", "lee")
    listing = params.listing(annotations)
    assert list(listing.tags.columns) == list(LEE_TAGS)
    assert "2" not in set(listing.clips.clip_id)
    assert len(listing.clips) == 23
    assert len(listing.tags) == len(listing.clips)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(columns="guitar"), "annotations_final.csv: no column guitar; found clip_id"),
        (lambda table: table.assign(guitar="2"), "annotations_final.csv, line 2: found a tag that is neither 0 nor 1"),
        (lambda table: table.assign(mp3_path="x.mp3"), "found the path 'x.mp3', expected a folder 0 to f"),
    ],
)
def test_a_table_that_is_not_the_published_one_is_refused(tmp_path, change, message):
    rows = {name: ["0", "1"] for name in THESIS_TAGS}
    table = pd.DataFrame({"clip_id": ["2", "3"], "mp3_path": ["0/a-0-29.mp3", "1/b-0-29.mp3"]} | rows)
    change(table).to_csv(tmp_path / magnatagatune.ANNOTATIONS_NAME, sep="\t", index=False)
    with pytest.raises(ValueError, match=message):
        MagnaTagATuneParams("magnatagatune", "all", "thesis").listing(tmp_path)
