"""The facts about a clip that tags depend on: what was played, not how it sounds."""

from collections.abc import Iterable
from dataclasses import dataclass

from clmr.corpora.rendered.instruments import INSTRUMENTS
from clmr.corpora.rendered.productions import Production


@dataclass(frozen=True)
class Performance:
    """The facts about a clip that tags depend on.

    Attributes:
        production: The drawn factors.
        instruments: Names of all pitched instruments that sound.
        n_pitched_parts: Number of pitched parts.
        has_drums: Whether drums sound.
        pulse_bpm: Beats a minute.
        collection: Where the score comes from.
        dance: Dance type the score's file states; "" if none.
        mode: "major", "minor", "modal" or "".
        metre: "duple", "triple", "compound" or "" for changing and rare metres.
    """

    production: Production
    instruments: frozenset[str]
    n_pitched_parts: int
    has_drums: bool
    pulse_bpm: float
    collection: str
    dance: str
    mode: str
    metre: str

    def plays(self, names: Iterable[str]) -> bool:
        """Whether any of the named instruments sounds."""
        return not self.instruments.isdisjoint(names)

    def all_are(self, trait: str, besides: Iterable[str] = ()) -> bool:
        """Whether every pitched instrument has the trait or is named in ``besides``."""
        return all(trait in INSTRUMENTS[name].traits or name in besides for name in self.instruments)

    @property
    def n_synthetic(self) -> int:
        """Number of instruments that are synthesisers."""
        return sum("synthetic" in INSTRUMENTS[name].traits for name in self.instruments)
