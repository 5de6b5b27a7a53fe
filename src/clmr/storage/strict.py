"""Strict conversion of plain mappings (YAML, JSON) to frozen dataclasses, and back.

What belongs here: the machinery. What does not: the parameters themselves; each dataclass stands
in the module that uses it, so that a stage depends on the parameters it reads and on no others.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def from_mapping(cls: type[T], mapping: Any, where: str) -> T:
    """An instance of a frozen dataclass with exactly the mapping's values, or an error that says what to mend.

    Every field must be present unless it has a default, no other key may be, and each value must
    have the annotated type (an int is accepted for a float). Ranges are the dataclass's own
    business: it checks them in ``__post_init__`` with :func:`require`.

    Args:
        cls: The dataclass; fields may be scalars, ``Literal``, ``tuple[X, ...]``, ``tuple[X, Y]``,
            ``dict[str, X]``, ``X | None``, ``Any``, other dataclasses, or a union of dataclasses that
            the ``Literal`` of their field ``kind`` tells apart.
        mapping: Plain values as YAML or JSON gives them.
        where: Dotted place of the mapping, for messages, such as ``params.yaml: runs.clmr_scores``.

    Raises:
        ValueError: For an unknown or missing key, a wrong type, or a value out of range.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Head:
    ...     kind: typing.Literal["linear", "mlp"]
    ...     dropout: float = 0.0
    >>> from_mapping(Head, {"kind": "mlp", "dropout": 1}, "params.yaml: head")
    Head(kind='mlp', dropout=1.0)
    """
    if not isinstance(mapping, Mapping):
        raise ValueError(f"{where}: found {_show(mapping)}, expected a mapping with the keys {_keys(cls)}")
    fields = {field.name: field for field in dataclasses.fields(cls)}
    unknown = [key for key in mapping if key not in fields]
    if unknown:
        raise ValueError(
            f"{where}: found unknown key {_listed(unknown)}, allowed are {_listed(fields)}; remove or rename it"
        )
    required = [name for name, field in fields.items() if _has_no_default(field)]
    missing = [name for name in required if name not in mapping]
    if missing:
        raise ValueError(f"{where}: missing key {_listed(missing)}; add it (required are {_listed(required)})")
    annotations = typing.get_type_hints(cls)
    values = {key: _convert(annotations[key], value, f"{where}.{key}") for key, value in mapping.items()}
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def to_mapping(instance: Any) -> dict[str, Any]:
    """The plain mapping (dicts, lists, scalars) that :func:`from_mapping` turns back into ``instance``."""
    return _plain(dataclasses.asdict(instance))


def require(condition: bool, name: str, value: Any, allowed: str) -> None:
    """Raise ``ValueError`` naming the field, the value found and what is allowed, unless ``condition`` holds.

    >>> require(0.5 > 0, "temperature", 0.5, "> 0")
    >>> require(0.0 > 0, "temperature", 0.0, "> 0")
    Traceback (most recent call last):
    ...
    ValueError: temperature must be > 0, got 0.0
    """
    if not condition:
        raise ValueError(f"{name} must be {allowed}, got {value!r}")


def require_range(name: str, bounds: tuple[float, float], lowest: float, highest: float) -> None:
    """Raise ``ValueError`` unless ``lowest <= bounds[0] <= bounds[1] <= highest``."""
    low, high = bounds
    require(
        lowest <= low <= high <= highest,
        name,
        list(bounds),
        f"[low, high] with {lowest} <= low <= high <= {highest}",
    )


def require_probability(name: str, value: float) -> None:
    """Raise ``ValueError`` unless ``0 <= value <= 1``."""
    require(0 <= value <= 1, name, value, "a probability in [0, 1]")


def _convert(annotation: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(annotation)
    if annotation is Any:
        return value
    if dataclasses.is_dataclass(annotation):
        return from_mapping(annotation, value, where)
    if origin is typing.Literal:
        return _convert_literal(typing.get_args(annotation), value, where)
    if origin in (typing.Union, types.UnionType):
        return _convert_optional(typing.get_args(annotation), value, where)
    if origin is tuple:
        return _convert_tuple(typing.get_args(annotation), value, where)
    if origin is dict:
        return _convert_dict(typing.get_args(annotation)[1], value, where)
    return _convert_scalar(annotation, value, where)


def _convert_literal(choices: tuple[Any, ...], value: Any, where: str) -> Any:
    if value not in choices:
        raise ValueError(f"{where}: found {_show(value)}, allowed are {_listed(choices)}; choose one of them")
    return value


def _convert_optional(options: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in options:
        return None
    choices = [option for option in options if option is not type(None)]
    return _convert(choices[0], value, where) if len(choices) == 1 else _convert_kind(choices, value, where)


def _convert_kind(classes: list[type], value: Any, where: str) -> Any:
    """An instance of the one class whose field ``kind`` admits the value's."""
    kinds = {kind: cls for cls in classes for kind in typing.get_args(typing.get_type_hints(cls)["kind"])}
    if not isinstance(value, Mapping) or "kind" not in value:
        raise ValueError(f"{where}: found {_show(value)}, expected a mapping with kind: {' | '.join(kinds)}")
    return from_mapping(kinds[_convert_literal(tuple(kinds), value["kind"], f"{where}.kind")], value, where)


def _convert_tuple(items: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{where}: found {_show(value)}, expected a list")
    if items[-1] is Ellipsis:
        items = (items[0],) * len(value)
    if len(items) != len(value):
        raise ValueError(f"{where}: found {len(value)} values, expected {len(items)}")
    return tuple(
        _convert(item, entry, f"{where}[{index}]") for index, (item, entry) in enumerate(zip(items, value, strict=True))
    )


def _convert_dict(item: Any, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where}: found {_show(value)}, expected a mapping")
    for key in value:
        if not isinstance(key, str):
            raise ValueError(f"{where}: found the key {_show(key)}, expected text; quote it")
    return {key: _convert(item, entry, f"{where}.{key}") for key, entry in value.items()}


def _convert_scalar(annotation: type, value: Any, where: str) -> Any:
    # bool is a subclass of int; "true" where a count is meant must not pass as 1.
    if annotation is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, annotation) and (annotation is bool or not isinstance(value, bool)):
        return value
    hint = " (write 1.0e-4, not 1e-4)" if annotation is float and isinstance(value, str) else ""
    raise ValueError(f"{where}: found {_show(value)}, expected {annotation.__name__}{hint}")


def _has_no_default(field: dataclasses.Field) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value


def _keys(cls: type) -> str:
    return _listed(field.name for field in dataclasses.fields(cls))


def _listed(items: Any) -> str:
    return ", ".join(str(item) for item in items)


def _show(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"
