"""Overlays: the values that a scale changes, which may be laid over those of another scale."""

from pathlib import Path
from typing import Any

from clmr.storage.layering import OVER, merged
from clmr.storage.yaml_files import read_yaml


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
