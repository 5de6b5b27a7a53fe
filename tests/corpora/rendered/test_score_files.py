import multiprocessing
from dataclasses import astuple

import pytest

from clmr.corpora.rendered import reading, score_files
from clmr.corpora.rendered.catalogue import read_catalogue
from clmr.corpora.rendered.reading import read_score
from clmr.corpora.rendered.score_files import READING_MODULES, kept_score, score_file, scores_dir
from clmr.corpora.rendered.scores import Note, Score
from clmr.pipeline.code import closure

WORKS = {work.key: work for work in read_catalogue().works}
# Triplets: thirds of a quarter note, which no decimal fraction states exactly.
TUNE, CHORALE = WORKS["ryan-MoneyMuskStrathspey-0000"], WORKS["bach-bwv66.6"]


@pytest.fixture
def reads(monkeypatch):
    """The works that are read from their source."""
    read = []

    def counted(work):
        read.append(work)
        return read_score(work)

    monkeypatch.setattr(reading, "read_score", counted)
    return read


@pytest.mark.parametrize("work", [TUNE, CHORALE], ids=lambda work: work.key)
def test_a_score_is_read_once_and_comes_back_equal(work, tmp_path, reads):
    first = kept_score(work, tmp_path)
    second = kept_score(work, tmp_path)
    assert reads == [work]
    assert first == second == read_score(work)
    # Equality would let an int pass for a float.
    assert repr(astuple(first)) == repr(astuple(second))


def test_every_float_comes_back_exactly(tmp_path, monkeypatch):
    values = [1 / 3, 0.1 + 0.2, 2.0**-60, 1e300, 5e-324, 703.125]
    notes = tuple(Note(value, value, 60) for value in values)
    score = Score((notes,), notes, 1 / 3, (3, 4), True, 2 / 3, 0, "")
    monkeypatch.setattr(reading, "read_score", lambda _: score)
    kept_score(TUNE, tmp_path)
    monkeypatch.delattr(reading, "read_score")
    assert repr(kept_score(TUNE, tmp_path)) == repr(score)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda intact: b"",
        lambda intact: intact[:-1],
        lambda intact: intact.replace(b".5,", b".75,", 1),
        lambda intact: b'{"a": "JSON file of something else"}\n',
        lambda intact: b"\xff\xfe\x00 not even text",
    ],
    ids=["empty", "cut off", "one digit", "foreign", "binary"],
)
def test_a_damaged_file_is_replaced_with_one_line_of_log(spoil, tmp_path, reads, capsys):
    score = kept_score(CHORALE, tmp_path)
    file = score_file(CHORALE, tmp_path)
    intact = file.read_bytes()
    file.write_bytes(spoil(intact))
    assert kept_score(CHORALE, tmp_path) == score
    assert len(reads) == 2
    assert file.read_bytes() == intact
    (line,) = capsys.readouterr().err.splitlines()
    assert file.name in line
    assert "reading the score anew" in line


def test_the_file_of_another_work_is_not_taken_for_ones_own(tmp_path, reads):
    kept_score(TUNE, tmp_path)
    score_file(TUNE, tmp_path).rename(score_file(CHORALE, tmp_path))
    assert kept_score(CHORALE, tmp_path) == read_score(CHORALE)


def test_where_nothing_can_be_written_scores_are_read_and_one_line_says_so(tmp_path, reads, capsys):
    # A file where the folder should be, since no permission stops root.
    folder = tmp_path / "scores"
    folder.write_text("in the way")
    for work in (TUNE, CHORALE, TUNE):
        assert kept_score(work, folder) == read_score(work)
    assert len(reads) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert str(folder) in line


def test_processes_may_keep_one_score_at_once(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.starmap(kept_score, [(TUNE, tmp_path)] * 4)
    assert found == [read_score(TUNE)] * 4
    assert [file.name for file in tmp_path.iterdir()] == [score_file(TUNE, tmp_path).name]


def test_the_folder_is_named_by_all_that_decides_a_score(tmp_path, monkeypatch):
    folder = scores_dir(tmp_path)
    assert folder == scores_dir(tmp_path)
    monkeypatch.setattr(score_files, "version", lambda package: "0.0")
    assert scores_dir(tmp_path) != folder
    # Which collections there are, and how parameters are checked, does not change what is read.
    rendered = "clmr.corpora.rendered."
    modules = closure([f"{rendered}reading", f"{rendered}score_files"])
    own = {name.removeprefix(rendered) + ".py" for name in modules if name.startswith(rendered)}
    assert own - {"params.py"} == set(READING_MODULES)
