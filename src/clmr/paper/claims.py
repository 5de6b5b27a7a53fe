"""The comparative claims of the thesis, as listed in ``references/claims.yaml``.

What belongs here: reading and checking them. What does not: which of our systems decide one, and how
(:mod:`clmr.paper.claim_table`), and differences that only we ask about (:mod:`clmr.paper.questions`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from clmr.paper.planned import ScoredSystem
from clmr.paper.thesis import VARIABLE, Thesis
from clmr.storage.strict import from_mapping, require, strict
from clmr.storage.yaml_files import read_yaml

Role = Literal["primary", "secondary", "unlabelled_large", "unlabelled_medium", "unlabelled_small"]
"""Role of a corpus: that of MagnaTagATune, of the Million Song Dataset, of FMA, of Billboard, and of GTZAN."""
ClaimVerdict = Literal["reproduced", "inconclusive", "contradicted", "not built", "decided elsewhere"]
_EXTREMES = {"smallest": min, "largest": max}
BLOCKS = ("same_steps", "same_epochs")
"""Blocks of our table on transfer, by what is the same for all of its rows; the thesis leaves open which it shows."""
# The thesis has no numbers for the projector, but a table of ours tells rows apart by it.
_VARIES = (*VARIABLE, "projector", *BLOCKS)


@strict
class Selector:
    """What tells one of our rows from all others.

    Attributes:
        experiment: The experiment that its scores belong to.
        system: Identifier of the system.
        head: Its head.
        corpus: Role of the corpus that it is scored on.
        pretrained_on: Role of the corpus that its encoder was pre-trained on; by default that which it is scored on,
            or none.
        varies: Settings that its row states, among others. Instead of a number, ``smallest`` or ``largest`` is that of
            the rows that have all else.
    """

    experiment: str
    system: str
    head: str
    corpus: Role
    pretrained_on: Role | None = None
    varies: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = set(self.varies) <= set(_VARIES)
        require(known, "varies", list(self.varies), f"among {', '.join(_VARIES)}")
        for key, value in self.varies.items():
            allowed = f"a number, a name, {' or '.join(_EXTREMES)}"
            require(isinstance(value, int | float | str), f"varies.{key}", value, allowed)

    def choose(self, planned: Sequence[ScoredSystem], roles: Mapping[str, Role]) -> list[ScoredSystem]:
        """The systems that it fits; the head is not looked at, since the plan does not list heads.

        Args:
            planned: Systems that the plan lists.
            roles: Role of each corpus that has one.
        """
        found = [scored for scored in planned if self._fits(scored, roles)]
        for key, value in self.varies.items():
            if found and value in _EXTREMES:
                extreme = _EXTREMES[value](scored.varies[key] for scored in found)
                found = [scored for scored in found if scored.varies[key] == extreme]
        return found

    def _fits(self, scored: ScoredSystem, roles: Mapping[str, Role]) -> bool:
        identity = scored.experiment, scored.system, roles.get(scored.eval_corpus)
        if identity != (self.experiment, self.system, self.corpus):
            return False
        if self.pretrained_on is None:
            trained = scored.pretrain_corpus in (None, scored.eval_corpus)
        else:
            trained = roles.get(scored.pretrain_corpus or "") == self.pretrained_on
        settings = all(
            key in scored.varies and (value in _EXTREMES or scored.varies[key] == value)
            for key, value in self.varies.items()
        )
        return trained and settings


@strict
class ClaimEntry:
    """A claim of the thesis, and what decides it.

    Attributes:
        id: Identifier.
        claim: The claim, in our words.
        section: Section of the thesis.
        thesis_first: Id of the thesis's number for the system that it puts ahead.
        thesis_second: That of the other.
        first: Our row in the place of the system that the thesis puts ahead.
        second: Our row in the place of the other.
        decided_by: The table with a test of its own that decides it, where two scores cannot; it has none of the four
            above.
        note: What a reader should know.
    """

    id: str
    claim: str
    section: str
    thesis_first: str | None = None
    thesis_second: str | None = None
    first: Selector | None = None
    second: Selector | None = None
    decided_by: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        sides = ("thesis_first", "thesis_second", "first", "second")
        stated = [name for name in sides if getattr(self, name) is not None]
        elsewhere = ["decided_by"] if self.decided_by is not None else []
        if stated != ([] if elsewhere else list(sides)):
            found = ", ".join([*stated, *elsewhere])
            raise ValueError(f"found {found or 'nothing'} to decide it; state {', '.join(sides)}, or decided_by alone")
        if self.first and self.second:
            corpora = self.first.corpus == self.second.corpus
            require(corpora, "second.corpus", self.second.corpus, f"{self.first.corpus}, as first.corpus")
            require(self.first != self.second, "second", self.second, "another row than first")


def load_claims(path: Path, thesis: Thesis) -> tuple[ClaimEntry, ...]:
    """All claims of the file, checked.

    Args:
        path: The file.
        thesis: The numbers that its ids refer to.

    Raises:
        ValueError: If an entry is not valid, an id occurs twice, or a claim rests on no number of the thesis or on
            numbers of two metrics.
    """
    listed = read_yaml(path)["claims"]
    claims = tuple(from_mapping(ClaimEntry, entry, f"{path.name}: {entry.get('id')}") for entry in listed)
    ids = [claim.id for claim in claims]
    repeated = sorted({identifier for identifier in ids if ids.count(identifier) > 1})
    if repeated:
        raise ValueError(f"{path.name}: ids must be unique, repeated: {repeated}")
    for claim in claims:
        _check_numbers(claim, thesis, f"{path.name}: {claim.id}")
    return claims


def _check_numbers(claim: ClaimEntry, thesis: Thesis, where: str) -> None:
    if claim.thesis_first is None or claim.thesis_second is None:
        return
    try:
        metrics = [thesis.row(identifier).metric for identifier in (claim.thesis_first, claim.thesis_second)]
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    if len(set(metrics)) > 1:
        raise ValueError(f"{where}: found numbers in {' and '.join(metrics)}; name two of one metric")
