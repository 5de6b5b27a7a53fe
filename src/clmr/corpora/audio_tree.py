"""The audio files below a folder, and what there is that cannot be used."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from clmr.corpora.problems import Problem

SUFFIXES = frozenset(
    f".{name}"
    for names in (
        "wav wave w64 rf64 flac ogg oga opus mp3 mp2 aif aiff aifc au snd caf",
        "m4a m4b mp4 aac wma asf ape wv mpc mka webm",
    )
    for name in names.split(" ")
)
"""Names of audio files; formats that cannot be read are among them, so that they are listed and not overlooked."""


@dataclass(frozen=True)
class AudioTree:
    """What a folder holds.

    Attributes:
        files: Audio files, relative to the folder, with slashes, sorted.
        others: Number of other files by suffix.
        problems: What could not be listed.
    """

    files: tuple[str, ...]
    others: dict[str, int]
    problems: tuple[Problem, ...]


def audio_tree(root: Path) -> AudioTree:
    """All audio files below ``root``, found by their names; links are followed, and each file is listed once.

    Raises:
        FileNotFoundError: If there is no such folder.
        NotADirectoryError: If it is a file.
    """
    if not root.exists():
        raise FileNotFoundError(f"{root}: no such folder; set root to the folder that holds the audio")
    if not root.is_dir():
        raise NotADirectoryError(f"{root}: is a file; set root to the folder that holds the audio")
    listing = _Listing(root)
    # A folder that cannot be opened is passed over in silence otherwise.
    for folder, folders, names in os.walk(root, followlinks=True, onerror=listing.unreadable):
        folders.sort()
        folders[:] = [name for name in folders if listing.enters(Path(folder, name))]
        for name in sorted(names):
            listing.add(Path(folder, name))
    return AudioTree(tuple(sorted(listing.files)), dict(listing.others), tuple(listing.problems))


class _Listing:
    """Files and folders that were seen, by the numbers that the file system gives them."""

    def __init__(self, root: Path) -> None:
        self._root, self._folders, self._seen = root, {_identity(root)}, dict[tuple[int, int], str]()
        self.files: list[str] = []
        self.others: Counter[str] = Counter()
        self.problems: list[Problem] = []

    def unreadable(self, error: OSError) -> None:
        """Note a folder that cannot be opened."""
        self._note(Path(str(error.filename)), f"cannot be opened ({error.strerror})")

    def enters(self, folder: Path) -> bool:
        """Whether to look into a folder: not into one twice, so that links in a circle end."""
        try:
            identity = _identity(folder)
        except OSError as error:
            self.unreadable(error)
            return False
        if identity in self._folders:
            self._note(folder, "is a link to a folder that was listed already")
            return False
        self._folders.add(identity)
        return True

    def add(self, file: Path) -> None:
        """Take a file, or note why not."""
        if file.suffix.lower() not in SUFFIXES:
            self.others[_printable(file.suffix.lower()) or "without suffix"] += 1
            return
        name = file.relative_to(self._root).as_posix()
        try:
            name.encode()
        except UnicodeEncodeError:
            self._note(file, "has a name that is not UTF-8; rename it")
            return
        if "\r" in name:
            # Tables of a corpus would end a row there.
            self._note(file, "has a carriage return in its name; rename it")
            return
        if file.name.startswith("._"):
            self._note(file, "is what macOS leaves beside a file")
            return
        try:
            first = self._seen.setdefault(_identity(file), name)
        except OSError:
            # A link to nothing; decoding says so.
            first = name
        if first != name:
            self._note(file, f"is a link to {first}")
            return
        self.files.append(name)

    def _note(self, path: Path, reason: str) -> None:
        name = _printable(str(path.relative_to(self._root)))
        self.problems.append(Problem("skipped", name, name, reason))


def _printable(name: str) -> str:
    r"""A name with what is not UTF-8, and carriage returns, as escapes.

    >>> _printable(os.fsdecode(b"caf\xe9\r.wav"))
    'caf\\xe9\\r.wav'
    """
    return os.fsencode(name).decode(errors="backslashreplace").replace("\r", "\\r")


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
