"""Standard MIDI files as bytes (format 1): tempo, programs, volumes, notes; nothing else is needed here."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TICKS_PER_SECOND = 960
DRUM_CHANNEL = 9
# Tempo 60 quarters a minute makes a quarter a second, so that times can be written in seconds.
_MICROSECONDS_PER_QUARTER = 1_000_000
_VOLUME, _PAN = 7, 10


@dataclass(frozen=True)
class TimedNote:
    """A note to be played: onset and length in seconds, MIDI pitch and velocity."""

    onset_s: float
    length_s: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class MidiTrack:
    """What one channel plays; on the drum channel the program is the kit and the pitch the drum."""

    channel: int
    program: int
    volume: int
    pan: int
    notes: tuple[TimedNote, ...]


def midi_bytes(tracks: Sequence[MidiTrack]) -> bytes:
    """A MIDI file playing ``tracks`` together.

    Raises:
        ValueError: If a channel, program, volume, pan, pitch or velocity is out of MIDI's range.
    """
    tempo = b"\x00\xff\x51\x03" + struct.pack(">I", _MICROSECONDS_PER_QUARTER)[1:]
    chunks = [_chunk(tempo), *(_chunk(_events(track)) for track in tracks)]
    return b"MThd" + struct.pack(">IHHH", 6, 1, len(chunks), TICKS_PER_SECOND) + b"".join(chunks)


def _events(track: MidiTrack) -> bytes:
    channel = _checked("channel", track.channel, 0, 15)
    start = [
        (0, 0, bytes((0xC0 | channel, _checked("program", track.program, 0, 127)))),
        (0, 0, bytes((0xB0 | channel, _VOLUME, _checked("volume", track.volume, 0, 127)))),
        (0, 0, bytes((0xB0 | channel, _PAN, _checked("pan", track.pan, 0, 127)))),
    ]
    return _delta_coded([*start, *_note_events(channel, track.notes)])


def _note_events(channel: int, notes: Iterable[TimedNote]) -> list[tuple[int, int, bytes]]:
    events = []
    for note in notes:
        pitch = _checked("pitch", note.pitch, 0, 127)
        velocity = _checked("velocity", note.velocity, 1, 127)
        on = round(note.onset_s * TICKS_PER_SECOND)
        off = max(on + 1, round((note.onset_s + note.length_s) * TICKS_PER_SECOND))
        # At one tick, endings sort before beginnings: a repeated note must not be cut by its predecessor.
        events.append((on, 2, bytes((0x90 | channel, pitch, velocity))))
        events.append((off, 1, bytes((0x80 | channel, pitch, 0))))
    return events


def _delta_coded(events: list[tuple[int, int, bytes]]) -> bytes:
    data, now = bytearray(), 0
    for tick, _, message in sorted(events):
        data += _variable_length(tick - now) + message
        now = tick
    return bytes(data)


def _variable_length(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(0x80 | (value & 0x7F))
    return bytes(reversed(groups))


def _chunk(events: bytes) -> bytes:
    data = events + b"\x00\xff\x2f\x00"
    return b"MTrk" + struct.pack(">I", len(data)) + data


def _checked(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError(f"MIDI {name}: found {value}, allowed are {low} to {high}; mend the arrangement")
    return value
