"""Tables as people write them: delimiter and encoding are found, columns may be in any order.

What belongs here: reading a table, finding the column that names files, and turning columns into tags. What does not:
which files and columns there should be (:mod:`clmr.corpora.folder`).
"""

import codecs
import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_DELIMITERS = (",", ";", "\t", "|")
_SEPARATORS = ("|", ";", ",")
_END = "\0end of the table\0"
_TRUTH = {"1": 1, "1.0": 1, "true": 1, "yes": 1, "0": 0, "0.0": 0, "false": 0, "no": 0, "": 0}


@dataclass(frozen=True)
class Table:
    """A table as text.

    Attributes:
        path: Its file.
        columns: Names of the columns.
        rows: Cells of each row, without the spaces around them.
        lines: Line of the file at which each row ends, from 1.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def column(self, name: str) -> list[str]:
        """Cells of a column.

        Raises:
            ValueError: If there is no such column.
        """
        if name not in self.columns:
            found = ", ".join(self.columns)
            raise ValueError(f"{self.path}, line 1: found no column {name!r}; its columns are {found}")
        index = self.columns.index(name)
        return [row[index] for row in self.rows]


def read_table(path: Path) -> Table:
    """The table in a CSV or TSV file in UTF-8 or UTF-16, with or without byte-order mark, or else in Windows-1252.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: With the line, if a row has another number of fields than the header, or a column comes twice.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; name the table, relative to the folder of the audio")
    text = _text(path)
    # The header has names, which rarely contain a delimiter.
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=header.count)
    rows, lines = _cells(path, text, delimiter)
    if not rows:
        raise ValueError(f"{path}: is empty; expected a line with the names of the columns, and one for each file")
    columns = rows[0]
    for row, line in zip(rows[1:], lines[1:], strict=True):
        if len(row) != len(columns):
            raise ValueError(
                f"{path}, line {line}: found {len(row)} fields, expected {len(columns)} as in line {lines[0]}; put "
                f"text that contains {delimiter!r} in quotation marks"
            )
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        raise ValueError(f"{path}, line {lines[0]}: found the column {twice[0]!r} more than once; rename one")
    return Table(path, columns, tuple(rows[1:]), tuple(lines[1:]))


def _cells(path: Path, text: str, delimiter: str) -> tuple[list[tuple[str, ...]], list[int]]:
    """Rows that hold anything, cells without the spaces around them, and the line at which each row ends."""
    # Behind a quotation mark that is never closed everything is one cell: this line would be swallowed, too.
    reader = csv.reader(io.StringIO(f"{text}\n{_END}", newline=""), delimiter=delimiter)
    rows, lines = [], []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(tuple(cell.strip() for cell in cells))
                lines.append(reader.line_num)
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: {error}; is a quotation mark missing?") from error
    if rows[-1] != (_END,):
        begins = lines[-2] + 1 if len(lines) > 1 else 1
        raise ValueError(f"{path}, line {begins}: found a quotation mark that is never closed; close or remove it")
    return rows[:-1], lines[:-1]


def text_lines(path: Path) -> list[str]:
    """Lines of a text file, in the encodings of :func:`read_table`.

    Raises:
        ValueError: If it begins as UTF-16 and is not.
    """
    return _text(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")


@dataclass(frozen=True)
class Matched:
    """Which file each row of a table is about.

    Attributes:
        column: The column that names files.
        files: The file of each row; None if there is no such file.
    """

    column: str
    files: tuple[str | None, ...]


def matched(table: Table, files: Sequence[str], column: str | None) -> Matched:
    """The file of each row.

    A cell may be a path relative to the folder, with or without suffix, or a name without the folders, where only one
    file has it; slashes, capitals and the form of Unicode do not count where they make no difference.

    Args:
        table: The table.
        files: Files that there are, relative to the folder.
        column: The column that names them; None for the one in which most rows are files.

    Raises:
        ValueError: If no row names a file, or two rows name the same, with their lines.
    """
    candidates = [column] if column is not None else list(table.columns)
    best = Matched(candidates[0], (None,) * len(table.rows))
    for name in candidates:
        cells = table.column(name)
        for key in _KEYS:
            index = _unique(files, key)
            found = tuple(index.get(key(cell)) for cell in cells)
            if sum(file is not None for file in found) > sum(file is not None for file in best.files):
                best = Matched(name, found)
    if not any(best.files):
        first = ", ".join(table.rows[0]) if table.rows else "missing"
        raise ValueError(
            f"{table.path}: found no column that names audio files, such as {files[0]}; its first row is {first}"
        )
    lines: dict[str, int] = {}
    for file, line in zip(best.files, table.lines, strict=True):
        if file is not None and lines.setdefault(file, line) != line:
            raise ValueError(f"{table.path}, line {line}: {file} is in line {lines[file]} already; remove one of them")
    return best


def tags_of_columns(table: Table, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """The tags of each row: of one column that holds tags, or of several columns that hold 0 and 1.

    Args:
        table: The table.
        columns: A column of tags, between which stands ``|``, ``;`` or ``,``, or one column per tag.

    Raises:
        ValueError: With the line, if one of several columns holds something else than 0 and 1.
    """
    cells = {name: table.column(name) for name in columns}
    if len(columns) == 1 and not is_truth(cells[columns[0]]):
        return _separated(cells[columns[0]])
    for name, values in cells.items():
        for value, line in zip(values, table.lines, strict=True):
            if value.lower() not in _TRUTH:
                raise ValueError(
                    f"{table.path}, line {line}: found {value!r} in the column {name!r}, expected 0 or 1; name the "
                    f"columns of tags in tag_columns"
                )
    return [tuple(name for name in columns if _TRUTH[cells[name][index].lower()]) for index in range(len(table.rows))]


def is_truth(cells: Sequence[str]) -> bool:
    """Whether a column says of each row whether a tag applies.

    >>> is_truth(["0", "1", "true", ""]), is_truth(["rock", "1"])
    (True, False)
    """
    return all(cell.lower() in _TRUTH for cell in cells)


def _separated(cells: Sequence[str]) -> list[tuple[str, ...]]:
    separator = next((mark for mark in _SEPARATORS if any(mark in cell for cell in cells)), None)
    split = [cell.split(separator) if separator else [cell] for cell in cells]
    return [tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip())) for tags in split]


def _text(path: Path) -> str:
    data = path.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}: begins as UTF-16 and is not ({error.reason}); save it again as UTF-8") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheets on Windows write; any bytes can be read as it.
        return data.decode("cp1252", errors="replace")


def _unique(files: Sequence[str], key: Callable[[str], str]) -> dict[str, str]:
    """Files by key, without those that share it with another."""
    counts = Counter(map(key, files))
    return {key(file): file for file in files if counts[key(file)] == 1}


def _path(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\\", "/")).removeprefix("./")


def _stem(text: str) -> str:
    # A dot may belong to a name without suffix: only what looks like one is cut.
    suffix = PurePosixPath(text).suffix
    return text.removesuffix(suffix) if 2 <= len(suffix) <= 5 and not suffix[1:].isdigit() else text


def _name(text: str) -> str:
    return _path(text).rsplit("/", 1)[-1]


_KEYS: tuple[Callable[[str], str], ...] = (
    _path,
    # Cells are read without the spaces around them, and names of files may begin with one.
    lambda text: _path(text).strip(),
    lambda text: _stem(_path(text)),
    _name,
    lambda text: _stem(_name(text)),
    lambda text: _path(text).casefold(),
    lambda text: _stem(_name(text)).casefold(),
)
"""Ways of comparing a cell with a file, the strictest first."""
