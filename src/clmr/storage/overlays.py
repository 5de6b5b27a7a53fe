"""Overlays: the values that a scale changes, which may be laid over those of another scale."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clmr.storage.layering import OVER, merged, overlaid
from clmr.storage.yaml_files import read_yaml

WITHOUT = "without"
"""The key by which an overlay names sections, dotted where they lie deeper, that it empties before it is laid over."""


def with_overlay(base: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """All parameters with an overlay's values in place of their own.

    Raises:
        ValueError: If the overlay is not valid, has a key that the parameters lack, or empties what is no section.
    """
    values = read_overlay(path)
    for section in values.pop(WITHOUT, []):
        base = _emptied(base, section.split("."), f"{path.name}: {WITHOUT}: {section}")
    return overlaid(base, values, path.name)


def read_overlay(path: Path) -> dict[str, Any]:
    """The values of an overlay; where it names another under ``over``, that one's with its own in their place.

    Raises:
        ValueError: If a file is not valid, or the other overlay does not exist or is laid over this one.
    """
    layers, chain = [], [path.stem]
    while True:
        layers.append(read_yaml(path.with_name(f"{chain[-1]}.yaml")) or {})
        below = layers[-1].get(OVER)
        if below is None:
            break
        known = sorted(file.stem for file in path.parent.glob("*.yaml"))
        if below not in known or below in chain:
            others = ", ".join(name for name in known if name not in chain)
            raise ValueError(f"{chain[-1]}.yaml: over: found {below!r}, allowed are {others}")
        chain.append(below)
    result: dict[str, Any] = {}
    for layer in reversed(layers):
        result = merged(result, {key: value for key, value in layer.items() if key != OVER})
    return result


def _emptied(base: Mapping[str, Any], path: Sequence[str], where: str) -> dict[str, Any]:
    """The base with the mapping or list at the path emptied."""
    key, *rest = path
    found: Any = base.get(key)
    if isinstance(found, Mapping):
        return {**base, key: _emptied(found, rest, where) if rest else {}}
    if not isinstance(found, list) or rest:
        raise ValueError(f"{where}: found {found!r} at {key}, expected a section of params.yaml; correct the name")
    return {**base, key: []}
