import io

import mido
import pytest

from clmr.corpora.rendered.midi import TICKS_PER_SECOND, MidiTrack, TimedNote, midi_bytes


def read_notes(data: bytes) -> dict[int, list[tuple[float, float, int, int]]]:
    """Notes by channel as (onset, length, pitch, velocity), read with an independent reader."""
    found: dict[int, list] = {}
    for track in mido.MidiFile(file=io.BytesIO(data)).tracks:
        now, sounding = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                sounding[message.note] = (now, message.velocity)
            elif message.type in ("note_off", "note_on"):
                onset, velocity = sounding.pop(message.note)
                note = (onset / TICKS_PER_SECOND, (now - onset) / TICKS_PER_SECOND, message.note, velocity)
                found.setdefault(message.channel, []).append(note)
    return found


def test_notes_round_trip_to_the_nearest_tick():
    notes = (TimedNote(0.0, 0.5, 60, 90), TimedNote(0.5, 0.25, 60, 70), TimedNote(100.0, 7.25, 127, 1))
    drums = (TimedNote(0.125, 0.1, 36, 127),)
    data = midi_bytes([MidiTrack(0, 40, 100, 64, notes), MidiTrack(9, 0, 90, 64, drums)])
    found = read_notes(data)
    assert len(found[0]) == 3
    for wanted, got in zip(notes, found[0], strict=True):
        # Half a tick is the best a file with this resolution can do.
        assert got == pytest.approx(
            (wanted.onset_s, wanted.length_s, wanted.pitch, wanted.velocity), abs=0.5 / TICKS_PER_SECOND
        )
    assert [note[2] for note in found[9]] == [36]


def test_program_and_volume_are_set_before_the_first_note():
    data = midi_bytes([MidiTrack(3, 73, 55, 20, (TimedNote(0.0, 1.0, 70, 80),))])
    messages = list(mido.MidiFile(file=io.BytesIO(data)).tracks[1])
    assert messages[3].type == "note_on"
    assert {message.type for message in messages[:3]} == {"program_change", "control_change"}
    assert [message.value for message in messages[:3] if message.is_cc(7)] == [55]
    assert [message.program for message in messages[:3] if message.type == "program_change"] == [73]


@pytest.mark.parametrize(
    ("track", "message"),
    [
        (MidiTrack(16, 0, 1, 1, ()), "channel: found 16, allowed are 0 to 15"),
        (MidiTrack(0, 128, 1, 1, ()), "program: found 128"),
        (MidiTrack(0, 0, 1, 1, (TimedNote(0.0, 1.0, 128, 1),)), "pitch: found 128"),
        (MidiTrack(0, 0, 1, 1, (TimedNote(0.0, 1.0, 60, 0),)), "velocity: found 0"),
    ],
)
def test_values_midi_cannot_hold_are_refused(track, message):
    with pytest.raises(ValueError, match=message):
        midi_bytes([track])
