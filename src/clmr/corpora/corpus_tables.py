"""The tables of a corpus folder, checked: whoever writes them is told where they are wrong."""

import csv
import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from clmr.corpora.store import CLIPS_NAME, SPLITS, TAGS_NAME, read_clips, read_tags

_REQUIRED = {CLIPS_NAME: ("clip_id", "track_id", "split", "path"), TAGS_NAME: ("clip_id",)}


def read_corpus(corpus_dir: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The clips and the tags of a corpus, which fit each other.

    Raises:
        FileNotFoundError: If a table is missing.
        ValueError: If one is no table with commas, lacks a column, or does not fit the other; or if a track or group
            is in two splits. With the line, or the clip.
    """
    for name in (CLIPS_NAME, TAGS_NAME):
        if not (corpus_dir / name).is_file():
            raise FileNotFoundError(f"{corpus_dir}: no {name}; run the corpus's download stage first")
        _require_table(corpus_dir / name, _REQUIRED[name])
    clips, tags = read_clips(corpus_dir / CLIPS_NAME), read_tags(corpus_dir / TAGS_NAME)
    pairs = itertools.zip_longest(clips.clip_id, tags.index)
    differing = next(((row, *pair) for row, pair in enumerate(pairs, 1) if pair[0] != pair[1]), None)
    if differing is not None:
        row, clip, tagged = differing
        raise ValueError(
            f"{corpus_dir}: {CLIPS_NAME} and {TAGS_NAME} must list the same clips in one order; row {row} is {clip!r} "
            f"in one and {tagged!r} in the other"
        )
    if clips.clip_id.duplicated().any():
        raise ValueError(f"{corpus_dir}: clip_id {clips.clip_id[clips.clip_id.duplicated()].iloc[0]!r} occurs twice")
    if not set(clips.split) <= set(SPLITS):
        raise ValueError(f"{corpus_dir}: found splits {sorted(set(clips.split))}, allowed are {list(SPLITS)}")
    if not tags.isin([0, 1]).all(axis=None):
        row, column = np.argwhere(~tags.isin([0, 1]).to_numpy())[0]
        raise ValueError(
            f"{corpus_dir}: {TAGS_NAME} must hold 0 and 1 only, found {tags.iat[row, column]} for the tag "
            f"{tags.columns[column]!r} of clip {tags.index[row]!r}"
        )
    for column in ("track_id", "group_id"):
        _require_one_split(clips, column, corpus_dir / CLIPS_NAME)
    return clips, tags


def _require_table(table: Path, required: tuple[str, ...]) -> None:
    """Raise ``ValueError``, with the line, unless a file is a table whose rows have the fields of its header."""
    with table.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        try:
            found = next(reader, [])
            _require_header(table, found, required)
            for row in reader:
                if row and len(row) != len(found):
                    raise ValueError(f"{table}, line {reader.line_num}: found {len(row)} fields, expected {len(found)}")
        except UnicodeDecodeError as error:
            raise ValueError(f"{table}: is not in UTF-8 ({error.reason}); save it again as UTF-8") from error
        except csv.Error as error:
            raise ValueError(f"{table}, line {reader.line_num}: {error}") from error


def _require_header(table: Path, found: list[str], required: tuple[str, ...]) -> None:
    missing = [name for name in required if name not in found]
    if missing:
        raise ValueError(
            f"{table}, line 1: found the columns {', '.join(found) or 'none'}, and no {', '.join(missing)}; the table "
            f"has commas between its columns, and names as written here"
        )
    twice = [name for name, count in Counter(found).items() if count > 1]
    if twice:
        raise ValueError(f"{table}, line 1: found the column {twice[0]} more than once; rename or remove one")


def _require_one_split(clips: pd.DataFrame, column: str, table: Path) -> None:
    """Raise ``ValueError`` if a track or group is in two splits: what is tested would have been trained on."""
    n_splits = clips.groupby(column, sort=False).split.nunique()
    if (n_splits > 1).any():
        name = n_splits.index[n_splits > 1][0]
        rows = clips[clips[column] == name].drop_duplicates("split")
        places = ", ".join(f"{row.split} (line {row.Index + 2})" for row in rows.itertuples())
        raise ValueError(f"{table}: {column} {name!r} is in the splits {places}; each belongs to one split alone")
