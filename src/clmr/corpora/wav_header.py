"""How much audio the header of a RIFF WAV file promises, and how much there is."""

import struct
from dataclasses import dataclass
from pathlib import Path

_UNKNOWN = 0xFFFFFFFF
_MAX_CHUNKS = 64


@dataclass(frozen=True)
class WavLengths:
    """The data chunk of a WAV file.

    Attributes:
        size_at: Offset of the field that states its size.
        stated: Bytes of audio that the field promises.
        present: Bytes behind the field.
        order: Byte order of the header, as :mod:`struct` writes it.
    """

    size_at: int
    stated: int
    present: int
    order: str

    @property
    def is_cut(self) -> bool:
        """Whether audio is missing; a program that writes to a pipe promises all ones, and means nothing by it."""
        return self.stated != _UNKNOWN and self.present < 0.99 * self.stated


def wav_lengths(path: Path) -> WavLengths | None:
    """Where the data chunk is and how long; None if there is none."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        order = "<" if stream.read(12)[:4] == b"RIFF" else ">"
        for _ in range(_MAX_CHUNKS):
            head = stream.read(8)
            if len(head) < 8:
                return None
            (stated,) = struct.unpack(f"{order}I", head[4:])
            at = stream.tell()
            if head[:4] == b"data":
                return WavLengths(at - 4, stated, size - at, order)
            # Chunks begin at even offsets.
            stream.seek(at + stated + stated % 2)
    return None


def patched(data: bytes, lengths: WavLengths) -> bytes:
    """The file with the size that its data chunk has."""
    size = struct.pack(f"{lengths.order}I", lengths.present)
    whole = struct.pack(f"{lengths.order}I", len(data) - 8)
    return data[:4] + whole + data[8 : lengths.size_at] + size + data[lengths.size_at + 4 :]
