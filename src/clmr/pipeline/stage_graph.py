"""Which stages need which, read from dvc.yaml and the parameters without starting DVC.

It tells what a result comes from, and serves messages; what runs when, DVC decides.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_TEMPLATE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class StageFiles:
    """The paths that a stage reads, and those that it writes."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]


def stage_files(pipeline: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, StageFiles]:
    """Every stage with its files, templates filled in.

    Args:
        pipeline: Content of dvc.yaml.
        params: Content of params.yaml, perhaps with an overlay.

    Raises:
        ValueError: If a template names what the parameters lack.

    >>> one = {"cmd": "a", "deps": ["data/${item.store}"], "outs": ["b/${key}"]}
    >>> stage_files({"stages": {"fit": {"foreach": "${runs}", "do": one}}}, {"runs": {"x": {"store": "s"}}})
    {'fit@x': StageFiles(reads=('data/s',), writes=('b/x',))}
    """
    found = {}
    for name, stage in pipeline["stages"].items():
        if "foreach" not in stage:
            found[name] = _files(stage, params)
            continue
        listed = _value(stage["foreach"].strip("${}"), params)
        items = listed if isinstance(listed, Mapping) else {item: item for item in listed}
        for key, item in items.items():
            found[f"{name}@{key}"] = _files(stage["do"], {**params, "key": key, "item": item})
    return found


def needing(stage: str, graph: Mapping[str, StageFiles]) -> set[str]:
    """The stage and all that need what it writes, at any distance."""
    reached, pending = {stage}, [stage]
    while pending:
        writes = graph[pending.pop()].writes
        after = {name for name, files in graph.items() if name not in reached and _touch(files.reads, writes)}
        reached |= after
        pending += sorted(after)
    return reached


def needed_by(stage: str, graph: Mapping[str, StageFiles]) -> set[str]:
    """The stage and all whose files it needs, at any distance."""
    return needing(stage, {name: StageFiles(files.writes, files.reads) for name, files in graph.items()})


def grouped(stages: Iterable[str]) -> str:
    """Stages by group, for a message.

    >>> grouped(["pretrain@a", "plan", "pretrain@b"])
    'plan; pretrain: a, b'
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for stage in sorted(stages):
        group, _, key = stage.partition("@")
        groups[group].append(key)
    return "; ".join(f"{group}: {', '.join(keys)}" if any(keys) else group for group, keys in groups.items())


def _files(stage: Mapping[str, Any], values: Mapping[str, Any]) -> StageFiles:
    written = [entry for kind in ("outs", "metrics", "plots") for entry in stage.get(kind, [])]
    return StageFiles(_paths(stage.get("deps", []), values), _paths(written, values))


def _paths(entries: Iterable[Any], values: Mapping[str, Any]) -> tuple[str, ...]:
    # An entry with settings is a mapping whose only key is the path.
    names = (next(iter(entry)) if isinstance(entry, Mapping) else entry for entry in entries)
    return tuple(_TEMPLATE.sub(lambda match: str(_value(match[1], values)), name) for name in names)


def _value(dotted: str, values: Mapping[str, Any]) -> Any:
    value: Any = values
    for part in dotted.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise ValueError(f"dvc.yaml: found ${{{dotted}}}, which params.yaml lacks")
        value = value[part]
    return value


def _touch(reads: Iterable[str], writes: Iterable[str]) -> bool:
    """Whether one of the paths read is written, or holds or lies within one that is."""
    written = tuple(writes)
    return any(_within(read, path) or _within(path, read) for read in reads for path in written)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
