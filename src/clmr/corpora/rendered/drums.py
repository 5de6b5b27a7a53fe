"""Drum patterns, bar by bar, for any number of beats in a bar and two or three notes to a beat.

Tags such as techno, dance and rock depend on the pattern, so each has a rhythm that a listener would name.
"""

from collections.abc import Callable, Iterator

from clmr.corpora.rendered.timeline import Timeline

# General MIDI drum numbers.
KICK, STICK, SNARE, CLAP, SNARE_2 = 36, 37, 38, 39, 40
CLOSED_HAT, PEDAL_HAT, OPEN_HAT, CRASH, RIDE = 42, 44, 46, 49, 51
TAMBOURINE, HIGH_BONGO, LOW_BONGO, MUTE_CONGA, OPEN_CONGA, LOW_CONGA, LOW_TOM = 54, 60, 61, 62, 63, 64, 41

# A hit: its place in the bar, in beats; its drum; its strength relative to a normal hit.
Hit = tuple[float, int, float]


def drum_hits(pattern: str, timeline: Timeline) -> list[tuple[float, int, float]]:
    """All hits of a pattern over a timeline as (onset in quarter notes, drum, strength in (0, 1.3])."""
    play = _PATTERNS[pattern]
    hits = []
    for bar in range(len(timeline.chords)):
        start = bar * timeline.bar_quarters
        for beat, drum, strength in play(timeline.pulses_per_bar, timeline.subdivision, bar):
            onset = start + beat * timeline.pulse_quarters
            # The last bar may end after the clip.
            if onset < timeline.length_quarters:
                hits.append((onset, drum, strength))
    return hits


def _four_on_the_floor(beats: int, subdivision: int, bar: int) -> Iterator[Hit]:
    for beat in range(beats):
        yield beat, KICK, 1.25
        yield beat + (subdivision - 1) / subdivision, OPEN_HAT, 0.75
        if beat % 2 == 1:
            yield beat, CLAP, 1.0


def _backbeat(beats: int, subdivision: int, bar: int) -> Iterator[Hit]:
    for beat in range(beats):
        yield beat, KICK if beat % 2 == 0 else SNARE, 1.15
        for part in range(subdivision):
            yield beat + part / subdivision, CLOSED_HAT, 0.7
    if bar % 4 == 0:
        yield 0, CRASH, 0.9


def _double_kick(beats: int, subdivision: int, bar: int) -> Iterator[Hit]:
    for beat in range(beats):
        for part in range(2 * subdivision):
            yield beat + part / (2 * subdivision), KICK, 1.05
        yield beat, CRASH if beat == 0 and bar % 2 == 0 else RIDE, 0.9
        if beat % 2 == 1:
            yield beat, SNARE, 1.25


def _swing(beats: int, subdivision: int, bar: int) -> Iterator[Hit]:
    for beat in range(beats):
        yield beat, RIDE, 0.9
        if beat % 2 == 1:
            yield beat, PEDAL_HAT, 0.8
            # On the third triplet whatever the subdivision: that is what makes it swing.
            yield beat + 2 / 3, RIDE, 0.65
    if bar % 2 == 1:
        yield beats - 1 / 3, SNARE, 0.6


def _train(beats: int, subdivision: int, bar: int) -> Iterator[Hit]:
    for beat in range(beats):
        yield beat, KICK, 0.9
        for part in range(2 * subdivision):
            yield beat + part / (2 * subdivision), SNARE, 0.95 if part == subdivision else 0.5


def _march(beats: int, subdivision: int, bar: int) -> Iterator[Hit]:
    for beat in range(beats):
        yield beat, SNARE_2, 1.0 if beat == 0 else 0.8
        if beat % 2 == 0:
            yield beat, LOW_TOM, 0.9
        if (beat + bar) % 2 == 1:
            for part in range(4):
                yield beat + part / 4, SNARE_2, 0.6


def _hand(beats: int, subdivision: int, bar: int) -> Iterator[Hit]:
    for beat in range(beats):
        yield beat, OPEN_CONGA if beat == 0 else MUTE_CONGA, 1.0
        if (beat + bar) % 2 == 1:
            yield beat, TAMBOURINE, 0.7
        for part in range(1, subdivision):
            yield beat + part / subdivision, (HIGH_BONGO, LOW_BONGO, LOW_CONGA)[(bar + beat + part) % 3], 0.8


def _sparse(beats: int, subdivision: int, bar: int) -> Iterator[Hit]:
    yield 0, KICK, 1.2
    for beat in range(1, beats):
        yield beat, STICK, 0.7
    if bar % 4 == 0:
        yield 0, CRASH, 0.8


_PATTERNS: dict[str, Callable[[int, int, int], Iterator[Hit]]] = {
    "four on the floor": _four_on_the_floor,
    "backbeat": _backbeat,
    "double kick": _double_kick,
    "swing": _swing,
    "train": _train,
    "march": _march,
    "hand": _hand,
    "sparse": _sparse,
}
