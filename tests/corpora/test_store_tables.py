"""The fast reader of a store's tables: what pandas reads, or nothing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clmr.corpora.store import read_clips, read_tags
from clmr.corpora.store_tables import plain_clips, plain_tags

COLUMNS = ("clip_id", "track_id", "group_id", "split", "offset", "n_samples")
# Names that pandas would take for numbers or for missing values.
PLAIN = ["007", "NA", "1e3", "", "a b"]


def clips_table(folder: Path, names: list[str]) -> Path:
    n_clips = len(names)
    table = pd.DataFrame({
        "clip_id": names, "track_id": names, "group_id": names[::-1], "split": ["train", *["test"] * (n_clips - 1)],
        "offset": 10**12 + np.arange(n_clips), "n_samples": 7, "sha256": "0" * 64, "path": [f"x/{n}" for n in names],
    })  # fmt: skip
    table.to_csv(folder / "clips.csv", index=False, lineterminator="\n")
    return folder / "clips.csv"


def tags_table(folder: Path, names: list[str], tags: list[str]) -> Path:
    values = np.random.default_rng(0).integers(0, 2, (len(names), len(tags)))
    table = pd.DataFrame(values, columns=tags, index=pd.Index(names, name="clip_id"))
    table.to_csv(folder / "tags.csv", lineterminator="\n")
    return folder / "tags.csv"


@pytest.mark.parametrize("names", [PLAIN, PLAIN[:1]], ids=["five", "one"])
def test_plain_clips_are_those_that_pandas_reads(tmp_path, names):
    path = clips_table(tmp_path, names)
    pd.testing.assert_frame_equal(plain_clips(path, COLUMNS), read_clips(path)[list(COLUMNS)])


@pytest.mark.parametrize("tags", [["slow"], ["slow", "b 2", "007"], []], ids=["one", "three", "none"])
def test_plain_tags_are_those_that_pandas_reads(tmp_path, tags):
    path = tags_table(tmp_path, [*PLAIN[:3], "a b"], tags)
    values, names = plain_tags(path)
    expected = read_tags(path)
    np.testing.assert_array_equal(values, expected.to_numpy(np.uint8))
    assert values.dtype == np.uint8
    assert names == tuple(expected.columns)


@pytest.mark.parametrize("name", ["a,b", 'the "best"', "two\nlines", "carriage\rreturn", "söng"])
def test_what_is_quoted_or_has_other_letters_is_left_to_pandas(tmp_path, name):
    assert plain_clips(clips_table(tmp_path, ["plain", name]), COLUMNS) is None
    assert plain_tags(tags_table(tmp_path, ["plain", name], ["slow"])) is None


@pytest.mark.parametrize("row", ["too,few,fields", "a,a,a,train,0,7,0,x,one more", "a,a,a,train,0,7,0\n0"])
def test_a_row_with_other_fields_than_the_header_is_refused(tmp_path, row):
    path = clips_table(tmp_path, PLAIN)
    path.write_text(f"{path.read_text()}{row}\n")
    with pytest.raises(ValueError, match=r"clips.csv: found a row that has not the 8 fields"):
        plain_clips(path, COLUMNS)


@pytest.mark.parametrize("row", ["a,0,2", "a,0", "a,10,1", "a,0,1,"])
def test_a_row_of_tags_without_its_digits_is_refused(tmp_path, row):
    path = tags_table(tmp_path, PLAIN, ["slow", "fast"])
    path.write_text(f"{path.read_text()}{row}\n")
    with pytest.raises(ValueError, match=r"tags.csv: found a row that does not end in one 0 or 1 for each of 2 tags"):
        plain_tags(path)
