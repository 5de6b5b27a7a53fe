"""Notes of a work, read with music21.

What belongs here: everything that touches music21, whose import takes long: so this module is imported only where a
score must really be read (`score_files`). What does not: how the notes are arranged.

music21 reads a work to be engraved. Beams, stems, slurs and ornaments, which take it two thirds of the time of reading
a tune, are left out before it sees them; the notes come out the same.
"""

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from music21 import abcFormat, stream
from music21.abcFormat.translate import abcToStreamPart
from music21.musicxml.xmlToM21 import MusicXMLImporter

from clmr.corpora.rendered.catalogue import WorkRef, corpus_dir, tunes_of, xml_bytes
from clmr.corpora.rendered.scores import Note, Score, estimated_key, top_line

# Of a note in MusicXML. Directions stay: one beyond the end of a bar makes the bar longer.
_ENGRAVING = frozenset({"beam", "stem", "notations"})
_SPANNERS = (abcFormat.ABCSlurStart, abcFormat.ABCCrescStart, abcFormat.ABCDimStart)


def read_score(work: WorkRef) -> Score:
    """The notes and the metre of a work.

    Raises:
        ValueError: If music21 finds no notes in it.
    """
    with _no_collection(), warnings.catch_warnings():
        # music21 warns about engravers' oddities in its own files; the notes come out right.
        warnings.simplefilter("ignore")
        return _score(work, _parts(work))


def _score(work: WorkRef, streams: list[Any]) -> Score:
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
    tonic, mode = estimated_key([note for part in parts for note in part])
    return Score(
        parts=parts,
        melody=top_line(notes[lead]),
        bar_quarters=4 * metre[0] / metre[1],
        metre=metre,
        one_metre=one_metre,
        pickup_quarters=pickup,
        tonic=tonic,
        mode=work.mode or mode,
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """No search for garbage within the block: music21 makes many objects that refer to each other, all in use.

    Python would go through them, and through all of music21, again and again, for half of the reading time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _parts(work: WorkRef) -> list[Any]:
    path = Path(corpus_dir(), work.file)
    if path.suffix == ".abc":
        return [_tune_part(tunes_of(path)[work.tune_index])]
    importer = MusicXMLImporter()
    importer.xmlRootToScore(_without_engraving(ElementTree.fromstring(xml_bytes(path))), importer.stream)
    return list(importer.stream.parts) or [importer.stream]


def _without_engraving(score: ElementTree.Element) -> ElementTree.Element:
    for note in score.iter("note"):
        note[:] = [child for child in note if child.tag not in _ENGRAVING]
    return score


class _Unbeamed(stream.Part):
    def makeBeams(self, **_: Any) -> "_Unbeamed":
        """Nothing: half of the time of reading a tune would go into its beams."""
        return self


def _tune_part(text: str) -> stream.Part:
    handler = abcFormat.ABCFile().readstr(text)
    handler.tokens = [token for token in handler.tokens if not isinstance(token, _SPANNERS)]
    for token in handler.tokens:
        if isinstance(token, abcFormat.ABCNote):
            token.applicableSpanners = []
    return abcToStreamPart(handler, _Unbeamed())


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
