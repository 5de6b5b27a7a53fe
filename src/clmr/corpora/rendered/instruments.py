"""The instruments of the arranger: General MIDI programs, registers and how they sound.

Several programs stand for one instrument where General MIDI has them, so that an instrument is not one
recording. All splits draw from the same programs: a shift of timbre between them would eat up the gain
of a short pre-training.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Instrument:
    """A group of programs that a listener calls by one name.

    Attributes:
        name: Name of the instrument.
        programs: General MIDI program numbers, counted from 0.
        centre: MIDI pitch around which it plays a melody.
        traits: How a listener would describe it, in words from `TRAITS`.
    """

    name: str
    programs: tuple[int, ...]
    centre: int
    traits: frozenset[str]


# chordal: plays chords by itself; sustained: a held note keeps its level; gentle: without a sharp attack;
# orchestral: usual in classical music; acoustic: not amplified; folk: usual in a session.
TRAITS = (
    "chordal",
    "sustained",
    "gentle",
    "orchestral",
    "acoustic",
    "folk",
    "synthetic",
    "plucked",
    "bowed",
    "wind",
)


def _instrument(name: str, programs: tuple[int, ...], centre: int, traits: str) -> Instrument:
    words = frozenset(traits.split())
    unknown = sorted(words - set(TRAITS))
    if unknown:
        raise ValueError(f"instrument {name}: found unknown traits {unknown}, allowed are {TRAITS}; correct the table")
    return Instrument(name, programs, centre, words)


_TABLE = (
    _instrument("piano", (0, 1, 2), 70, "chordal orchestral acoustic"),
    _instrument("harpsichord", (6,), 70, "chordal orchestral acoustic plucked"),
    _instrument("organ", (16, 18, 19), 70, "chordal sustained"),
    _instrument("accordion", (21, 23), 72, "chordal sustained acoustic folk"),
    _instrument("guitar", (24, 25), 64, "chordal gentle acoustic folk plucked"),
    _instrument("electric guitar", (26, 27), 64, "chordal plucked"),
    _instrument("distorted guitar", (29, 30), 60, "sustained"),
    _instrument("violin", (40, 110), 74, "sustained orchestral acoustic folk bowed"),
    _instrument("cello", (42,), 52, "sustained orchestral acoustic bowed gentle"),
    _instrument("harp", (46,), 70, "chordal gentle orchestral acoustic plucked"),
    _instrument("string section", (44, 48, 49), 68, "chordal sustained orchestral acoustic bowed"),
    _instrument("choir", (52, 53), 66, "chordal sustained gentle orchestral acoustic"),
    _instrument("brass", (56, 57, 60, 61), 65, "sustained orchestral acoustic wind"),
    _instrument("saxophone", (64, 65, 66), 66, "sustained acoustic wind"),
    _instrument("reed", (68, 69, 71), 70, "sustained orchestral acoustic wind gentle"),
    _instrument("flute", (72, 73, 74, 75), 78, "sustained gentle orchestral acoustic folk wind"),
    _instrument("synth lead", (80, 81, 84, 87), 72, "sustained synthetic"),
    _instrument("synth pad", (50, 51, 88, 89, 95), 66, "chordal sustained synthetic gentle"),
    _instrument("sitar", (104,), 64, "acoustic plucked"),
    _instrument("banjo", (105,), 66, "chordal acoustic folk plucked"),
    _instrument("bagpipe", (109,), 72, "sustained acoustic folk wind"),
    _instrument("bells", (9, 10, 11), 76, "acoustic gentle"),
    _instrument("acoustic bass", (32, 43), 40, "acoustic gentle orchestral folk"),
    _instrument("electric bass", (33, 34, 35), 40, ""),
    _instrument("synth bass", (38, 39), 40, "synthetic"),
)
INSTRUMENTS: dict[str, Instrument] = {instrument.name: instrument for instrument in _TABLE}

# Kits by General MIDI drum program; both soundfonts have these.
DRUM_KITS: dict[str, tuple[int, ...]] = {
    "acoustic": (0, 16),
    "electronic": (25,),
    "jazz": (32,),
    "orchestral": (48,),
}
