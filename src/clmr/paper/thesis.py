"""The numbers of the thesis, as listed in ``references/thesis.yaml``.

What belongs here: reading and looking up printed numbers. What does not: the decision which of our rows a number may
be compared with, which :func:`clmr.paper.tables.score_table` makes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clmr.storage.strict import from_mapping, require, strict
from clmr.storage.yaml_files import read_yaml

Metric = Literal["roc_auc_tag", "pr_auc_tag", "roc_auc_clip", "pr_auc_clip", "parameters_millions"]
VARIABLE = (
    "batch_size",
    "epochs",
    "sample_rate_hz",
    "temperature",
    "label_fraction",
    "augmentation",
    "probability",
)
"""What an artefact of the thesis may vary, besides systems, corpora, heads and metrics."""


@strict
class ThesisArtefact:
    """A table or figure of the thesis.

    Attributes:
        place: Table, figure or text in which it is printed.
        section: Section of the thesis.
        origin: ``printed``, or ``plotted`` where the values are those of the author's plotting notebook.
        varies: Those of :data:`VARIABLE` that each of its rows states; no row states others.
        held: What stays the same according to the thesis, in words.
    """

    place: str
    section: str
    origin: Literal["printed", "plotted"]
    varies: tuple[str, ...]
    held: str

    def __post_init__(self) -> None:
        known = set(self.varies) <= set(VARIABLE)
        require(known, "varies", list(self.varies), f"among {', '.join(VARIABLE)}")


@strict
class ThesisRow:
    """One number of the thesis and what it belongs to; fields as described at the head of the file."""

    id: str
    artefact: str
    system: str
    eval_corpus: str
    head: str
    metric: Metric
    value: float
    place: str
    section: str
    pretrain_corpus: str | None = None
    batch_size: int | None = None
    epochs: int | None = None
    sample_rate_hz: int | None = None
    temperature: float | None = None
    label_fraction: float | None = None
    augmentation: str | None = None
    probability: float | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        if self.metric != "parameters_millions":
            require(0 <= self.value <= 1, "value", self.value, "on the 0-1 scale")

    def matches(self, **wanted: object) -> bool:
        """Whether the row has all the given values."""
        # Floats are compared exactly: both sides are written in YAML, neither is computed.
        return all(getattr(self, key) == value for key, value in wanted.items())


@dataclass(frozen=True)
class Thesis:
    """The artefacts of the thesis by name, and the numbers in them."""

    artefacts: dict[str, ThesisArtefact]
    rows: tuple[ThesisRow, ...]

    def varies(self, artefact: str) -> tuple[str, ...]:
        """What an artefact of the thesis varies; nothing if the thesis does not have it."""
        return self.artefacts[artefact].varies if artefact in self.artefacts else ()

    def row(self, identifier: str) -> ThesisRow:
        """The row of that id.

        Raises:
            ValueError: If there is none.
        """
        for row in self.rows:
            if row.id == identifier:
                return row
        raise ValueError(f"found no row {identifier!r} in thesis.yaml; name the id of one of its {len(self.rows)} rows")

    def value(self, **wanted: object) -> float | None:
        """The number in the one row with all the given keys; None if the thesis has no such number.

        Raises:
            ValueError: If the keys fit more than one row.
        """
        found = [row for row in self.rows if row.matches(**wanted)]
        if len(found) > 1:
            raise ValueError(f"{wanted} fits {[row.id for row in found]}; name more keys")
        return found[0].value if found else None


def load_thesis(path: Path) -> Thesis:
    """All artefacts and rows of the file, checked.

    Raises:
        ValueError: If an entry is not valid, an id occurs twice, or a row does not state exactly what its artefact
            varies.
    """
    listed = read_yaml(path)
    artefacts = {
        name: from_mapping(ThesisArtefact, entry, f"{path.name}: artefacts.{name}")
        for name, entry in listed["artefacts"].items()
    }
    rows = tuple(from_mapping(ThesisRow, row, f"{path.name}: {row.get('id')}") for row in listed["rows"])
    # Checked, since rows are looked up by their keys: two with one id, perhaps a misprint, would go unnoticed.
    ids = [row.id for row in rows]
    repeated = sorted({identifier for identifier in ids if ids.count(identifier) > 1})
    if repeated:
        raise ValueError(f"{path.name}: ids must be unique, repeated: {repeated}")
    for row in rows:
        _check_varies(row, artefacts, path.name)
    return Thesis(artefacts, rows)


def _check_varies(row: ThesisRow, artefacts: dict[str, ThesisArtefact], where: str) -> None:
    if row.artefact not in artefacts:
        raise ValueError(f"{where}: {row.id}: found artefact {row.artefact!r}, listed are {', '.join(artefacts)}")
    stated = {key for key in VARIABLE if getattr(row, key) is not None}
    expected = set(artefacts[row.artefact].varies)
    if stated != expected:
        raise ValueError(
            f"{where}: {row.id} states {sorted(stated)}, but artefacts.{row.artefact}.varies is {sorted(expected)}; "
            "make them equal"
        )
