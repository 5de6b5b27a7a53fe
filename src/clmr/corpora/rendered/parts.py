"""The notes that are played, in seconds, in parts that each have one program and one volume."""

from dataclasses import dataclass

from clmr.storage.strict import require

HIGHEST = 127
"""Largest pitch, velocity, program and volume of MIDI."""


@dataclass(frozen=True)
class TimedNote:
    """A note to be played.

    Attributes:
        onset_s: Beginning of the note.
        length_s: Time from its beginning to its release.
        pitch: MIDI pitch; in a drum kit, the drum.
        velocity: Strength of the attack; amplitude is proportional to it.
    """

    onset_s: float
    length_s: float
    pitch: int
    velocity: int

    def __post_init__(self) -> None:
        require(self.onset_s >= 0, "onset_s", self.onset_s, ">= 0")
        require(self.length_s > 0, "length_s", self.length_s, "> 0")
        require(0 <= self.pitch <= HIGHEST, "pitch", self.pitch, f"in 0 to {HIGHEST}")
        require(1 <= self.velocity <= HIGHEST, "velocity", self.velocity, f"in 1 to {HIGHEST}")


@dataclass(frozen=True)
class Part:
    """The notes of one player, and how they are played.

    Attributes:
        is_kit: Whether the program is a drum kit.
        program: General MIDI program, counted from 0, or that of the kit.
        volume: Volume of the part; amplitude is proportional to its cube.
        notes: In any order.
    """

    is_kit: bool
    program: int
    volume: int
    notes: tuple[TimedNote, ...]

    def __post_init__(self) -> None:
        require(0 <= self.program <= HIGHEST, "program", self.program, f"in 0 to {HIGHEST}")
        require(1 <= self.volume <= HIGHEST, "volume", self.volume, f"in 1 to {HIGHEST}")
