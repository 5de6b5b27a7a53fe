"""A corpus of one's own: any tree of audio files, with tags from a table or from folders, or without."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from clmr.corpora.audio_tree import AudioTree, audio_tree
from clmr.corpora.grouped_splits import draw_splits, require_whole_groups, split_named
from clmr.corpora.problems import Problem, counted, write_problems
from clmr.corpora.store import CLIPS_NAME, SPLITS, TAGS_NAME
from clmr.corpora.tag_tables import Matched, Table, is_truth, matched, read_table, tags_of_columns, text_lines
from clmr.storage import paths
from clmr.storage.files import write_text
from clmr.storage.strict import Count, Natural, Probability, require, strict


@strict
class FolderParams:
    """A folder of audio; nothing in it is changed or copied.

    Attributes:
        kind: ``folder``.
        root: The folder; ``~`` is the home of the user, and other relative paths begin at the repository.
        tags: ``folders``: the name of the folder directly below ``root`` that a file is in; ``table``: columns of the
            table; ``none``: an unlabelled corpus, on which encoders can be pre-trained and not scored.
        table: CSV or TSV file, relative to ``root``; None if nothing is read from one. Files that it does not
            list are left out, and listed.
        file_column: Its column that names the files; None to find it.
        tag_columns: A column of tags, or one column per tag; None for all columns without another use.
        group_by: What never is in two splits: the ``folder`` a file is in (a file by itself where that is ``root`` or
            gives the tag), each ``file`` by itself, or what a ``column`` says, such as the artist.
        group_column: That column.
        split_by: ``seed`` to draw splits, ``column`` or ``files`` where they are stated.
        split_column: Column with train, valid or test.
        split_files: For each split a text file, relative to ``root``, with one file of audio per line.
        split_shares: Shares of the clips, for splits that are drawn.
        min_clips_per_tag: Tags of fewer clips are dropped, and listed: they could not be scored.
        seed: Of the splits.
    """

    kind: Literal["folder"]
    root: str
    tags: Literal["folders", "table", "none"]
    group_by: Literal["folder", "file", "column"]
    split_by: Literal["seed", "column", "files"]
    min_clips_per_tag: Count
    seed: Natural
    table: str | None = None
    file_column: str | None = None
    tag_columns: tuple[str, ...] | None = None
    group_column: str | None = None
    split_column: str | None = None
    split_files: dict[str, str] | None = None
    split_shares: dict[str, Probability] | None = None

    def __post_init__(self) -> None:
        reads = self.tags == "table" or "column" in (self.group_by, self.split_by)
        require(
            self.table is not None or not reads, "table", self.table, "the name of a table, from which columns are read"
        )
        require(self.group_by != "column" or bool(self.group_column), "group_column", self.group_column, "a column")
        require(self.split_by != "column" or bool(self.split_column), "split_column", self.split_column, "a column")
        require(
            self.split_by != "files" or (bool(self.split_files) and set(self.split_files or ()) <= set(SPLITS)),
            "split_files", self.split_files, f"a mapping of {', '.join(SPLITS)} to files",
        )  # fmt: skip
        shares = self.split_shares or {}
        fits = set(shares) <= set(SPLITS) and abs(sum(shares.values()) - 1) < 1e-6
        require(
            self.split_by != "seed" or fits,
            "split_shares",
            self.split_shares,
            f"of {', '.join(SPLITS)}, 1 in sum",
        )

    def build(self, corpus_dir: Path, work_dir: Path, n_workers: int) -> None:
        """List the folder: ``clips.csv`` names the files where they are, and ``problems.csv`` those left out.

        Args:
            corpus_dir: Receives the tables.
            work_dir: Not used; a listing takes seconds.
            n_workers: Not used.

        Raises:
            FileNotFoundError: If the folder or a table is missing.
            ValueError: If there is no audio, or a table cannot be right; with file and line.
        """
        root = Path(self.root).expanduser()
        root = root if root.is_absolute() else paths.root() / root
        tree = audio_tree(root)
        if not tree.files:
            raise ValueError(f"{root}: found no audio, and {_instead(tree)}; set root")
        clips, problems = self._clips(root, tree.files)
        problems = [*tree.problems, *problems]
        clips, dropped = _without_rare_tags(clips, self.min_clips_per_tag)
        clips, without_split = self._split(root, clips)
        problems += [*dropped, *without_split]
        _write(corpus_dir, root, clips)
        write_problems(corpus_dir, problems)
        others = ", ".join(f"{count} {suffix}" for suffix, count in sorted(tree.others.items()))
        print(f"{len(tree.files)} audio files in {root}, {len(clips)} used; other files: {others or 'none'}")
        if problems:
            print(f"{counted(problems)}; each with its reason in {corpus_dir / 'problems.csv'}")

    def _clips(self, root: Path, files: Sequence[str]) -> tuple[list["_Clip"], list[Problem]]:
        """Clips with their tags and groups, and with splits where a column states them."""
        clips = [_Clip(file, _folder_tags(file) if self.tags == "folders" else (), self._group(file)) for file in files]
        if self.table is None:
            return clips, []
        table = read_table(root / self.table)
        rows = matched(table, files, self.file_column)
        tags = tags_of_columns(table, self._tag_columns(table, rows.column)) if self.tags == "table" else None
        groups = table.column(self.group_column) if self.group_by == "column" and self.group_column else None
        splits = table.column(self.split_column) if self.split_by == "column" and self.split_column else None
        print(f"{table.path.name}: files in the column {rows.column!r}" + self._said_of_tags(table, rows.column))
        by_file = {clip.file: clip for clip in clips}
        listed = []
        for index, file in enumerate(rows.files):
            if file is None:
                continue
            place, clip = f"{table.path}, line {table.lines[index]}", replace(by_file[file])
            clip.tags = clip.tags if tags is None else tags[index]
            if groups is not None:
                # An empty cell says nothing of what belongs together.
                clip.group = groups[index] or file
            if splits is not None:
                clip.split, clip.place = split_named(splits[index], place), place
            listed.append(clip)
        listed.sort(key=lambda clip: clip.file)
        return listed, list(_unmatched(table, rows, files))

    def _group(self, file: str) -> str:
        folder = file.rpartition("/")[0]
        gives_tag = self.tags == "folders" and "/" not in folder
        return folder if self.group_by == "folder" and folder and not gives_tag else file

    def _tag_columns(self, table: Table, file_column: str) -> Sequence[str]:
        if self.tag_columns is not None:
            return self.tag_columns
        used = (file_column, self.group_column, self.split_column)
        free = [name for name in table.columns if name not in used]
        if not free or (len(free) > 1 and not all(is_truth(table.column(name)) for name in free)):
            raise ValueError(
                f"{table.path}: found the columns {', '.join(table.columns)}, which may be tags or not; name those "
                f"that are in tag_columns: one column of tags, or one column of 0 and 1 per tag"
            )
        return free

    def _said_of_tags(self, table: Table, file_column: str) -> str:
        return f", tags in {', '.join(self._tag_columns(table, file_column))}" if self.tags == "table" else ""

    def _split(self, root: Path, clips: list["_Clip"]) -> tuple[list["_Clip"], list[Problem]]:
        """The clips with their splits, and those that have none."""
        left_out: list[Problem] = []
        if self.split_by == "files":
            _split_by_files(root, clips, self.split_files or {})
            reason = "is in none of the files of splits, and was left out"
            left_out = [Problem("not_listed", clip.file, clip.file, reason) for clip in clips if not clip.split]
            clips = [clip for clip in clips if clip.split]
        elif self.split_by == "seed":
            groups, tags = [clip.group for clip in clips], [clip.tags for clip in clips]
            shares = self.split_shares or {}
            for clip, split in zip(clips, draw_splits(groups, tags, shares, self.seed), strict=True):
                clip.split = split
            empty = [split for split, share in shares.items() if share > 0 and split not in {c.split for c in clips}]
            if empty:
                raise ValueError(
                    f"{root}: {len(set(groups))} groups are too few for splits, and {', '.join(empty)} got none; set "
                    f"group_by: file, or add audio"
                )
        require_whole_groups(
            [clip.split for clip in clips], [clip.group for clip in clips], [clip.place for clip in clips]
        )
        return clips, left_out


@dataclass
class _Clip:
    """A file with what is known of it; ``place`` is where its split is stated."""

    file: str
    tags: tuple[str, ...]
    group: str
    split: str = ""
    place: str = ""


def _instead(tree: AudioTree) -> str:
    """What a folder without usable audio holds."""
    found = f"{sum(tree.others.values())} other files"
    if tree.problems:
        first = tree.problems[0]
        found += f", and left out {len(tree.problems)} (first: {first.subject} {first.reason})"
    return found


def _folder_tags(file: str) -> tuple[str, ...]:
    folder, inside, _ = file.partition("/")
    return (folder,) if inside else ()


def _unmatched(table: Table, rows: Matched, files: Sequence[str]) -> Iterator[Problem]:
    for cell, file, line in zip(table.column(rows.column), rows.files, table.lines, strict=True):
        if file is None:
            reason = f"stands in line {line} of {table.path.name}, and there is no such audio file, or more than one"
            yield Problem("no_such_file", cell, "", reason)
    for file in sorted(set(files) - set(rows.files)):
        yield Problem("not_listed", file, file, f"is not in {table.path.name}, and was left out")


def _without_rare_tags(clips: list[_Clip], least: int) -> tuple[list[_Clip], list[Problem]]:
    counts = Counter(tag for clip in clips for tag in clip.tags)
    rare = {tag for tag, count in counts.items() if count < least}
    for clip in clips:
        clip.tags = tuple(tag for tag in clip.tags if tag not in rare)
    fewer = f"fewer than min_clips_per_tag: {least}"
    return clips, [Problem("tag_dropped", tag, "", f"has {counts[tag]} clips, {fewer}") for tag in sorted(rare)]


def _split_by_files(root: Path, clips: list[_Clip], split_files: dict[str, str]) -> None:
    """Set the split of each clip that the files of splits list; a clip in two of them is refused."""
    stated: dict[str, tuple[str, str]] = {}
    for split, name in split_files.items():
        # As a table of one column, its first line included.
        if not (root / name).is_file():
            raise FileNotFoundError(f"{root / name}: no such file; name the files of splits, relative to the audio")
        lines = [line.strip() for line in text_lines(root / name)]
        named = [(line, number) for number, line in enumerate(lines, 1) if line]
        table = Table(root / name, ("file",), tuple((line,) for line, _ in named), tuple(number for _, number in named))
        rows = matched(table, [clip.file for clip in clips], "file")
        for file, line in zip(rows.files, table.lines, strict=True):
            place = f"{table.path}, line {line}"
            if file is None:
                raise ValueError(f"{place}: found {lines[line - 1]!r}, which is no audio file of the corpus")
            other, where = stated.setdefault(file, (split, place))
            if other != split:
                raise ValueError(f"{place}: {file} is in {split} here and in {other} in {where}; choose one")
    for clip in clips:
        clip.split, clip.place = stated.get(clip.file, ("", ""))


def _write(corpus_dir: Path, root: Path, clips: list[_Clip]) -> None:
    counts = Counter(tag for clip in clips for tag in clip.tags)
    names = sorted(counts, key=lambda tag: (-counts[tag], tag))
    if "clip_id" in names:
        raise ValueError(f"{root}: found a tag called 'clip_id', the name of a column of every corpus; rename it")
    table = pd.DataFrame(
        {
            "clip_id": [clip.file for clip in clips],
            "track_id": [clip.file for clip in clips],
            "group_id": [clip.group for clip in clips],
            "split": [clip.split for clip in clips],
            "path": [(root / clip.file).as_posix() for clip in clips],
            # So that a store is built anew when a file was changed.
            **{key: [_fact(root / clip.file, key) for clip in clips] for key in ("st_size", "st_mtime_ns")},
        }
    )
    tags = pd.DataFrame(
        {"clip_id": table.clip_id, **{name: [int(name in clip.tags) for clip in clips] for name in names}}
    )
    write_text(corpus_dir / CLIPS_NAME, table.to_csv(index=False, lineterminator="\n"))
    write_text(corpus_dir / TAGS_NAME, tags.to_csv(index=False, lineterminator="\n"))


def _fact(path: Path, name: str) -> int:
    try:
        return int(getattr(path.stat(), name))
    except OSError:
        return 0
