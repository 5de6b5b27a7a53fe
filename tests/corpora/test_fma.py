"""FMA: two lines of heads, genres of several levels, tracks of the chosen size and of those below, known bad ones."""

import pytest

from clmr.corpora.fma import FMAParams
from clmr.storage import paths
from tests.corpora.test_published import built


@pytest.mark.parametrize(
    ("subset", "n_tracks", "n_left_out"),
    [("small", 8_000, 21), ("medium", 25_000, 21), ("large", 106_574, 21), ("full", 106_574, 15)],
)
def test_the_four_sizes(subset, n_tracks, n_left_out):
    declared = FMAParams("fma", subset, "top").declaration()
    assert declared.counts == {"all": n_tracks}
    # Whole tracks are not too short; that some have no audio holds for all.
    assert len(declared.left_out) == n_left_out
    assert declared.left_out["99134"] == "has no audio"


def test_the_miniature(server, repository, monkeypatch):
    clips, tags, facts = built("fma", server, repository, monkeypatch)
    assert facts["n_clips"] == {"train": 12, "valid": 6, "test": 6}
    assert not {"99134", "100000"} & set(clips.clip_id)
    assert list(tags.columns) == ["Rock", "Hip-Hop"]
    assert tags.sum(axis=1).eq(1).all()
    assert clips.group_id[0] == "artist 0"
    assert clips.path[0] == "../../sources/fma/fma_medium/000/000002.mp3"


def test_genres_of_all_levels_are_tags_too(server, repository, monkeypatch):
    built("fma", server, repository, monkeypatch)
    everything = FMAParams("fma", "large", "all").listing(paths.sources_dir("fma"))
    assert list(everything.tags.columns) == ["Rock", "Hip-Hop", "Shoe-Gaze"]
    several = everything.tags[everything.clips.clip_id == "99134"].iloc[0]
    assert several.tolist() == [1, 0, 1]
    assert "100000" in set(everything.clips.clip_id)
    smaller = FMAParams("fma", "small", "top").listing(paths.sources_dir("fma"))
    assert len(smaller.clips) < len(everything.clips)
    # Another size has its own archive.
    assert smaller.clips.path.str.startswith("fma_small/").all()


GENRES = "genre_id,#tracks,parent,title,top_level\n10,5,0,Rock,10\n"
HEADS = ",artist,set,set,track\n,id,split,subset,genres_all\ntrack_id,,,,\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADS + '2,1,training,tiny,"[10]"\n', "tracks.csv: track 2 has the subset 'tiny', allowed: small, medium"),
        (
            HEADS + '2,1,train,small,"[10]"\n',
            "tracks.csv: track 2 has the split 'train', allowed: training, validation",
        ),
        (HEADS + '2,1,training,small,"[99]"\n', "tracks.csv: found the genre 99, which genres.csv lacks"),
        (HEADS.replace("subset", "size") + '2,1,training,small,"[10]"\n', "no column set.subset; expected two lines"),
        ("track_id,split\n2,training\n", "tracks.csv: .*two lines of heads"),
        ("", "tracks.csv: .*two lines of heads"),
    ],
)
def test_tables_that_are_not_the_published_ones_are_refused(tmp_path, text, message):
    folder = tmp_path / "fma_metadata"
    folder.mkdir()
    (folder / "tracks.csv").write_text(text)
    (folder / "genres.csv").write_text(GENRES)
    with pytest.raises(ValueError, match=message):
        FMAParams("fma", "full", "top").listing(tmp_path)


def test_a_byte_order_mark_is_no_column(tmp_path):
    folder = tmp_path / "fma_metadata"
    folder.mkdir()
    (folder / "tracks.csv").write_text("\ufeff" + HEADS + '2,1,training,small,"[10]"\n', encoding="utf-8")
    (folder / "genres.csv").write_text("\ufeff" + GENRES, encoding="utf-8")
    listing = FMAParams("fma", "full", "top").listing(tmp_path)
    assert listing.clips.clip_id.tolist() == ["2"]
