"""McGill Billboard: the songs that are there, one track each however often they were in the charts."""

import pytest

from clmr.corpora.billboard import BillboardParams
from clmr.storage import paths
from tests.corpora.miniatures import install
from tests.corpora.test_published import built


def test_the_miniature(server, repository, monkeypatch):
    clips, tags, facts = built("billboard", server, repository, monkeypatch)
    assert facts["n_clips"] == {"train": 15, "valid": 0, "test": 0}
    assert tags.shape == (15, 0)
    # 0003 and 0021 are the same song.
    assert clips.track_id.nunique() == 14
    assert clips.track_id[clips.clip_id == "0021"].item() == clips.track_id[clips.clip_id == "0003"].item()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("0900.mp3", "audio/0900.mp3: .*has no id 0900; name files by its ids"),
        ("3.wav", "0003.flac and 3.wav are the same"),
    ],
)
def test_files_that_the_index_does_not_tell_apart_are_refused(server, repository, monkeypatch, name, message):
    install("billboard", server, monkeypatch)
    (paths.sources_dir("billboard") / "audio" / name).write_bytes(b"x")
    with pytest.raises(ValueError, match=message):
        BillboardParams("billboard").build(paths.corpus_dir("billboard"), repository / "work", 1)


def test_what_is_no_audio_is_passed_over(server, repository, monkeypatch):
    install("billboard", server, monkeypatch)
    for name in (".0001.mp3", "cover.jpg", "notes.txt"):
        (paths.sources_dir("billboard") / "audio" / name).write_bytes(b"x")
    clips, _, _ = built("billboard", server, repository, monkeypatch)
    assert len(clips) == 15
