"""The Million Song Dataset: three lists, and audio by id or by an index."""

import pytest

from clmr.corpora import million_song
from clmr.corpora.million_song import LISTS, TAGS, MillionSongParams
from clmr.storage import paths
from tests.corpora.miniatures import TAGS_OF_THESIS, install
from tests.corpora.test_published import built


def test_the_published_counts_and_sizes():
    declared = MillionSongParams("million_song").declaration()
    assert sum(declared.counts.values()) == 241_889
    # Known from the file itself; those of the others follow, since every line is as long.
    assert {file.name: file.size_bytes for file in declared.files}["val_gt_msd.tsv"] == 2_001_580


def test_tags_are_in_the_order_of_the_vectors():
    assert [tag.lower() for tag in TAGS] == [tag.lower() for tag in TAGS_OF_THESIS["million_song"]["names"]]


def test_the_miniature_with_a_preview_that_nobody_has(server, repository, monkeypatch):
    clips, tags, facts = built("million_song", server, repository, monkeypatch)
    assert facts["n_clips"] == {"train": 12, "valid": 6, "test": 6}
    assert (facts["n_without_audio"], facts["first_without_audio"]) == (1, [clips.clip_id[5]])
    assert list(tags.columns) == list(TAGS)
    assert tags.iloc[0, :2].tolist() == [1, 0]
    assert clips.path[0].endswith("audio/A/A/B/TRAABCD128F9000000.mp3")


def test_an_index_names_audio_in_another_order_of_folders(server, repository, monkeypatch):
    install("million_song", server, monkeypatch)
    sources = paths.sources_dir("million_song")
    (sources / "index_msd.tsv").write_text("TRAABCD128F9000000\t7/7/77.clip.mp3\n")
    clips, _, _ = built("million_song", server, repository, monkeypatch)
    assert clips.path[0].endswith("/million_song/audio/7/7/77.clip.mp3")
    assert clips.path[1].endswith("/audio/B/A/B/TRBABCD128F9000001.mp3")


@pytest.mark.parametrize("line", ["TRAAA\t[0, 1]", "TRAAA [0]", "TRAAA\tnothing", f"TRAAA\t[{'2, ' * 49}0]", ""])
def test_a_line_that_is_none_is_named(tmp_path, line):
    for name in LISTS.values():
        (tmp_path / name).write_text(f"TRAAA\t[{'0, ' * 49}1]\n")
    (tmp_path / LISTS["valid"]).write_text(f"TRAAA\t[{'0, ' * 49}1]\n{line}\nx")
    with pytest.raises(ValueError, match=r"val_gt_msd.tsv, line 2: found .*, expected id, tab"):
        MillionSongParams("million_song").listing(tmp_path)
    assert million_song.AUDIO_FOLDER == "audio"
