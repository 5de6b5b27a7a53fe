"""Tables as people write them."""

import pytest

from clmr.corpora.tag_tables import matched, read_table, tags_of_columns

FILES = ("Rock/a.mp3", "Rock/b.wav", "Jazz/é.flac")
PLAIN = "file,rock,jazz\nRock/a.mp3,1,0\nRock/b.wav,1,0\nJazz/é.flac,0,1\n"
WRITTEN = {
    "plain": PLAIN.encode(), "mark": b"\xef\xbb\xbf" + PLAIN.encode(), "utf16": PLAIN.encode("utf-16"),
    "windows": PLAIN.replace("\n", "\r\n").encode("cp1252"), "semicolons": PLAIN.replace(",", ";").encode(),
    "tabs": PLAIN.replace(",", "\t").encode(), "spaces": PLAIN.replace(",", " , ").encode(),
    "truth": PLAIN.replace(",1", ",True").replace(",0", ",false").encode(), "blank_lines": (PLAIN + "\n,,\n").encode(),
    "back_slashes": PLAIN.replace("/", "\\").encode(), "capitals": PLAIN.replace("Rock/", "ROCK/").encode(),
    "names": PLAIN.replace("Rock/", "").replace("Jazz/", "").encode(),
    "stems": PLAIN.replace(".mp3", "").replace(".wav", "").replace(".flac", "").encode(),
    "decomposed": PLAIN.replace("é", "e\u0301").encode(),
    "order": b"jazz,file,rock\n0,Rock/b.wav,1\n1,Jazz/\xc3\xa9.flac,0\n0,Rock/a.mp3,1\n",
}  # fmt: skip


@pytest.mark.parametrize("how", WRITTEN)
def test_one_column_per_tag_in_whatever_form(how, tmp_path):
    (tmp_path / "tags.csv").write_bytes(WRITTEN[how])
    table = read_table(tmp_path / "tags.csv")
    rows = matched(table, FILES, None)
    assert rows.column == "file"
    tags = tags_of_columns(table, ["rock", "jazz"])
    assert dict(zip(rows.files, tags, strict=True)) == {
        "Rock/a.mp3": ("rock",), "Rock/b.wav": ("rock",), "Jazz/é.flac": ("jazz",),
    }  # fmt: skip


@pytest.mark.parametrize("separator", ["|", "; ", ", "])
def test_one_column_of_tags(separator, tmp_path):
    (tmp_path / "t.tsv").write_text(f"tags\tpath\nrock{separator}slow\ta.mp3\n\tb.wav\n{separator}jazz\té.flac\n")
    table = read_table(tmp_path / "t.tsv")
    assert tags_of_columns(table, ["tags"]) == [("rock", "slow"), (), ("jazz",)]
    assert matched(table, FILES, "path").files == FILES


REFUSED = {
    "": "is empty; expected a line with the names",
    "file,rock\na.mp3,1\nb.wav,1,0\n": "line 3: found 3 fields, expected 2 as in line 1",
    "file,rock,rock\na.mp3,1,1\n": "line 1: found the column 'rock' more than once",
    "file,rock\nx.mp3,1\n": "found no column that names audio files, such as Rock/a.mp3; its first row is x.mp3, 1",
    "file,rock\na.mp3,1\nb.wav,0\nRock/a,0\n": "line 4: Rock/a.mp3 is in line 2 already",
    ",,,\n": "is empty; expected a line with the names",
    '""\n': "is empty; expected a line with the names",
    'file,rock\na.mp3,"1\nb.wav,0\né.flac,1\n': "line 2: found a quotation mark that is never closed",
    'file,rock\na.mp3,1\nb.wav,0\n"é.flac,1\n': "line 4: found a quotation mark that is never closed",
    'file,rock\na.mp3,"' + "x" * 140_000: "line 2: field larger than field limit .*; is a quotation mark missing",
    "file,rock,jazz\na.mp3,1,2\n": "line 2: found '2' in the column 'jazz', expected 0 or 1",
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_tables_that_cannot_be_right_are_refused_with_their_line(text, tmp_path):
    (tmp_path / "tags.csv").write_text(text)

    def read():
        table = read_table(tmp_path / "tags.csv")
        matched(table, FILES, None)
        tags_of_columns(table, [name for name in table.columns if name != "file"])

    with pytest.raises(ValueError, match=f"tags.csv.*{REFUSED[text]}"):
        read()


def test_cells_in_quotation_marks_may_go_over_lines(tmp_path):
    (tmp_path / "t.csv").write_text('file,title\na.mp3,"One, two\nthree"\nb.wav,"Heroes" live\n')
    table = read_table(tmp_path / "t.csv")
    assert table.column("title") == ["One, two\nthree", "Heroes live"]
    assert table.lines == (3, 4)


def test_utf_16_that_is_cut_short_is_named(tmp_path):
    (tmp_path / "t.csv").write_bytes(PLAIN.encode("utf-16")[:-1])
    with pytest.raises(ValueError, match=r"t.csv: begins as UTF-16 and is not \(truncated data\); save it again"):
        read_table(tmp_path / "t.csv")


def test_a_file_whose_name_begins_with_a_space_can_be_named(tmp_path):
    (tmp_path / "t.csv").write_text("file,rock\n lead.wav,1\nb.wav,0\n")
    rows = matched(read_table(tmp_path / "t.csv"), (" lead.wav", "b.wav"), None)
    assert rows.files == (" lead.wav", "b.wav")


def test_missing_tables_and_columns_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"tags.csv: no such file"):
        read_table(tmp_path / "tags.csv")
    (tmp_path / "tags.csv").write_text(PLAIN)
    with pytest.raises(ValueError, match="line 1: found no column 'genre'; its columns are file, rock, jazz"):
        read_table(tmp_path / "tags.csv").column("genre")
