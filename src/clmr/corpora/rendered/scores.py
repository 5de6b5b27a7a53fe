"""Scores as notes, and what follows from the notes alone: leading line, key note and mode.

What does not belong here: how scores are read, and how their notes are arranged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Krumhansl & Kessler (1982): how well each pitch class fits a major and a minor key.
_MAJOR_PROFILE = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR_PROFILE = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
# Smallest difference of the two correlations at which the mode counts as clear.
_MIN_MODE_MARGIN = 0.05


@dataclass(frozen=True)
class Note:
    """One note of a score; onset and length in quarter notes, pitch as MIDI number."""

    onset: float
    length: float
    pitch: int


@dataclass(frozen=True)
class Score:
    """A work's notes and metre.

    Attributes:
        parts: The parts, each sorted by onset; a tune has one.
        melody: The notes of the leading part, one at a time, without gaps at the start.
        bar_quarters: Length of a bar in quarter notes.
        metre: Upper and lower number of the first time signature.
        one_metre: Whether it holds throughout.
        pickup_quarters: Length of the incomplete bar at the beginning; 0 if there is none.
        tonic: Estimated pitch class of the key note.
        mode: "major", "minor", "modal", or "" where neither file nor notes are clear.
    """

    parts: tuple[tuple[Note, ...], ...]
    melody: tuple[Note, ...]
    bar_quarters: float
    metre: tuple[int, int]
    one_metre: bool
    pickup_quarters: float
    tonic: int
    mode: str

    @property
    def length_quarters(self) -> float:
        """End of the last note of any part."""
        return max(note.onset + note.length for part in self.parts for note in part)


def top_line(notes: Sequence[Note]) -> tuple[Note, ...]:
    """The highest of simultaneous notes, each cut where the next begins.

    >>> top_line([Note(0.0, 2.0, 60), Note(0.0, 2.0, 64), Note(1.0, 1.0, 62)])
    (Note(onset=0.0, length=1.0, pitch=64), Note(onset=1.0, length=1.0, pitch=62))

    Args:
        notes: A part, sorted by onset and then by pitch.
    """
    tops = {note.onset: note for note in notes}  # sorted by pitch within an onset: the highest stays
    onsets = sorted(tops)
    ends = [*onsets[1:], float("inf")]
    return tuple(
        Note(onset, min(tops[onset].length, end - onset), tops[onset].pitch)
        for onset, end in zip(onsets, ends, strict=True)
    )


def estimated_key(notes: Sequence[Note]) -> tuple[int, str]:
    """Tonic and mode by correlation with key profiles; mode "" if major and minor fit about equally.

    Source: Krumhansl and Kessler 1982 (profiles); pitch classes are weighted by duration.

    Args:
        notes: All notes of a work, in any order.
    """
    weights = np.zeros(12)
    for note in notes:
        weights[note.pitch % 12] += note.length
    fits = np.array(
        [
            [np.corrcoef(np.roll(profile, tonic), weights)[0, 1] for tonic in range(12)]
            for profile in (_MAJOR_PROFILE, _MINOR_PROFILE)
        ]
    )
    mode = int(fits.max(axis=1).argmax())
    clear = abs(fits[0].max() - fits[1].max()) >= _MIN_MODE_MARGIN
    return int(fits[mode].argmax()), ("major", "minor")[mode] if clear else ""
