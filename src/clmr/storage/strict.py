"""Strict parameters: frozen dataclasses that accept exactly what they declare, and say what is wrong.

What belongs here: the decorator, the conversion from and to plain mappings (YAML, JSON), and the messages; pydantic
does the checking. What does not: the parameters. Each class is defined next to the code that reads it, so that a
stage depends on the parameters it reads and on no others.
"""

import dataclasses
import importlib
import json
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeVar, cast

import pydantic
import pydantic.dataclasses
from pydantic_core import ErrorDetails, core_schema

T = TypeVar("T")

Probability = Annotated[float, pydantic.Field(ge=0, le=1)]
Positive = Annotated[float, pydantic.Field(gt=0)]
NonNegative = Annotated[float, pydantic.Field(ge=0)]
Count = Annotated[int, pydantic.Field(ge=1)]
"""A whole number of things, at least one."""
Natural = Annotated[int, pydantic.Field(ge=0)]
"""A whole number of things, perhaps none."""

# Infinity and NaN pass most range checks and only fail much later, in a loss or in JSON.
_CONFIG = pydantic.ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
_MOST_ERRORS_SHOWN = 10


@typing.dataclass_transform(frozen_default=True)
def strict(cls: type[T]) -> type[T]:
    """A frozen dataclass whose fields are checked on creation: types, ranges, unknown and missing keys.

    A class checks relations between its fields itself, in ``__post_init__``, with :func:`require`.

    >>> @strict
    ... class Head:
    ...     kind: typing.Literal["linear", "mlp"]
    ...     dropout: Probability = 0.0
    >>> from_mapping(Head, {"kind": "mlp", "dropout": 1}, "params.yaml: head")
    Head(kind='mlp', dropout=1.0)
    """
    # For the type checker: pydantic returns the class itself, but annotates a protocol.
    return cast("type[T]", pydantic.dataclasses.dataclass(frozen=True, config=_CONFIG)(cls))


@typing.dataclass_transform(frozen_default=True, kw_only_default=True)
def strict_keywords(cls: type[T]) -> type[T]:
    """As :func:`strict`, with fields given by name only, so that subclasses may add required ones."""
    return cast("type[T]", pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=_CONFIG)(cls))


class Late:
    """A parameter class named by ``"module:Class"`` and imported only when a value of it is read.

    The code of a stage is what its entry point imports, and the modules of the parameter classes it was given
    (:mod:`clmr.pipeline.code`). A class that is imported late is part of a stage only where it is used::

        chain: Annotated[Any, Late("clmr.augmentations.chain:AugmentationParams")] | None
    """

    def __init__(self, target: str) -> None:
        self.target = target

    def parameter_class(self, value: Any) -> type | None:
        """The class that ``value`` should be an instance of; None if the value does not say."""
        return _imported(self.target)

    def read(self, value: Any) -> Any:
        """``value`` as a checked instance, or ``ValueError``; an instance is returned as it is."""
        cls = self.parameter_class(value)
        if cls is None:
            raise ValueError(self._complaint(value))
        return value if isinstance(value, cls) else pydantic.TypeAdapter(cls).validate_json(json.dumps(value))

    def class_at(self, value: Any, where: str) -> type:
        """The class that ``value`` at the place ``where`` should be an instance of.

        Raises:
            ValueError: If the value does not say.
        """
        cls = self.parameter_class(value)
        if cls is None:
            raise ValueError(_placed(where, self._complaint(value)))
        return cls

    def _complaint(self, value: Any) -> str:
        return f"found {_show(value)}, expected a mapping"

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)


class Variants(Late):
    """Parameter classes told apart by the value of one key, each imported only when it is used.

    Args:
        targets: ``"module:Class"`` by the key's value. Each class declares the key as a ``Literal``.
        key: The key that tells them apart.

    >>> shapes = Variants({"adam": "clmr.optim:AdamParams"})
    >>> shapes.read({"kind": "sgd"})
    Traceback (most recent call last):
    ...
    ValueError: kind: found str 'sgd', allowed are adam; choose one of them
    """

    def __init__(self, targets: Mapping[str, str], key: str = "kind") -> None:
        self.targets, self.key = dict(targets), key

    def parameter_class(self, value: Any) -> type | None:
        """The class of the variant that ``value``, a mapping or an instance, names; None if it names none."""
        named = value.get(self.key) if isinstance(value, Mapping) else getattr(value, self.key, None)
        return _imported(self.targets[named]) if isinstance(named, str) and named in self.targets else None

    def _complaint(self, value: Any) -> str:
        listed = _listed(self.targets)
        if not isinstance(value, Mapping):
            return f"found {_show(value)}, expected a mapping with {self.key}: {' | '.join(self.targets)}"
        if self.key not in value:
            return f"missing key {self.key}; add it (one of {listed})"
        return f"{self.key}: found {_show(value[self.key])}, allowed are {listed}; choose one of them"


def from_mapping(cls: type[T] | Late, mapping: Any, where: str) -> T:
    """An instance of a strict class with exactly the mapping's values, or an error that says what to mend.

    Args:
        cls: A :func:`strict` class, or :class:`Variants` of which the mapping names one; an int is accepted for
            a float, a list for a tuple, and nothing else for anything else.
        mapping: Plain values as YAML or JSON gives them.
        where: Dotted place of the mapping, for messages, such as ``params.yaml: runs.clmr_primary``.

    Raises:
        ValueError: One line for each thing that is wrong: its place, what was found, and what is allowed.
    """
    _require_text_keys(mapping, where)
    if isinstance(cls, Late):
        return from_mapping(cls.class_at(mapping, where), mapping, where)
    try:
        # By way of JSON, where lists are the only sequences and objects the only mappings: so strict types
        # accept a list for a tuple, but neither text for a number nor a number for a truth value.
        return pydantic.TypeAdapter(cls).validate_json(json.dumps(mapping))
    except pydantic.ValidationError as error:
        shown = error.errors(include_url=False)[:_MOST_ERRORS_SHOWN]
        raise ValueError("\n".join(_sentence(cls, mapping, where, entry) for entry in shown)) from None
    except (TypeError, OverflowError) as error:
        raise ValueError(f"{where}: found a value that is none of YAML's plain ones ({error})") from None


def to_mapping(instance: Any) -> dict[str, Any]:
    """The plain mapping (dicts, lists, scalars) that :func:`from_mapping` turns back into ``instance``."""
    return _plain(dataclasses.asdict(instance))


def require(condition: bool, name: str, value: Any, allowed: str) -> None:
    """Raise ``ValueError`` naming the field, the value found and what is allowed, unless ``condition`` holds.

    Args:
        condition: What must be true.
        name: Name of the field.
        value: Its value.
        allowed: What is allowed, in words that follow "must be".

    >>> require(0.0 > 0, "temperature", 0.0, "> 0")
    Traceback (most recent call last):
    ...
    ValueError: temperature must be > 0, got 0.0
    """
    if not condition:
        raise ValueError(f"{name} must be {allowed}, got {value!r}")


def require_range(name: str, bounds: tuple[float, float], lowest: float, highest: float) -> None:
    """Raise ``ValueError`` unless ``lowest <= bounds[0] <= bounds[1] <= highest``; arguments as for :func:`require`."""
    low, high = bounds
    require(
        lowest <= low <= high <= highest,
        name,
        list(bounds),
        f"[low, high] with {lowest} <= low <= high <= {highest}",
    )


def _imported(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _require_text_keys(value: Any, where: str) -> None:
    """Raise ``ValueError`` at a key that is not text: JSON would turn a number into text without a word."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{where}: found the key {_show(key)}, expected text; quote it")
            _require_text_keys(entry, f"{where}.{key}")


_SENTENCES: dict[str, Callable[[ErrorDetails], str]] = {
    "greater_than": lambda entry: f" must be > {entry['ctx']['gt']:g}, got {entry['input']!r}",
    "greater_than_equal": lambda entry: f" must be >= {entry['ctx']['ge']:g}, got {entry['input']!r}",
    "less_than_equal": lambda entry: f" must be <= {entry['ctx']['le']:g}, got {entry['input']!r}",
    "finite_number": lambda entry: f" must be finite, got {str(entry['input'])[:20]}",
    "int_type": lambda entry: f": found {_show(entry['input'])}, expected int",
    "bool_type": lambda entry: f": found {_show(entry['input'])}, expected bool (true or false)",
    "float_type": lambda entry: f": found {_show(entry['input'])}, expected float{_hint(entry['input'])}",
    "string_type": lambda entry: f": found {_show(entry['input'])}, expected str; quote it",
    "tuple_type": lambda entry: f": found {_show(entry['input'])}, expected a list",
    "dict_type": lambda entry: f": found {_show(entry['input'])}, expected a mapping",
    "literal_error": lambda entry: (
        f": found {_show(entry['input'])}, allowed are "
        f"{entry['ctx']['expected'].replace(' or ', ', ')}; choose one of them"
    ),
}


def _sentence(cls: type, mapping: Any, where: str, entry: ErrorDetails) -> str:
    """One error of pydantic as a sentence: place, what was found, what is allowed, what to do."""
    loc, kind = entry["loc"], entry["type"]
    place = where + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    parent = where + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc[:-1])
    if kind in ("unexpected_keyword_argument", "missing", "dataclass_type"):
        owner = _class_at(cls, mapping, loc if kind == "dataclass_type" else loc[:-1])
        keys = _listed(field.name for field in dataclasses.fields(owner)) if owner else "others"
        if kind == "dataclass_type":
            return f"{place}: found {_show(entry['input'])}, expected a mapping with the keys {keys}"
        if kind == "unexpected_keyword_argument":
            return f"{parent}: found unknown key {loc[-1]}, allowed are {keys}; remove or rename it"
        if isinstance(loc[-1], str):
            return f"{parent}: missing key {loc[-1]}; add it (its keys are {keys})"
        return f"{parent}: found {len(entry['input'])} values, expected more"
    if kind == "value_error":
        return _placed(place, str(entry["ctx"]["error"]))
    if kind == "too_long":
        return f"{place}: found {entry['ctx']['actual_length']} values, expected {entry['ctx']['max_length']}"
    if kind in _SENTENCES:
        return place + _SENTENCES[kind](entry)
    return f"{place}: found {_show(entry['input'])}; {entry['msg']}"


def _placed(place: str, message: str) -> str:
    """The message with its place before it; one that begins with a key is about that key of the place."""
    key, found, _ = message.partition(": found")
    return f"{place}.{message}" if found and key.isidentifier() else f"{place}: {message}"


def _class_at(cls: Any, value: Any, loc: tuple[int | str, ...]) -> type | None:
    """The strict class that the value at ``loc``, seen from one of class ``cls``, should be of."""
    if not loc:
        return cls if isinstance(cls, type) and dataclasses.is_dataclass(cls) else None
    head, rest = loc[0], loc[1:]
    if dataclasses.is_dataclass(cls):
        annotation = typing.get_type_hints(cls, include_extras=True).get(str(head))
    else:
        annotation = typing.get_args(cls)[-1] if typing.get_args(cls) else None
    try:
        below = value[head]
    except (LookupError, TypeError):
        below = None
    return _class_at(_resolved(annotation, below), below, rest)


def _resolved(annotation: Any, value: Any) -> Any:
    """The class behind an annotation: what is optional taken off, what is late imported."""
    for option in (annotation, *typing.get_args(annotation)):
        late = next((extra for extra in getattr(option, "__metadata__", ()) if isinstance(extra, Late)), None)
        if late is not None:
            return late.parameter_class(value)
        if dataclasses.is_dataclass(option):
            return option
    return annotation


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value


def _hint(value: Any) -> str:
    """What to do about a number that YAML took for text."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return ""
    return f" (write {number!r}; YAML takes 1e-4 for text, and 1.0e-4 for a number)" if isinstance(value, str) else ""


def _listed(items: Iterable[Any]) -> str:
    return ", ".join(str(item) for item in items)


def _show(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"
