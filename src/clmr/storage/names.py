"""Names that users give: what they may look like, and that they refer to something."""

from collections.abc import Mapping
from typing import Any

from clmr.storage.strict import require


def require_names(section: str, entries: Any) -> None:
    """Raise ``ValueError`` unless the names of a section can be parts of stage and file names.

    Some file systems do not tell A from a, so names must differ by more than that.
    """
    if not isinstance(entries, dict):
        return
    for name in entries:
        require_name(f"a name in {section}", name)
    repeated = [name for name in entries if sum(name.lower() == other.lower() for other in entries) > 1]
    require(not repeated, f"names in {section}", repeated, "different by more than capital letters")


def require_name(place: str, name: str) -> None:
    """Raise ``ValueError`` unless a name can be part of stage, folder and file names."""
    plain = name.isidentifier() and name.isascii() and len(name) <= 60
    require(plain, place, name, "at most 60 letters, digits and _, for stage and file names")


def require_known(place: str, name: str, known: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` unless a name is one of those that are defined."""
    if name not in known:
        raise ValueError(f"{place}: found {name!r}, which is not defined; defined are {', '.join(known)}")
