"""Recipes: what a run states, laid over what all runs share."""

from collections.abc import Mapping
from typing import Any


def resolve(base: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
    """The base with the run's values in place of its own; mappings are merged, all else is replaced.

    >>> resolve({"epochs": 10, "encoder": {"width": 32, "rate": 8000}}, {"encoder": {"width": 64}})
    {'epochs': 10, 'encoder': {'width': 64, 'rate': 8000}}
    """
    merged = dict(base)
    for key, value in run.items():
        both = isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
        merged[key] = resolve(base[key], value) if both else value
    return merged
