"""The numbers of the thesis, as listed in ``references/thesis.yaml``."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from clmr.storage.strict import from_mapping, require

METRICS = ("roc_auc_tag", "pr_auc_tag", "roc_auc_clip", "pr_auc_clip", "parameters_millions")


@dataclass(frozen=True)
class ThesisRow:
    """One number of the thesis and what it belongs to; fields as described at the head of the file."""

    id: str
    artefact: str
    system: str
    eval_corpus: str
    head: str
    metric: str
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
        require(self.metric in METRICS, f"{self.id}: metric", self.metric, f"one of {METRICS}")
        if self.metric != "parameters_millions":
            require(0 <= self.value <= 1, f"{self.id}: value", self.value, "on the 0-1 scale")

    def matches(self, **wanted: object) -> bool:
        """Whether the row has all the given values."""
        return all(getattr(self, key) == value for key, value in wanted.items())


def load_thesis(path: Path) -> tuple[ThesisRow, ...]:
    """All rows of the file, checked.

    Raises:
        ValueError: If a row is not valid or an id occurs twice.
    """
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))["rows"]
    rows = tuple(from_mapping(ThesisRow, row, f"{path.name}: {row.get('id')}") for row in listed)
    repeated = {row.id for row in rows if sum(other.id == row.id for other in rows) > 1}
    if repeated:
        raise ValueError(f"{path.name}: ids must be unique, repeated: {sorted(repeated)}")
    return rows


def thesis_value(rows: tuple[ThesisRow, ...], **wanted: object) -> float | None:
    """The value of the one row with all the given keys; None if the thesis has no such number.

    Raises:
        ValueError: If the keys fit more than one row.
    """
    found = [row for row in rows if row.matches(**wanted)]
    if len(found) > 1:
        raise ValueError(f"{wanted} fits {[row.id for row in found]}; name more keys")
    return found[0].value if found else None
