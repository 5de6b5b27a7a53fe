"""Opening audio files: what libsndfile reads, MP3 files that it does not read to their end, and the rest with PyAV.

What belongs here: getting at samples, and sentences about files that give none. What does not: what becomes of the
samples (:mod:`clmr.corpora.decode`).
"""

import io
import os
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import soundfile

from clmr.corpora import av_files, mp3_frames
from clmr.corpora.audio_kinds import WEB_PAGE, kind_of
from clmr.corpora.wav_header import patched, wav_lengths

_BLOCK_VALUES = 1 << 20
_SMALL_FRAMES = 1 << 12
_HEAD_BYTES = 512
# Outside of these nothing is audio, and resampling would make gigabytes of a few samples.
_RATES_HZ = (1_000, 1_000_000)
# Lengths in MP3 headers are rounded to frames, and leave out what the encoder added at either end.
_LENGTH_TOLERANCE_S, _LENGTH_TOLERANCE = 0.2, 0.01
_MAX_JUNK_BYTES = 1_000
# What libsndfile's log says of AIFF, AU, W64 and RF64 whose audio ends before it should.
_SHORTENED = "(should be"
_MAX_PATCHED_BYTES = 1 << 29


class AudioSource:
    """An open audio file.

    Attributes:
        rate_hz: Its sample rate.
        is_float: Whether it stores floating-point numbers.
        notes: What is wrong with the file; complete once all blocks were read.
    """

    def __init__(self, rate_hz: int, is_float: bool, blocks: Iterator[np.ndarray], notes: list[str]) -> None:
        low, high = _RATES_HZ
        if not low <= rate_hz <= high:
            raise ValueError(f"has a sample rate of {rate_hz} Hz; audio has {low} to {high} Hz")
        self.rate_hz, self.is_float, self.notes, self._blocks = rate_hz, is_float, notes, blocks

    def blocks(self) -> Iterator[np.ndarray]:
        """All samples in order, as float32 arrays of shape (T, C)."""
        return self._blocks


@contextmanager
def open_audio(path: Path) -> Iterator[AudioSource]:
    """The audio in a file, whatever its name says it is.

    Raises:
        ValueError: If nothing can be read from it; the message gives the reason alone, without the path, which
            differs between machines.
    """
    require_file(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error
    if not head:
        raise ValueError("is empty (0 bytes)")
    with ExitStack() as stack:
        yield _opened(path, head, stack)


def require_file(path: Path) -> None:
    """Raise ``ValueError`` unless the path is that of a file; the message says what it is instead."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            if path.is_symlink():
                raise ValueError(f"is a link to {os.readlink(path)}, which does not exist") from error
            raise ValueError(f"does not exist{_similar(path)}") from error
        raise ValueError(f"cannot be read ({error.strerror})") from error
    if stat.S_ISDIR(mode):
        raise ValueError("is a folder, not a file")
    # A pipe would be waited for without end.
    if not stat.S_ISREG(mode):
        raise ValueError("is a pipe or a device, not a file; take it out of the folder")


def _opened(path: Path, head: bytes, stack: ExitStack) -> AudioSource:
    try:
        # By number, so that the content alone decides: by name, libsndfile takes whatever is called .au or .raw for
        # samples without a header, and says of other files that it does not know that they do not exist.
        descriptor = stack.enter_context(path.open("rb")).fileno()
        sound = stack.enter_context(soundfile.SoundFile(descriptor, closefd=False))
    except (soundfile.LibsndfileError, OSError) as error:
        return _opened_otherwise(path, head, str(getattr(error, "error_string", error)), stack)
    if sound.format == "MP3":
        return _mp3(path, sound, stack)
    notes = []
    if head[:4] in (b"RIFF", b"RIFX"):
        lengths = wav_lengths(path)
        if lengths is not None and lengths.stated == 0 and 0 < lengths.present < _MAX_PATCHED_BYTES:
            notes.append("has a header that was never completed and says 0 bytes; all that follows was read")
            sound = stack.enter_context(soundfile.SoundFile(io.BytesIO(patched(path.read_bytes(), lengths))))
        elif lengths is not None and lengths.is_cut:
            notes.append(f"is cut off: its header promises {lengths.stated} bytes of audio, it has {lengths.present}")
    elif _SHORTENED in sound.extra_info:
        notes.append("is cut off: its header promises more audio than there is")
    return _sndfile_source(sound, notes)


def _opened_otherwise(path: Path, head: bytes, reason: str, stack: ExitStack) -> AudioSource:
    """A file that libsndfile refuses."""
    kind = kind_of(head)
    if kind == WEB_PAGE:
        raise ValueError(f"is {kind}, as servers send in place of a file; fetch it again")
    if path.suffix.lower() in (".mp3", ".mp2") or kind is None:
        frames, duration_s = mp3_frames.audible(path.read_bytes())[:2] if _is_small(path) else (b"", 0.0)
        # A few frames are found in any large file.
        if duration_s > 1:
            sound = stack.enter_context(soundfile.SoundFile(io.BytesIO(frames)))
            return _sndfile_source(sound, ["begins with what is no MP3; its frames were read"])
    return AudioSource(*av_files.opened(path, kind, reason, stack))


def _mp3(path: Path, sound: soundfile.SoundFile, stack: ExitStack) -> AudioSource:
    """An MP3 file, by way of its frames where its length or its content would stop libsndfile."""
    if not _is_small(path):
        return _sndfile_source(sound, [])
    frames, frames_s, longest_junk = mp3_frames.audible(path.read_bytes())
    stated_s = sound.frames / sound.samplerate
    lies = abs(frames_s - stated_s) > _LENGTH_TOLERANCE_S + _LENGTH_TOLERANCE * frames_s
    if not frames or not (lies or longest_junk > _MAX_JUNK_BYTES):
        return _sndfile_source(sound, [])
    notes = []
    if lies:
        notes.append(f"states a length of {stated_s:.1f} s, and its frames last {frames_s:.1f} s; these were read")
    if longest_junk > _MAX_JUNK_BYTES:
        notes.append(f"has {longest_junk} bytes between its frames that are no audio; they were passed over")
    return _sndfile_source(stack.enter_context(soundfile.SoundFile(io.BytesIO(frames))), notes)


def _sndfile_source(sound: soundfile.SoundFile, notes: list[str]) -> AudioSource:
    is_float = sound.subtype in ("FLOAT", "DOUBLE")
    return AudioSource(sound.samplerate, is_float, _sndfile_blocks(sound, notes), notes)


def _sndfile_blocks(sound: soundfile.SoundFile, notes: list[str]) -> Iterator[np.ndarray]:
    # In blocks: a header that lies about the length would have all that it promises allocated.
    n_block, n_read = max(1, _BLOCK_VALUES // sound.channels), 0
    while True:
        try:
            block = sound.read(n_block, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, OSError) as error:
            reason = getattr(error, "error_string", error)
            for block in _before_the_fault(sound, n_read):
                n_read += len(block)
                yield block
            if not n_read:
                raise ValueError(f"cannot be decoded ({reason})") from error
            notes.append(f"is damaged: decoding stopped after {n_read / sound.samplerate:.1f} s ({reason})")
            return
        n_read += len(block)
        if len(block):
            yield block
        if len(block) < n_block:
            break
    missing_s = (sound.frames - n_read) / sound.samplerate
    if n_read and missing_s > _LENGTH_TOLERANCE_S:
        notes.append(f"is cut off: {missing_s:.1f} s of what its header promises are not there")


def _before_the_fault(sound: soundfile.SoundFile, position: int) -> Iterator[np.ndarray]:
    """What can be read from a position on, in small blocks: the block in which reading fails is lost as a whole."""
    try:
        sound.seek(position)
        while len(block := sound.read(_SMALL_FRAMES, dtype="float32", always_2d=True)):
            yield block
    except (soundfile.LibsndfileError, OSError):
        return


def _is_small(path: Path) -> bool:
    return path.stat().st_size < _MAX_PATCHED_BYTES


def _similar(path: Path) -> str:
    """A hint at a file whose name differs only in the form of Unicode, in capitals or in slashes."""
    wanted = [part for part in str(path).replace("\\", "/").split("/") if part]
    folder, found = Path(path.anchor or "."), False
    for part in wanted:
        if (folder / part).exists():
            folder = folder / part
            continue
        twins = [entry for entry in _entries(folder) if _plain_name(entry.name) == _plain_name(part)]
        if not twins:
            return ""
        folder, found = twins[0], True
    same = found or "\\" in str(path)
    return f"; {folder.name!r} does, and differs in case, in slashes or in its form of Unicode" if same else ""


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _plain_name(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
