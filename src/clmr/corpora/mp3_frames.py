"""The frames of an MP3 file, found by their headers: what is in the file, whatever its tags say.

libsndfile stops at the length that a tag in the first frame gives, gives up where a kilobyte is no MP3, and does not
look for a first frame beyond 64 kilobytes. A file with its frames alone has none of these.
"""

import re
import struct
from collections.abc import Iterator

_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_SYNC = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")
_TAG_WITHIN = 64


def frames(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Offset, bytes, samples and sample rate of every frame that another frame or the end of the data follows.

    Tags, pictures and garbage are passed over, and so is a frame that is cut off.

    >>> silence = bytes.fromhex("fffb1064") + bytes(100)
    >>> list(frames(b"junk" + silence * 2))
    [(4, 104, 1152, 44100), (108, 104, 1152, 44100)]
    """
    at = _after_id3(data)
    while True:
        found = _SYNC.search(data, at)
        if found is None:
            return
        at = found.start()
        size, n_samples, rate_hz = _header(data, at)
        end = at + size
        # A header alone occurs by chance in pictures; one behind the other hardly ever.
        if size and end <= len(data) and (_ends(data, end) or _header(data, end)[0]):
            yield at, size, n_samples, rate_hz
            at = end
        else:
            at += 1


def audible(data: bytes) -> tuple[bytes, float, int]:
    """The frames that hold sound behind one that tells their number; their duration in s; the most bytes between two.

    Frames that told a length are left out. The bytes are empty if there is no frame.
    """
    kept, duration_s, longest_junk, end = [], 0.0, 0, None
    for at, size, n_samples, rate_hz in frames(data):
        longest_junk, end = max(longest_junk, at - (at if end is None else end)), at + size
        frame = data[at:end]
        if not any(tag in frame[:_TAG_WITHIN] for tag in _LENGTH_TAGS):
            kept.append(frame)
            duration_s += n_samples / rate_hz
    return (_length_frame(kept[0], len(kept)) if kept else b"") + b"".join(kept), duration_s, longest_junk


def _length_frame(first: bytes, n_frames: int) -> bytes:
    """A silent frame like the first one that tells how many follow: without it decoders guess from the bit rate."""
    # Without checksum, and with a bit rate that leaves room for the tag.
    header = bytes([0xFF, first[1] | 1, (first[2] & 0x0D) | 0x90, first[3]])
    is_version_1, is_mono = (first[1] >> 3) & 3 == 3, first[3] >> 6 == 3
    side_bytes = (17 if is_mono else 32) if is_version_1 else (9 if is_mono else 17)
    tag = b"Xing" + struct.pack(">II", 1, n_frames)
    return (header + bytes(side_bytes) + tag).ljust(_header(header, 0)[0], b"\0")


def _after_id3(data: bytes) -> int:
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    return 10 + sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))


def _ends(data: bytes, end: int) -> bool:
    """Whether the audio ends here: at the end of the data, or at a tag behind it."""
    return end >= len(data) or data[end : end + 3] == b"TAG" or data[end : end + 8] == b"APETAGEX"


def _header(data: bytes, at: int) -> tuple[int, int, int]:
    """Bytes, samples and rate of the layer III frame whose header is here; zeros if there is none."""
    if len(data) < at + 4 or data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:
        return 0, 0, 0
    version, third = (data[at + 1] >> 3) & 3, data[at + 2]
    kbps_index, rate_index, padding = third >> 4, (third >> 2) & 3, (third >> 1) & 1
    if version not in _RATES_HZ or rate_index == 3 or kbps_index in (0, 15):
        return 0, 0, 0
    rate_hz = _RATES_HZ[version][rate_index]
    kbps, n_samples = (_KBPS_1[kbps_index], 1152) if version == 3 else (_KBPS_2[kbps_index], 576)
    return n_samples // 8 * kbps * 1000 // rate_hz + padding, n_samples, rate_hz
