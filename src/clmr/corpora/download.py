"""Files over HTTP: resumed, retried, from the first mirror that works, and used only once their checksum is right.

Transport is httpx, which the environment holds anyway. It streams, has a time limit for each silence rather than for
the whole, follows redirects, and raises when a body ends early, which others take for its end. pooch was the
alternative: it knows checksums, but not ranges, so that of 93 GB a dropped connection would cost all.
"""

import hashlib
import math
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from clmr.compute.progress import note, progress
from clmr.corpora.declaration import RemoteFile, in_words
from clmr.storage.files import write_text

_MEGABYTE = 10**6
_MAY_PASS = frozenset({408, 425, 429, 500, 502, 503, 504})
_PAGE_STARTS = (b"<!doctype html", b"<html")


@dataclass(frozen=True)
class Transport:
    """How patiently files are fetched.

    Attributes:
        n_attempts: Attempts in a row that may bring nothing, before the next mirror is tried.
        connect_s: Longest wait for a connection.
        silence_s: Longest wait for the next bytes.
        first_pause_s: Pause after a failed attempt; it doubles with each further one.
        longest_pause_s: Longest pause.
    """

    n_attempts: int = 5
    connect_s: float = 30.0
    silence_s: float = 60.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0


class DownloadError(OSError):
    """No mirror gave the file; the message says what each of them did."""


class _TryAgain(Exception):
    """The server may answer better later."""


class _GiveUp(Exception):
    """The server will not give this file."""


def fetch(file: RemoteFile, folder: Path, transport: Transport) -> Path:
    """The file, in ``folder``, complete and with the right checksum.

    What an interrupted attempt has received stays beside it in ``.<name>.part``, and is continued, from another mirror
    if need be: the bytes are the same, and the checksum decides. The file gets its name only once it is right.

    Args:
        file: The file; one that is in the folder already is only checked.
        folder: Folder of the corpus.
        transport: Time limits and attempts.

    Raises:
        DownloadError: If no mirror gives it; with the reason of each.
        ValueError: If the file that is there is not the one that was published.
    """
    target, partial = folder / file.name, folder / f".{file.name}.part"
    if target.is_file():
        _require_published(target, file)
        return target
    folder.mkdir(parents=True, exist_ok=True)
    reasons = []
    for url in file.urls:
        try:
            _fetch_from(url, file, partial, transport)
        except _GiveUp as failed:
            reasons.append(f"{url}: {failed}")
            note(f"{file.name}: {reasons[-1]}")
            continue
        with partial.open("rb+") as written:
            # Before the rename: after a power cut the name could otherwise stand for an empty file.
            os.fsync(written.fileno())
        partial.replace(target)
        _remember(target, file)
        return target
    raise DownloadError(f"{file.name} could not be fetched ({'; '.join(reasons) or 'no address is known'})")


def digest_of(path: Path, algorithm: str) -> str:
    """Hexadecimal digest of a file, read in blocks.

    Args:
        path: The file.
        algorithm: ``md5``, ``sha1`` or ``sha256``.
    """
    with path.open("rb") as stream:
        # Against bad copies, not against malice: publishers of old data sets give MD5 only.
        return hashlib.file_digest(stream, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def require_space(folder: Path, needed_bytes: int, what: str) -> None:
    """Raise ``OSError`` unless the disk of ``folder``, which need not exist yet, has room.

    Raises:
        OSError: Naming what is free and what is needed.
    """
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        raise OSError(
            f"{what} needs about {in_words(needed_bytes)}, {in_words(free)} are free on the disk of {folder.name}; "
            f"free some, or make {folder.name} a link to a folder on a larger disk"
        )


def _fetch_from(url: str, file: RemoteFile, partial: Path, transport: Transport) -> None:
    """Complete ``partial`` from one address, and check it.

    Raises:
        _GiveUp: If that address does not give the published file.
    """
    limits = httpx.Timeout(transport.silence_s, connect=transport.connect_s)
    furthest, n_stalled = _size(partial), 0
    with httpx.Client(timeout=limits, follow_redirects=True, headers={"Accept-Encoding": "identity"}) as client:
        while True:
            try:
                _receive(client, url, file, partial)
                break
            except (httpx.TransportError, _TryAgain) as failed:
                reason = str(failed) or type(failed).__name__
            except httpx.HTTPError as failed:
                raise _GiveUp(f"{failed}") from None
            # Progress, not attempts: 93 GB may well need a hundred connections. A server that ignores ranges makes
            # none.
            n_stalled = 0 if _size(partial) > furthest else n_stalled + 1
            furthest = max(furthest, _size(partial))
            if n_stalled >= transport.n_attempts:
                raise _GiveUp(f"{reason}, {n_stalled} times in a row")
            time.sleep(min(transport.first_pause_s * 2**n_stalled, transport.longest_pause_s))
    wrong = _difference(partial, file)
    if wrong:
        # Kept, it would be continued by the next mirror, and be wrong again.
        partial.unlink()
        raise _GiveUp(wrong)


def _receive(client: httpx.Client, url: str, file: RemoteFile, partial: Path) -> None:
    """Append to ``partial`` what the address has of the rest, or start again where it knows no ranges."""
    start = _size(partial)
    with client.stream("GET", url, headers={"Range": f"bytes={start}-"} if start else {}) as response:
        if response.status_code == 416:
            # Longer than the file there: it was of another version.
            partial.unlink(missing_ok=True)
            raise _TryAgain("the part that was received does not fit the file")
        if response.status_code in _MAY_PASS:
            raise _TryAgain(f"HTTP {response.status_code}")
        if response.status_code not in (200, 206):
            raise _GiveUp(f"HTTP {response.status_code}")
        resumed = response.status_code == 206
        if resumed and not response.headers.get("content-range", "").startswith(f"bytes {start}-"):
            raise _GiveUp("another range than the one that was asked for")
        _require_file(response, file, start if resumed else 0)
        _append(response, file, partial, resumed)
    if file.exact_size and _size(partial) < file.size_bytes:
        raise _TryAgain(f"ended after {_size(partial):,} of {file.size_bytes:,} bytes")


def _require_file(response: httpx.Response, file: RemoteFile, start: int) -> None:
    """Give up on answers whose head shows that they are another file."""
    if response.headers.get("content-type", "").startswith("text/html"):
        raise _GiveUp("an HTML page in place of the file; it may have moved, or ask for a login")
    length = response.headers.get("content-length", "")
    if file.exact_size and length.isdigit() and start + int(length) > file.size_bytes:
        raise _GiveUp(f"{start + int(length):,} bytes, expected {file.size_bytes:,}")


def _append(response: httpx.Response, file: RemoteFile, partial: Path, resumed: bool) -> None:
    length = response.headers.get("content-length", "")
    n_megabytes = math.ceil(int(length) / _MEGABYTE) if length.isdigit() else None
    with partial.open("ab" if resumed else "wb") as stream, progress((), file.name, n_megabytes, "MB") as bar:
        # As they arrive: blocks of a fixed size would be collected, and lost where the connection drops.
        for block in response.iter_raw():
            if stream.tell() == 0 and block.lstrip()[:20].lower().startswith(_PAGE_STARTS):
                raise _GiveUp("an HTML page in place of the file, which it calls something else")
            stream.write(block)
            bar.update(len(block) / _MEGABYTE)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _difference(path: Path, file: RemoteFile) -> str:
    """How a file differs from the one that was published; empty if it does not."""
    size = path.stat().st_size
    if file.exact_size and size != file.size_bytes:
        return f"{size:,} bytes, expected {file.size_bytes:,}"
    algorithm, _, expected = file.checksum.partition(":")
    found = digest_of(path, algorithm) if expected else ""
    return "" if found == expected else f"{algorithm} {found} of {size:,} bytes, expected {expected}"


def _require_published(target: Path, file: RemoteFile) -> None:
    # Read once: a hundred gigabytes take a quarter of an hour.
    if _note_of(target, file) == _remembered(target):
        return
    wrong = _difference(target, file)
    if wrong:
        raise ValueError(f"{file.name}: found {wrong}; remove it, and it is fetched, or put the published file there")
    _remember(target, file)


def _memory(target: Path) -> Path:
    return target.with_name(f".{target.name}.checked")


def _remembered(target: Path) -> str:
    return _memory(target).read_text(encoding="utf-8") if _memory(target).is_file() else ""


def _remember(target: Path, file: RemoteFile) -> None:
    write_text(_memory(target), _note_of(target, file))


def _note_of(target: Path, file: RemoteFile) -> str:
    facts = target.stat()
    return f"{file.checksum} {facts.st_size} {facts.st_mtime_ns}\n"
