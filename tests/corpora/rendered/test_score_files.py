"""Parsed scores on disk: the same to the last digit, found again, and never a reason to fail."""

import pytest

from clmr.corpora.rendered import score_files
from clmr.corpora.rendered.catalogue import read_catalogue
from clmr.corpora.rendered.reading import read_score
from clmr.corpora.rendered.score_files import kept_score, scores_dir


@pytest.fixture(scope="module")
def works():
    """A tune and a chorale."""
    by_collection = {work.collection: work for work in read_catalogue().works}
    return [by_collection["aird"], by_collection["bach"]]


def test_a_kept_score_is_the_one_that_was_parsed(works, tmp_path, monkeypatch):
    for work in works:
        parsed = read_score(work)
        assert kept_score(work, tmp_path) == parsed
        with monkeypatch.context() as without_parser:
            without_parser.setattr(score_files, "read_score", None)
            assert kept_score(work, tmp_path) == parsed


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"work": "another"}'])
def test_a_damaged_file_is_parsed_again(works, tmp_path, content, capsys):
    expected = kept_score(works[0], tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_text()
    file.write_text(content)
    assert kept_score(works[0], tmp_path) == expected
    assert "is damaged" in capsys.readouterr().err
    assert file.read_text() == whole


def test_a_folder_that_cannot_be_written_costs_time_only(works, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert kept_score(works[0], tmp_path / "file") == read_score(works[0])
    assert capsys.readouterr().err.count("cannot be written") == 1


def test_builds_of_all_corpora_share_a_folder(tmp_path):
    assert scores_dir(tmp_path / "one") == scores_dir(tmp_path / "other")
