"""What a published data set declares: files with address, size and checksum, licence, citation, counts, manual route.

What belongs here: the declaration, and which of its files are there. Fetching is in :mod:`clmr.corpora.download`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

CHECKSUM_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64}
"""Hexadecimal digits of the checksums that publishers give."""


@dataclass(frozen=True)
class RemoteFile:
    """A file that is fetched, or put into the folder of the corpus by hand.

    Attributes:
        name: Name in the folder of the corpus.
        urls: Addresses in the order in which they are tried.
        size_bytes: Size; only an estimate unless ``exact_size``.
        checksum: ``"sha256:..."``, ``"sha1:..."`` or ``"md5:..."``; empty where nobody has published one.
        exact_size: Whether the size is known to the byte, so that any other is refused.
        unverified: Why there is no checksum, and what is checked in its place.
    """

    name: str
    urls: tuple[str, ...]
    size_bytes: int
    checksum: str = ""
    exact_size: bool = False
    unverified: str = ""


@dataclass(frozen=True)
class Archive:
    """An archive that is unpacked into a folder of the corpus.

    Attributes:
        folder: Name of the folder; an only folder of that name within the archive is not repeated.
        parts: The file, or its parts in order, which joined are the archive.
        unpacked_bytes: Estimate of what comes out; archives that hold twice as much are refused.
    """

    folder: str
    parts: tuple[RemoteFile, ...]
    unpacked_bytes: int


@dataclass(frozen=True)
class ByHand:
    """Files that nobody may pass on, or that have no working source, and the user has to bring.

    Attributes:
        folder: Folder of the corpus that holds them.
        example: Path of one of them within the folder.
        what: What the files are, and how many.
        how: How one comes by them.
        size_bytes: Estimate of their size.
    """

    folder: str
    example: str
    what: str
    how: str
    size_bytes: int


@dataclass(frozen=True)
class Declaration:
    """Everything that is known of a published data set before it is there.

    Attributes:
        title: Its name for readers.
        homepage: Where it is described.
        licence: Terms of its audio and of its annotations.
        citation: Whom to cite.
        files: Files that are used as they are.
        archives: Archives that are unpacked.
        by_hand: What the user has to bring.
        counts: Published number of clips of each split, or of ``all`` of them, with those that are left out.
        uncounted: Why there are no counts.
        left_out: Reason by clip id, for clips that the published split leaves out, or whose audio is known to be bad.
    """

    title: str
    homepage: str
    licence: str
    citation: str
    files: tuple[RemoteFile, ...] = ()
    archives: tuple[Archive, ...] = ()
    by_hand: tuple[ByHand, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    uncounted: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)

    def missing_files(self, folder: Path) -> Iterator[RemoteFile]:
        """Files that are still to be fetched; those of an archive are not once it is unpacked."""
        packed = (part for archive in self.archives if not (folder / archive.folder).is_dir() for part in archive.parts)
        for file in (*self.files, *packed):
            if not (folder / file.name).is_file():
                yield file

    def missing_by_hand(self, folder: Path) -> Iterator[ByHand]:
        """What the user has yet to bring: folders that are absent or empty."""
        for files in self.by_hand:
            place = folder / files.folder
            if not (place.is_dir() and any(place.iterdir())):
                yield files


def in_words(size_bytes: int) -> str:
    """A size as people read it.

    >>> in_words(1_100_000_000), in_words(12_000), in_words(7)
    ('1.1 GB', '12 kB', '7 B')
    """
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= scale:
            return f"{size_bytes / scale:.3g} {unit}"
    return f"{size_bytes} B"


def shopping_list(declared: Declaration, folder: Path, shown: str) -> str:
    """What is missing, where to put it, its size and checksum, and where it comes from; empty if nothing is.

    Args:
        declared: The data set.
        folder: Folder of the corpus.
        shown: Name of that folder for readers.
    """
    lines = []
    for file in declared.missing_files(folder):
        size = f"{file.size_bytes:,} bytes" if file.exact_size else f"about {in_words(file.size_bytes)}"
        checksum = file.checksum.replace(":", " ") or f"no published checksum ({file.unverified})"
        lines += [f"  {shown}/{file.name}: {size}, {checksum}", *(f"    from {url}" for url in file.urls)]
    for files in declared.missing_by_hand(folder):
        lines += [
            f"  {shown}/{files.folder}/: {files.what}, about {in_words(files.size_bytes)}, such as {files.example}",
            f"    {files.how}",
        ]
    return "\n".join(lines)
