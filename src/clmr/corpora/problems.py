"""What is wrong with the files of a corpus: one table, from its listing to its store.

Every file that was left out is listed with the reason, and so is what was used and should be looked at.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from clmr.storage.files import write_text

PROBLEMS_NAME = "problems.csv"
Kind = Literal["skipped", "suspect", "same_audio", "not_listed", "no_such_file", "tag_dropped"]
_MEANINGS = {
    "skipped": "skipped",
    "suspect": "used, to be looked at",
    "same_audio": "with the audio of a clip in another split",
    "not_listed": "without a row of the table",
    "no_such_file": "rows of the table without a file",
    "tag_dropped": "tags dropped",
}


@dataclass(frozen=True)
class Problem:
    """One line.

    Attributes:
        kind: What became of it.
        subject: The clip, the file, or the row of a table.
        path: The file, as ``clips.csv`` names it; empty if there is none.
        reason: The end of a sentence about the subject.
    """

    kind: Kind
    subject: str
    path: str
    reason: str


def write_problems(folder: Path, problems: Iterable[Problem]) -> None:
    """Write the table, or none if nothing is wrong, so that a corpus without problems has no file more."""
    listed = list(problems)
    if listed:
        table = pd.DataFrame([asdict(problem) for problem in listed])
        write_text(folder / PROBLEMS_NAME, table.to_csv(index=False, lineterminator="\n"))
    else:
        (folder / PROBLEMS_NAME).unlink(missing_ok=True)


def read_problems(folder: Path) -> list[Problem]:
    """The table of a folder; empty if there is none."""
    file = folder / PROBLEMS_NAME
    if not file.is_file():
        return []
    table = pd.read_csv(file, dtype=str, na_filter=False)
    return [Problem(**{str(key): value for key, value in row.items()}) for row in table.to_dict("records")]


def counted(problems: Iterable[Problem]) -> str:
    """How many there are of each kind, for people; empty if there are none.

    >>> counted([Problem("skipped", "a", "a.wav", "is silent"), Problem("skipped", "b", "b.wav", "is silent")])
    '2 skipped'
    """
    kinds = [problem.kind for problem in problems]
    return ", ".join(f"{kinds.count(kind)} {_MEANINGS[kind]}" for kind in dict.fromkeys(kinds))
