"""A score cut and looped to the length of a clip: bars, pulses, melody and chords on one time axis."""

import math
from dataclasses import dataclass

import numpy as np

from clmr.corpora.rendered.scores import Note, Score

# A pitch class that makes up less than this share of the work counts as foreign, which costs a chord that uses it.
_FOREIGN_SHARE = 0.02


@dataclass(frozen=True)
class Timeline:
    """The music of one clip before it is arranged; times in quarter notes from the start of the clip.

    Attributes:
        melody: The leading part.
        parts: All parts.
        chords: Root, and whether the chord is minor, for each bar.
        bar_quarters: Length of a bar.
        pulse_quarters: Length of a beat as a listener would tap it.
        pulses_per_bar: Beats in a bar.
        subdivision: Number of notes that a beat divides into, 2 or 3.
        length_quarters: Length of the clip.
    """

    melody: tuple[Note, ...]
    parts: tuple[tuple[Note, ...], ...]
    chords: tuple[tuple[int, bool], ...]
    bar_quarters: float
    pulse_quarters: float
    pulses_per_bar: int
    subdivision: int
    length_quarters: float


def cut_timeline(score: Score, pulse_bpm: float, duration_s: float, start_fraction: float) -> Timeline:
    """``duration_s`` of the score from the bar at ``start_fraction`` of it, looped if need be.

    Args:
        score: The score to cut.
        pulse_bpm: Beats per minute, as a listener would tap them.
        duration_s: Length of the clip.
        start_fraction: Position in the score at which the clip begins, in [0, 1).
    """
    pulses = pulses_per_bar(score)
    pulse_quarters = score.bar_quarters / pulses
    length = duration_s * pulse_bpm / 60 * pulse_quarters
    # Whole bars without the pickup, which falls into the last bar of the turn before: so the beat goes on at the seam.
    loop_bars = max(1, math.ceil((score.length_quarters - score.pickup_quarters) / score.bar_quarters - 1e-6))
    loop = loop_bars * score.bar_quarters
    start = math.floor(start_fraction * loop_bars) * score.bar_quarters

    def cut(notes: tuple[Note, ...]) -> tuple[Note, ...]:
        return _cut(notes, score.pickup_quarters, loop, start, length)

    parts = tuple(cut(part) for part in score.parts)
    n_bars = math.ceil(length / score.bar_quarters)
    return Timeline(
        melody=cut(score.melody),
        parts=tuple(part for part in parts if part),
        chords=_chords([note for part in parts for note in part], score, n_bars),
        bar_quarters=score.bar_quarters,
        pulse_quarters=pulse_quarters,
        pulses_per_bar=pulses,
        subdivision=3 if is_compound(score.metre) else 2,
        length_quarters=length,
    )


def is_compound(metre: tuple[int, int]) -> bool:
    """Whether beats divide in three, as in 6/8 and 9/8.

    >>> is_compound((6, 8)), is_compound((3, 4))
    (True, False)
    """
    return metre[0] % 3 == 0 and metre[0] > 3


def pulses_per_bar(score: Score) -> int:
    """Beats in a bar as a listener would tap them: about two of the melody's usual notes to a beat.

    Notation does not tell: the same reel is printed in 2/4 with sixteenths and in 4/4 with eighths.
    """
    beats, _ = score.metre
    if is_compound(score.metre):
        return beats // 3
    usual = float(np.median([note.length for note in score.melody]))
    wanted = score.bar_quarters / (2 * usual)
    # By ratio, hence the logarithm: twice as many beats are as wrong as half as many.
    options = (3, 6) if beats == 3 else (2, 4, 8) if beats in (2, 4, 8) else (beats, 2 * beats)
    return min(options, key=lambda n: abs(math.log(n / wanted)))


def _cut(notes: tuple[Note, ...], pickup: float, loop: float, start: float, length: float) -> tuple[Note, ...]:
    first_turn, last_turn = int(start // loop), int((start + length) // loop) + 1
    cut = []
    for turn in range(first_turn, last_turn + 1):
        shift = turn * loop - pickup - start
        for note in notes:
            onset = note.onset + shift
            if 0 <= onset < length:
                cut.append(Note(onset, min(note.length, length - onset), note.pitch))
    return tuple(cut)


def _chords(notes: list[Note], score: Score, n_bars: int) -> tuple[tuple[int, bool], ...]:
    """For each bar the triad that holds most of its notes, weighted by length, and stays in the key."""
    weights = np.zeros((n_bars, 12))
    for note in notes:
        _spread(weights, note, score.bar_quarters)
    usual = weights.sum(axis=0) / max(weights.sum(), 1e-9)
    foreign = (usual < _FOREIGN_SHARE).astype(float)
    triads = [(root, minor) for root in range(12) for minor in (False, True)]
    members = np.array([_triad_members(root, minor) for root, minor in triads])
    bars = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    # The key note's triad wins near ties, such as in a bar whose notes belong to two chords.
    home = np.array([0.08 if root == score.tonic else 0.0 for root, _ in triads])
    fits = bars @ members.T + 0.3 * usual @ members.T - 0.4 * foreign @ members.T + home
    return tuple(triads[index] for index in fits.argmax(axis=1))


def _triad_members(root: int, minor: bool) -> list[float]:
    intervals = (0, 3, 7) if minor else (0, 4, 7)
    return [float((pitch - root) % 12 in intervals) for pitch in range(12)]


def _spread(weights: np.ndarray, note: Note, bar_quarters: float) -> None:
    first = int(note.onset // bar_quarters)
    last = int((note.onset + note.length - 1e-6) // bar_quarters)
    for bar in range(first, min(last, len(weights) - 1) + 1):
        begin, end = (
            max(note.onset, bar * bar_quarters),
            min(note.onset + note.length, (bar + 1) * bar_quarters),
        )
        weights[bar, note.pitch % 12] += max(0.0, end - begin)
