"""Archives, also in parts, unpacked into a folder that is complete or absent; members that could harm are refused."""

import bisect
import io
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import IO

from clmr.compute.progress import progress

# What real archives of compressed audio and of tables stay below by far; a bomb has a thousand and more.
_MOST_EXPANSION = 200
_SMALL_BYTES = 1 << 20


def unpack(parts: Sequence[Path], target: Path, most_bytes: int) -> None:
    """Unpack a zip or tar archive to ``target``; nothing is there unless all is.

    An only folder at the top of the archive, named like ``target``, is not repeated.

    Args:
        parts: The archive, or the parts that joined are one.
        target: Folder to make.
        most_bytes: Archives that hold more are refused.

    Raises:
        ValueError: If the archive is damaged, or a member has an absolute path, leads outside, is a link or a device,
            or expands absurdly; with archive, member and reason.
    """
    name = parts[0].name
    partial = target.with_name(f".{target.name}.unpacking")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        with io.BufferedReader(JoinedFiles(parts)) as stream:
            if ".zip" in name:
                _unpack_zip(stream, partial, name, most_bytes)
            else:
                _unpack_tar(stream, partial, name, most_bytes)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        # A full disk is not the archive's fault.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{name}: cannot be unpacked ({error}); remove it, and it is fetched again") from error
    except ValueError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    inner = partial / target.name
    # A folder of that name beside others is one of several, and stays.
    nested = [entry.name for entry in partial.iterdir()] == [target.name] and inner.is_dir()
    (inner if nested else partial).rename(target)
    shutil.rmtree(partial, ignore_errors=True)


class JoinedFiles(io.RawIOBase):
    """Several files read as one, without writing it: a split archive needs its own size of disk once, not twice."""

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__()
        self._streams: list[IO[bytes]] = [path.open("rb") for path in paths]
        self._starts = [0, *accumulate(path.stat().st_size for path in paths)]
        self._position = 0

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def seekable(self) -> bool:
        """Whether it can be read from any place: yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, counted from the start, from here, or from the end of the last file."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._starts[-1]}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        """Fill the buffer up to the end of the file at this place; returns the number of bytes."""
        index = bisect.bisect_right(self._starts, self._position) - 1
        if index >= len(self._streams):
            return 0
        stream = self._streams[index]
        stream.seek(self._position - self._starts[index])
        block = stream.read(len(buffer))
        buffer[: len(block)] = block
        self._position += len(block)
        return len(block)

    def close(self) -> None:
        """Close all files."""
        for stream in self._streams:
            stream.close()
        super().close()


def _unpack_zip(stream: IO[bytes], partial: Path, name: str, most_bytes: int) -> None:
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        # All names before the first byte: they are listed at the end.
        _require_size(name, sum(member.file_size for member in members), most_bytes)
        seen: set[str] = set()
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            _require_safe(name, member.filename, kind in (0, stat.S_IFREG, stat.S_IFDIR), seen)
            if member.file_size > _SMALL_BYTES and member.file_size > _MOST_EXPANSION * member.compress_size:
                raise ValueError(_refused(name, member.filename, f"expands more than {_MOST_EXPANSION} times"))
        for member in progress(members, f"unpacking {name}", unit="file"):
            if not member.is_dir():
                with archive.open(member) as content:
                    _write(content, partial / member.filename)


def _unpack_tar(stream: IO[bytes], partial: Path, name: str, most_bytes: int) -> None:
    seen: set[str] = set()
    total = 0
    with tarfile.open(fileobj=stream, mode="r:*") as archive:
        for member in progress(archive, f"unpacking {name}", unit="file"):
            _require_safe(name, member.name, member.isreg() or member.isdir(), seen)
            total += member.size
            _require_size(name, total, most_bytes)
            content = archive.extractfile(member) if member.isreg() else None
            if content is not None:
                _write(content, partial / member.name)


def _write(content: IO[bytes], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        shutil.copyfileobj(content, stream, 1 << 20)


def _require_safe(archive: str, member: str, is_plain: bool, seen: set[str]) -> None:
    path = PurePosixPath(member)
    if not is_plain:
        raise ValueError(_refused(archive, member, "is a link or a device"))
    if path.is_absolute() or "\\" in member or ":" in (path.parts or ("",))[0]:
        raise ValueError(_refused(archive, member, "has an absolute path, or one of another system"))
    if ".." in path.parts:
        raise ValueError(_refused(archive, member, "leads outside of the archive's folder"))
    # A second member of one name would replace the first; only bombs and accidents have them.
    if str(path) in seen and not member.endswith("/"):
        raise ValueError(_refused(archive, member, "occurs twice"))
    seen.add(str(path))


def _require_size(archive: str, total: int, most_bytes: int) -> None:
    if total > most_bytes:
        raise ValueError(f"{archive}: refused, since it holds {total:,} bytes and more; at most {most_bytes:,} are due")


def _refused(archive: str, member: str, reason: str) -> str:
    return f"{archive}: refused, since {member!r} {reason}; nothing was unpacked. Remove it, and fetch the original"
