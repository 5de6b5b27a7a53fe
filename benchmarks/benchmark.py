"""The outcome of one measurement, and how it compares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Goal:
    """What we want to reach: a ratio to the best peer, or a share of the machine's limit, and the same in words."""

    ratio: float
    text: str
    of: Literal["peer", "limit"] = "peer"


@dataclass(frozen=True)
class Benchmark:
    """Ours beside its peers.

    Attributes:
        name: Name of the module that measured it.
        claim: What it is to show, one sentence.
        unit: Unit of ``ours`` and of the peers.
        ours: Our value, from the fastest repeat.
        peers: Value of each peer, likewise; None for one that is not installed.
        goal: The ratio aimed at.
        better: Whether the higher or the lower value wins.
        compared: Peers that ``ratio`` may refer to, if not all.
        limit: The best value that the machine allows; None if no such limit is known.
        limit_text: What that limit is.
        notes: Circumstances a reader has to know, one sentence each.
        repeats_s: Duration in s of every repeat of everything that was timed.
        details: Further values, such as ours by precision.
    """

    name: str
    claim: str
    unit: str
    ours: float
    peers: Mapping[str, float | None]
    goal: Goal
    better: Literal["higher", "lower"] = "higher"
    compared: tuple[str, ...] | None = None
    limit: float | None = None
    limit_text: str = ""
    notes: tuple[str, ...] = ()
    repeats_s: Mapping[str, list[float]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def best_peer(self) -> str | None:
        """The best of the peers that count and were measured; None if none was."""
        names = self.peers if self.compared is None else self.compared
        measured = {name: self.peers[name] for name in names if self.peers[name] is not None}
        if not measured:
            return None
        best = max if self.better == "higher" else min
        return best(measured, key=measured.__getitem__)

    @property
    def ratio(self) -> float | None:
        """How many times better ours is than the best peer; None if there is none.

        >>> Benchmark("a", "", "s", 2.0, {"b": 6.0, "c": None}, Goal(2, ""), better="lower").ratio
        3.0
        """
        if self.best_peer is None:
            return None
        quotient = self.ours / self.peers[self.best_peer]
        return quotient if self.better == "higher" else 1 / quotient

    @property
    def share(self) -> float | None:
        """Share of the limit that ours reaches; None if no limit is known.

        >>> Benchmark("a", "", "s", 2.0, {}, Goal(0.5, "", of="limit"), better="lower", limit=1.5).share
        0.75
        """
        if self.limit is None:
            return None
        return self.ours / self.limit if self.better == "higher" else self.limit / self.ours

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None if what it refers to was not measured."""
        reached = self.share if self.goal.of == "limit" else self.ratio
        return None if reached is None else reached >= self.goal.ratio
