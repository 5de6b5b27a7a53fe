"""From a timeline and a production to the notes of every player.

What belongs here: who plays which notes, when, how long and how hard. What does not: sound, and drum patterns.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from clmr.corpora.rendered.drums import drum_hits
from clmr.corpora.rendered.instruments import INSTRUMENTS
from clmr.corpora.rendered.parts import TimedNote
from clmr.corpora.rendered.productions import Production, Programs
from clmr.corpora.rendered.scores import Note
from clmr.corpora.rendered.timeline import Timeline

# Parts are balanced by level afterwards, velocities included: what is heard of touch is the filter that follows it
# (``touch``).
VELOCITY = {"soft": 52, "normal": 84, "hard": 112}
_LENGTH_FACTOR = {"staccato": 0.45, "normal": 0.9, "legato": 1.05}
# Range of each role's level relative to the lead, in dB. Even the quietest can be heard clearly: it may earn a tag.
_ROLE_LEVEL_DB = {
    "lead": (0.0, 0.0),
    "second lead": (-1.0, 1.0),
    "backing": (-7.0, -2.0),
    "bass": (-9.0, -4.0),
    "pad": (-8.0, -5.0),
    "drums": (-8.0, -1.0),
    "part": (-2.0, 0.0),
}
_TURN_BARS = 2
_MAX_PARTS = 6
_REED_AND_PIPE = frozenset({"organ", "accordion"})


@dataclass(frozen=True)
class Player:
    """What one instrument, or the drums, plays in a clip.

    Attributes:
        role: Key of the level table: "lead", "second lead", "backing", "bass", "pad", "drums", "part".
        instrument: Key of `INSTRUMENTS`, or "drums".
        program: General MIDI program, or the drum kit's.
        level_db: Level relative to the lead.
        notes: What it plays, in seconds.
    """

    role: str
    instrument: str
    program: int
    level_db: float
    notes: tuple[TimedNote, ...]


@dataclass(frozen=True)
class _Arranger:
    """What all players of one clip share: time axis, touch, and the source of their small deviations."""

    timeline: Timeline
    production: Production
    seconds_per_quarter: float
    transpose: int
    rng: np.random.Generator

    def player(self, role: str, instrument: str, program: int, notes: Iterable[Note]) -> Player:
        """A player of some notes at a level drawn from the range of the role.

        Args:
            role: Key of the level table.
            instrument: Key of `INSTRUMENTS`.
            program: Its General MIDI program.
            notes: What it plays, in quarter notes.
        """
        level_db = float(self.rng.uniform(*_ROLE_LEVEL_DB[role]))
        return Player(role, instrument, program, level_db, tuple(self._timed(note) for note in notes))

    def drummer(self, pattern: str, program: int) -> Player:
        """A drummer who plays ``pattern`` throughout on the kit ``program``."""
        hits = drum_hits(pattern, self.timeline)
        level_db = float(self.rng.uniform(*_ROLE_LEVEL_DB["drums"]))
        notes = tuple(
            TimedNote(self._human(onset), 0.12, drum, self._velocity(strength)) for onset, drum, strength in hits
        )
        return Player("drums", "drums", program, level_db, notes)

    def _timed(self, note: Note) -> TimedNote:
        # Stressed a little on the bar: besides chords and drums the only cue to the metre.
        on_bar = abs(note.onset % self.timeline.bar_quarters) < 1e-6
        length_s = max(0.06, note.length * self.seconds_per_quarter)
        return TimedNote(self._human(note.onset), length_s, note.pitch, self._velocity(1.08 if on_bar else 1.0))

    def _human(self, onset_quarters: float) -> float:
        # Up to 8 ms early or late: far less than a sixteenth at the fastest tempo, 85 ms.
        return max(0.0, onset_quarters * self.seconds_per_quarter + float(self.rng.uniform(-0.008, 0.008)))

    def _velocity(self, strength: float) -> int:
        wanted = VELOCITY[self.production.touch] * strength + float(self.rng.normal(0, 4))
        return _clipped(round(wanted), 1, 127)


def arrange(
    timeline: Timeline,
    production: Production,
    programs: Programs,
    seconds_per_quarter: float,
    transpose: int,
    rng: np.random.Generator,
) -> list[Player]:
    """The players of a clip: every instrument that the production names, and no other.

    Args:
        timeline: Notes to arrange.
        production: Who plays.
        programs: With which programs.
        seconds_per_quarter: Duration of a quarter note.
        transpose: Semitones added to every pitch, so that the key does not reveal the tune book.
        rng: Source of small deviations in time, velocity and balance.
    """
    arranger = _Arranger(timeline, production, seconds_per_quarter, transpose, rng)
    players = _part_players(arranger, programs) if production.ensemble == "parts" else _band_players(arranger, programs)
    if production.drums:
        players.append(arranger.drummer(production.drums, programs.kit))
    # A player without notes would earn tags that nobody hears.
    return [player for player in players if player.notes]


def _part_players(arranger: _Arranger, programs: Programs) -> list[Player]:
    """One player for each part of the score, all on the lead's program, highest part first."""
    production, timeline = arranger.production, arranger.timeline
    parts = sorted(timeline.parts[:_MAX_PARTS], key=lambda part: -float(np.mean([note.pitch for note in part])))
    return [
        arranger.player(
            "part", production.lead, programs.lead, _articulated(arranger, _shifted(part, arranger.transpose))
        )
        for part in parts
    ]


def _band_players(arranger: _Arranger, programs: Programs) -> list[Player]:
    production, timeline = arranger.production, arranger.timeline
    melody = _in_range(timeline.melody, production.lead, arranger.transpose)
    # In turns, not together: each of the two is heard alone for half of the time.
    own_turns, other_turns = _turns(timeline, melody) if production.second_lead else (melody, [])
    lead_notes = _articulated(arranger, own_turns)
    if (
        production.ensemble == "solo"
        and "chordal" in INSTRUMENTS[production.lead].traits
        and arranger.rng.random() < 0.6
    ):
        lead_notes += _own_chords(arranger)
    players = [arranger.player("lead", production.lead, programs.lead, lead_notes)]
    if production.second_lead:
        second = _articulated(arranger, _in_range(other_turns, production.second_lead, 0))
        players.append(arranger.player("second lead", production.second_lead, programs.second_lead, second))
    if production.backing:
        players.append(arranger.player("backing", production.backing, programs.backing, _backing_notes(arranger)))
    if production.pad:
        # A little higher than the backing, which plays from 52 on.
        players.append(arranger.player("pad", production.pad, programs.pad, _chord_notes(arranger, "block", 55)))
    if production.bass:
        players.append(arranger.player("bass", production.bass, programs.bass, _bass_notes(arranger)))
    return players


def _own_chords(arranger: _Arranger) -> list[Note]:
    """The chords that a soloist's left hand adds, a third lower than a backing."""
    holds = "sustained" in INSTRUMENTS[arranger.production.lead].traits or arranger.production.pattern == "offbeat"
    return _chord_notes(arranger, "block" if holds else arranger.production.pattern, 48)


def _turns(timeline: Timeline, melody: list[Note]) -> tuple[list[Note], list[Note]]:
    """The melody dealt out to two players, two bars each in turn."""
    turn_quarters = _TURN_BARS * timeline.bar_quarters
    own = [note for note in melody if int(note.onset // turn_quarters) % 2 == 0]
    return own, [note for note in melody if int(note.onset // turn_quarters) % 2 == 1]


def _in_range(notes: Iterable[Note], instrument: str, transpose: int) -> list[Note]:
    """The notes moved by whole octaves to the register in which the instrument plays."""
    notes = list(notes)
    if not notes:
        return []
    # By octaves, after the transposition: the key must stay that of the chords.
    mean = float(np.mean([note.pitch for note in notes])) + transpose
    octaves = round((INSTRUMENTS[instrument].centre - mean) / 12)
    return _shifted(notes, transpose + 12 * octaves)


def _shifted(notes: Iterable[Note], semitones: int) -> list[Note]:
    return [Note(note.onset, note.length, _clipped(note.pitch + semitones, 12, 120)) for note in notes]


def _clipped(value: int, low: int, high: int) -> int:
    # Not np.clip, which takes half as long as all the rest of an arrangement.
    return min(max(value, low), high)


def _articulated(arranger: _Arranger, notes: Iterable[Note]) -> list[Note]:
    factor = _LENGTH_FACTOR[arranger.production.articulation]
    return [Note(note.onset, note.length * factor, note.pitch) for note in notes]


def _backing_notes(arranger: _Arranger) -> list[Note]:
    instrument = arranger.production.backing
    # Two instruments do not play triads: a sitar drones, and distortion muddies thirds.
    if instrument == "sitar":
        return _drone_notes(arranger)
    if instrument == "distorted guitar":
        return _power_notes(arranger)
    # Ensembles hold their chords: repeated, their long releases pile up and take three times as long to render.
    holds = {"chordal", "sustained"} <= INSTRUMENTS[instrument].traits and instrument not in _REED_AND_PIPE
    return _chord_notes(arranger, "block" if holds else arranger.production.pattern, 52)


def _chord_notes(arranger: _Arranger, pattern: str, lowest: int) -> list[Note]:
    timeline = arranger.timeline
    notes = []
    for bar, (root, minor) in enumerate(timeline.chords):
        intervals = (0, 3, 7) if minor else (0, 4, 7)
        pitches = [_lifted(root + arranger.transpose + interval, lowest) for interval in intervals]
        start = bar * timeline.bar_quarters
        for beat, length, index in _strokes(pattern, timeline.pulses_per_bar, timeline.subdivision):
            onset = start + beat * timeline.pulse_quarters
            chosen = sorted(pitches) if index is None else [sorted(pitches)[index]]
            # A strum runs across the strings: each tone a fiftieth of a quarter note later than the one below.
            rolled = 0.02 if pattern == "strum" else 0.0
            notes += [
                Note(onset + rolled * order, length * timeline.pulse_quarters, pitch)
                for order, pitch in enumerate(chosen)
            ]
    return [note for note in notes if note.onset < timeline.length_quarters]


def _strokes(pattern: str, beats: int, subdivision: int) -> list[tuple[float, float, int | None]]:
    """Strokes of a bar: beat, length in beats, and the index of the chord tone, or None for the whole chord."""
    if pattern == "block":
        return [(0, beats * 0.97, None)]
    if pattern == "pulse":
        return [(beat, 0.6, None) for beat in range(beats)]
    if pattern == "offbeat":
        return [(beat + (subdivision - 1) / subdivision, 0.3, None) for beat in range(beats)]
    steps = range(beats * subdivision)
    if pattern == "arpeggio":
        return [(step / subdivision, 1.5 / subdivision, (0, 1, 2, 1)[step % 4]) for step in steps]
    return [(step / subdivision, 0.9 / subdivision, None) for step in steps if step % subdivision != 1 or step % 4 == 1]


def _power_notes(arranger: _Arranger) -> list[Note]:
    """Root and fifth, low and short, as a rhythm guitar plays them."""
    timeline = arranger.timeline
    steps = timeline.pulses_per_bar * timeline.subdivision
    step_quarters = timeline.bar_quarters / steps
    return [
        Note(bar * timeline.bar_quarters + step * step_quarters, 0.85 * step_quarters, pitch + interval)
        for bar, (root, _) in enumerate(timeline.chords)
        for pitch in [_lifted(root + arranger.transpose, 40)]
        for step in range(steps)
        for interval in (0, 7)
        if bar * timeline.bar_quarters + step * step_quarters < timeline.length_quarters
    ]


def _drone_notes(arranger: _Arranger) -> list[Note]:
    """The key note and its fifth over and over, whatever the chords are."""
    timeline = arranger.timeline
    roots = [root for root, _ in timeline.chords]
    # The commonest root, and of equally common ones the lowest: sorted, since sets have no order of their own.
    tonic = max(sorted(set(roots)), key=roots.count) + arranger.transpose
    cycle = (7, 12, 12, 0)
    n_pulses = int(timeline.length_quarters / timeline.pulse_quarters)
    base = _lifted(tonic, 43)
    return [
        Note(pulse * timeline.pulse_quarters, 1.8 * timeline.pulse_quarters, base + cycle[pulse % 4])
        for pulse in range(n_pulses)
    ]


def _bass_notes(arranger: _Arranger) -> list[Note]:
    """Root and fifth in turn, on every other beat, or on every beat where there are drums or the metre is odd."""
    timeline = arranger.timeline
    every = 1 if arranger.production.drums or timeline.pulses_per_bar % 2 else 2
    notes = []
    for bar, (root, _) in enumerate(timeline.chords):
        low = _lifted(root + arranger.transpose, 33)
        for order, beat in enumerate(range(0, timeline.pulses_per_bar, every)):
            onset = bar * timeline.bar_quarters + beat * timeline.pulse_quarters
            pitch = low if order % 2 == 0 else low + 7
            notes.append(Note(onset, 0.85 * every * timeline.pulse_quarters, pitch))
    return [note for note in notes if note.onset < timeline.length_quarters]


def _lifted(pitch: int, lowest: int) -> int:
    """The pitch class of ``pitch`` in the octave that begins at ``lowest``.

    >>> _lifted(0, 52)
    60
    """
    return lowest + (pitch - lowest) % 12
