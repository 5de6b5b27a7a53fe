"""Mappings laid over each other: what a run states over its bases, what an overlay states over all parameters."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

OVER = "over"
"""The key by which a run, a grid or a base names the base it is laid over."""

# Data differ between scales, so an overlay may bring corpora, stores and what reads them, or drop some with null.
_OVERLAYS_MAY_ADD = ("corpora", "stores", "grids", "baselines", "own_reports")


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The base with the changes in place of its own values; mappings are merged, everything else is replaced.

    A mapping of another ``kind`` is replaced as a whole: the keys of one kind mean nothing to another.

    >>> merged({"epochs": 10, "encoder": {"width": 32, "rate": 8000}}, {"encoder": {"width": 64}})
    {'epochs': 10, 'encoder': {'width': 64, 'rate': 8000}}
    >>> merged({"optimizer": {"kind": "adam", "learning_rate": 0.1}}, {"optimizer": {"kind": "lars"}})
    {'optimizer': {'kind': 'lars'}}
    """
    result = dict(base)
    for key, value in changes.items():
        result[key] = merged(base[key], value) if _mergeable(base.get(key), value) else value
    return result


def resolved(line: Mapping[str, Any], bases: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A line of the parameters laid over its base, which is laid over its own base, and so on.

    Args:
        line: What the line states, and the name of its base under ``over``.
        bases: All bases by name.
        where: Place of the line, for messages.

    Raises:
        ValueError: If a base is not defined, not a mapping, or laid over itself.

    >>> bases = {"clmr": {"epochs": 60, "tau": 0.2}, "short": {"over": "clmr", "epochs": 12}}
    >>> resolved({"over": "short", "tau": 0.1}, bases, "runs.x")
    {'epochs': 12, 'tau': 0.1}
    """
    layers, chain = [line], []
    while OVER in layers[-1]:
        name = layers[-1][OVER]
        if not isinstance(name, str) or name not in bases:
            raise ValueError(f"{where}: over: found {name!r}, which is no base; defined are {', '.join(bases)}")
        chain.append(name)
        if chain.count(name) > 1:
            raise ValueError(
                f"{where}: the base {name} is laid over itself ({' over '.join(chain)}); take one 'over' out"
            )
        if not isinstance(bases[name], Mapping):
            raise ValueError(f"bases.{name}: found {bases[name]!r}, expected a mapping")
        layers.append(bases[name])
    result: dict[str, Any] = {}
    for layer in reversed(layers):
        result = merged(result, {key: value for key, value in layer.items() if key != OVER})
    return result


def combinations(grid: Mapping[str, list[Any]] | Sequence[Mapping[str, list[Any]]]) -> Iterator[dict[str, Any]]:
    """Every combination of a grid's values, the last key varying fastest; dotted keys reach into mappings.

    Of a list of grids, those of the first come first, then those of the second, and so on.

    >>> list(combinations({"temperature": [0.1, 0.5], "encoder.width": [16]}))
    [{'temperature': 0.1, 'encoder.width': 16}, {'temperature': 0.5, 'encoder.width': 16}]
    >>> list(combinations([{"temperature": [0.1]}, {"epochs": [5, 10]}]))
    [{'temperature': 0.1}, {'epochs': 5}, {'epochs': 10}]
    """
    for part in [grid] if isinstance(grid, Mapping) else grid:
        for values in itertools.product(*part.values()):
            yield dict(zip(part, values, strict=True))


def combination_name(values: Mapping[str, Any]) -> str:
    """Name of a combination, for a folder of its own; whatever is no letter, digit or one of ``_.+-`` becomes ``-``.

    >>> combination_name({"augmentations.pitch.p": 0.4, "projector": "linear"})
    'augmentations.pitch.p=0.4,projector=linear'
    >>> combination_name({"augmentations": None})
    'augmentations=null'
    """
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    return ",".join(f"{key}={re.sub(r'[^A-Za-z0-9_.+-]', '-', text)}" for key, text in texts.items())


def with_values(base: Mapping[str, Any], values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The base with some values replaced, each named by a dotted key that the base has.

    Args:
        base: A resolved recipe.
        values: Values by dotted key, such as ``encoder.width``.
        where: Place of the values, for messages.

    Raises:
        ValueError: If the base has no such key.

    >>> with_values({"encoder": {"width": 16}}, {"encoder.width": 32}, "grids.x")
    {'encoder': {'width': 32}}
    """
    result = dict(base)
    for dotted, value in values.items():
        head, _, rest = dotted.partition(".")
        if head not in result or (rest and not isinstance(result[head], Mapping)):
            raise ValueError(
                f"{where}: found unknown key {dotted}, allowed are {', '.join(result)}; rename or remove it"
            )
        result[head] = with_values(result[head], {rest: value}, f"{where}.{head}") if rest else value
    return result


def overlaid(base: Mapping[str, Any], overlay: Mapping[str, Any], where: str) -> dict[str, Any]:
    """All parameters with an overlay's values in place of their own.

    Args:
        base: All parameters.
        overlay: The values that another scale changes.
        where: Name of the overlay, for messages.

    Raises:
        ValueError: If the overlay has a key that the base lacks, or a mapping where the base has none.
    """
    return _overlaid(base, overlay, where, ())


def _overlaid(base: Mapping[str, Any], overlay: Mapping[str, Any], where: str, path: tuple[str, ...]) -> dict[str, Any]:
    result = dict(base)
    may_add = len(path) == 1 and path[0] in _OVERLAYS_MAY_ADD
    for key, value in overlay.items():
        place = ".".join((*path, key))
        if key not in base and not (may_add or _is_new_run(path, value) or _is_run(path, base)):
            raise ValueError(
                f"{where}: found {place}, which params.yaml lacks; allowed there are {', '.join(map(str, base))}"
            )
        # Dropped with null: a scale with other data would have to build this corpus or store all the same.
        if may_add and value is None:
            result.pop(key, None)
        else:
            merge = _mergeable(base.get(key), value)
            result[key] = _overlaid(base[key], value, where, (*path, key)) if merge else value
    return result


def _mergeable(below: Any, value: Any) -> bool:
    """Whether a value is merged into what lies below it, as it is if both are mappings of one kind."""
    if not (isinstance(below, Mapping) and isinstance(value, Mapping)):
        return False
    return bool(value.get("kind", below.get("kind")) == below.get("kind"))


def _is_new_run(path: tuple[str, ...], value: Any) -> bool:
    """Whether a line of an overlay is a run that it brings: one that says what it is laid over, so no misspelt name."""
    return path == ("runs",) and isinstance(value, Mapping) and OVER in value


def _is_run(path: tuple[str, ...], base: Mapping[str, Any]) -> bool:
    """Whether the mapping is a line of its own base, which states differences only and so may state more of them."""
    return len(path) >= 2 and OVER in base
