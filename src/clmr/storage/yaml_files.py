"""YAML read strictly: what DVC would refuse or read differently is refused here, in a sentence."""

from pathlib import Path
from typing import Any

import yaml

_MERGE = "tag:yaml.org,2002:merge"


class _StrictLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which by itself keeps the last of two equal keys and says nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping of a node, keys checked."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            # What a merge brings in may be stated again: overriding it is what a merge is for.
            if key_node.tag == _MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool):
                raise yaml.constructor.ConstructorError(
                    None, None, f"found the key {key!r}, expected text", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"found the key {key!r} twice; remove one of them", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """The one document of a YAML file.

    Raises:
        ValueError: If it cannot be read, is not valid YAML, or has a key twice; with file, line and reason.
    """
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ValueError(f"{path.name}: cannot be read ({reason}); restore it, or name another file") from None


def parse_yaml(text: str, where: str) -> Any:
    r"""The one document of a YAML text.

    Raises:
        ValueError: If it is not valid YAML, or has a key twice; with place, line and reason.

    >>> parse_yaml("a: {b: 1.0e-4}", "example")
    {'a': {'b': 0.0001}}
    >>> parse_yaml("a: 1\na: 2", "params.yaml")
    Traceback (most recent call last):
    ...
    ValueError: params.yaml, line 2: found the key 'a' twice; remove one of them
    """
    try:
        return yaml.load(text, _StrictLoader)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"{where}{line}: {error.problem or error}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"{where}: not valid YAML ({error})") from None
