"""Overlays: the values that a scale changes, which may be laid over those of another scale."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clmr.storage.layering import OVER, overlaid
from clmr.storage.yaml_files import read_yaml

WITHOUT = "without"
"""The key by which an overlay names sections, dotted where they lie deeper, that it empties before it is laid over."""


def with_overlay(base: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """All parameters with an overlay's values in place of their own, over those of the overlay that it names, if any.

    Raises:
        ValueError: If an overlay is not valid, has a key that the parameters lack, or empties what is no section.
    """
    result = dict(base)
    for name, values in read_overlays(path).items():
        for section in sections_without(values, name):
            result = _emptied(result, section.split("."), f"{name}: {WITHOUT}: {section}")
        result = overlaid(result, {key: value for key, value in values.items() if key != WITHOUT}, name)
    return result


def read_overlays(path: Path) -> dict[str, dict[str, Any]]:
    """The values of an overlay by the name of its file, after those of the one that it names under ``over``, and so on.

    Raises:
        ValueError: If a file is not valid, or the other overlay does not exist or is laid over this one.
    """
    found: dict[str, dict[str, Any]] = {}
    below: Any = path.stem
    while below is not None:
        name = f"{below}.yaml"
        values = dict(read_yaml(path.with_name(name)) or {})
        found[name], below = values, values.pop(OVER, None)
        known = sorted(file.stem for file in path.parent.glob("*.yaml"))
        if below is not None and (below not in known or f"{below}.yaml" in found):
            others = ", ".join(other for other in known if f"{other}.yaml" not in found)
            raise ValueError(f"{name}: over: found {below!r}, allowed are {others}")
    return dict(reversed(found.items()))


def sections_without(values: Mapping[str, Any], name: str) -> list[str]:
    """The sections that an overlay empties.

    Raises:
        ValueError: If they are no list of names.
    """
    stated = values.get(WITHOUT, [])
    if not isinstance(stated, list) or not all(isinstance(section, str) for section in stated):
        raise ValueError(f"{name}: {WITHOUT}: found {stated!r}, expected a list of sections, such as [runs, grids]")
    return stated


def _emptied(base: Mapping[str, Any], path: Sequence[str], where: str) -> dict[str, Any]:
    """The base with the mapping or list at the path emptied."""
    key, *rest = path
    found: Any = base.get(key)
    if isinstance(found, Mapping):
        return {**base, key: _emptied(found, rest, where) if rest else {}}
    if not isinstance(found, list) or rest:
        raise ValueError(f"{where}: found {found!r} at {key}, expected a section of params.yaml; correct the name")
    return {**base, key: []}
