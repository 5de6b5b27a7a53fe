"""The parameters that a stage declares in ``dvc.yaml``, and nothing else of ``params.yaml``.

What belongs here: reading the declarations. What does not: checking values, which is ``params``'s.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from clmr.pipeline import paths
from clmr.storage.files import read_json

_TRAINING = ("pretrain", "supervised")
_FOREACH_KEY = "${key}"


def declared_params(stage: str) -> dict[str, Any]:
    """What the stage may see: its ``params:`` entries, or for a training run its resolved recipe.

    A key that the stage does not declare is not there, so reading it is a ``KeyError``. The result
    is what ``dvc.api.params_show`` answers (a test compares them), which takes seconds for it: DVC
    reads all of ``dvc.lock`` first.

    Args:
        stage: Name as DVC has it, such as ``download@scores``.

    Raises:
        ValueError: If ``dvc.yaml`` has no such stage, or ``params.yaml`` lacks an entry that it declares.
    """
    group, _, name = stage.partition("@")
    if group in _TRAINING:
        return {"recipe": read_json(paths.recipe_file(name))}
    declared: dict[str, Any] = {}
    params = yaml.safe_load(paths.params_file().read_text(encoding="utf-8"))
    for entry in _entries(stage, params):
        *sections, last = entry.split(".")
        source, target = params, declared
        for section in sections:
            source, target = _value(source, section, entry), target.setdefault(section, {})
        target[last] = _value(source, last, entry)
    return declared


def _entries(stage: str, params: Mapping[str, Any]) -> list[str]:
    """The ``params:`` of a stage, with the stage's own name put in where it is one of a group."""
    group, at, name = stage.partition("@")
    pipeline = yaml.safe_load(paths.pipeline_file().read_text(encoding="utf-8"))
    definition = pipeline["stages"].get(group, {})
    if at:
        members = params.get(definition.get("foreach", "").strip("${}"), ())
        definition = definition["do"] if name in members else {}
    if "params" not in definition:
        raise ValueError(f"dvc.yaml has no parameters for a stage {stage!r}; see 'dvc stage list'")
    return [entry.replace(_FOREACH_KEY, name) for entry in definition["params"]]


def _value(section: Mapping[str, Any], key: str, entry: str) -> Any:
    if key not in section:
        raise ValueError(f"params.yaml has no {entry!r}, which a stage of dvc.yaml declares; write it there")
    return section[key]
