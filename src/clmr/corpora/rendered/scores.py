"""Notes of a work, read with music21.

What belongs here: everything that touches music21. What does not: how the notes are arranged.
"""

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clmr.corpora.rendered.catalogue import WorkRef, corpus_dir, split_tunes

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


def read_score(work: WorkRef) -> Score:
    """The notes and the metre of a work.

    Raises:
        ValueError: If music21 finds no notes in it.
    """
    stream = _parse(work)
    streams = list(stream.parts) or [stream]
    notes = [_notes(part) for part in streams]
    kept = [index for index, part in enumerate(notes) if part]
    if not kept:
        raise ValueError(
            f"{work.file} ({work.key}): found no notes, expected some; leave the work out of the catalogue"
        )
    # Some chorales have a horn above the soprano, who sings the melody.
    lead = next((index for index in kept if streams[index].partName == "Soprano"), kept[0])
    parts = tuple(tuple(notes[index]) for index in kept)
    metre, one_metre, pickup = _metre(streams[lead])
    tonic, mode = _key([note for part in parts for note in part])
    return Score(
        parts=parts,
        melody=_top_line(notes[lead]),
        bar_quarters=4 * metre[0] / metre[1],
        metre=metre,
        one_metre=one_metre,
        pickup_quarters=pickup,
        tonic=tonic,
        mode=work.mode or mode,
    )


def _parse(work: WorkRef) -> Any:
    # Imported here: it takes a second, and planning a corpus does not need it.
    from music21 import converter

    path = Path(corpus_dir(), work.file)
    with warnings.catch_warnings(), _without_beams():
        # music21 warns about engravers' oddities in its own files; the notes come out right.
        warnings.simplefilter("ignore")
        if path.suffix == ".abc":
            return converter.parse(split_tunes(path.read_text(encoding="utf-8"))[work.tune_index], format="abc")
        # Without music21's cache, which lies outside the repository: nothing there may change a corpus.
        return converter.parse(path, forceSource=True, storePickle=False)


@contextlib.contextmanager
def _without_beams() -> Iterator[None]:
    """A block in which music21 draws no beams: engraving, which is up to two thirds of its reading of a tune."""
    from music21.stream import Stream

    make_beams = Stream.makeBeams
    Stream.makeBeams = lambda self, **_: self  # type: ignore[method-assign]
    try:
        yield
    finally:
        Stream.makeBeams = make_beams  # type: ignore[method-assign]


def _notes(part: Any) -> list[Note]:
    # Grace notes have no length, and chord symbols above a tune are text that music21 counts as chords.
    sounding = (item for item in part.flatten().notes if item.quarterLength > 0)
    notes = [
        Note(float(item.offset), float(item.quarterLength), pitch.midi)
        for item in sounding
        if "ChordSymbol" not in item.classes
        for pitch in item.pitches
    ]
    return sorted(notes, key=lambda note: (note.onset, note.pitch))


def _metre(part: Any) -> tuple[tuple[int, int], bool, float]:
    """Time signature (common time if none), whether it is the only one, and length of the pickup."""
    found = part.recurse().getElementsByClass("TimeSignature")
    signatures = [(signature.numerator, signature.denominator) for signature in found] or [(4, 4)]
    metre = signatures[0]
    # A first bar that is shorter than the metre says is a pickup.
    bars = list(part.getElementsByClass("Measure"))
    first = float(bars[1].offset - bars[0].offset) if len(bars) > 1 else 0.0
    return metre, len(set(signatures)) == 1, first if first < 4 * metre[0] / metre[1] else 0.0


def _top_line(notes: list[Note]) -> tuple[Note, ...]:
    """The highest of simultaneous notes, each cut where the next begins."""
    tops = {note.onset: note for note in notes}  # sorted by pitch within an onset: the highest stays
    onsets = sorted(tops)
    ends = [*onsets[1:], float("inf")]
    return tuple(
        Note(onset, min(tops[onset].length, end - onset), tops[onset].pitch)
        for onset, end in zip(onsets, ends, strict=True)
    )


def _key(notes: list[Note]) -> tuple[int, str]:
    """Tonic and mode by correlation with key profiles; mode "" if major and minor fit about equally.

    Source: Krumhansl and Kessler 1982 (profiles); pitch classes are weighted by duration.
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
