"""Keeping the code dependencies in ``dvc.yaml`` equal to the import closure of what each stage runs.

``python -m clmr.pipeline.dependencies`` rewrites the ``src/clmr`` lines of every ``deps:`` list and leaves all
other lines as they are.
"""

import re
from pathlib import Path

import nbformat
import yaml

from clmr.pipeline import paths
from clmr.pipeline.closure import PACKAGE_DIR, has_code, import_closure, module_file
from clmr.pipeline.notebooks import code_cells
from clmr.storage.files import write_text

_CODE_LINE = re.compile(r"^\s+- src/clmr/")
_STAGE_LINE = re.compile(r"^  (\w+):$")


def expected_dependencies(command: str) -> list[str]:
    """Paths of the code that a stage's command runs, as ``dvc.yaml`` should list them.

    A folder all of whose modules are needed is listed as a folder.

    Raises:
        ValueError: If the command is none that the pipeline knows.
    """
    words = command.split()
    if words[:3] == ["python", "-m", "clmr.pipeline.notebooks"]:
        notebook = nbformat.read(paths.source_notebook(words[3]), as_version=4)
        return _listed(import_closure(code_cells(notebook)))
    file = module_file(words[2]) if words[:2] == ["python", "-m"] and len(words) > 2 else None
    if file is None:
        raise ValueError(
            f"found the command {command!r}, expected 'python -m clmr.pipeline.notebooks ...' or 'python -m clmr.pipeline.stages...'"
        )
    return _listed(sorted({file, *import_closure(file.read_text(encoding="utf-8"))}))


def stage_commands(pipeline: dict) -> dict[str, str]:
    """The command of each stage, or group of stages, of a parsed ``dvc.yaml``."""
    return {name: stage.get("do", stage)["cmd"] for name, stage in pipeline["stages"].items()}


def declared_dependencies(pipeline: dict, stage: str) -> list[str]:
    """All ``deps:`` of a stage, or group of stages, as written."""
    definition = pipeline["stages"][stage]
    return definition.get("do", definition).get("deps", [])


def rewritten(text: str) -> str:
    """The text of ``dvc.yaml`` with the expected code dependencies, behind each stage's other ones."""
    commands = stage_commands(yaml.safe_load(text))
    kept = [line for line in text.splitlines() if not _CODE_LINE.match(line)]
    lines, stage, indent = [], None, None
    for line in kept:
        if indent is not None and not line.startswith(indent + "- "):
            lines += [f"{indent}- {path}" for path in expected_dependencies(commands[stage])]
            indent = None
        lines.append(line)
        found = _STAGE_LINE.match(line)
        stage = found.group(1) if found else stage
        if line.strip() == "deps:":
            indent = line[: line.index("deps:")] + "  "
    return "\n".join(lines) + "\n"


def _listed(files: list[Path]) -> list[str]:
    """Files relative to the root of the repository, whole folders of the package folded into one entry."""
    needed = set(files)
    folders = [folder for folder in sorted(PACKAGE_DIR.rglob("*/")) if folder.name != "__pycache__"]
    whole = [folder for folder in folders if _modules(folder) and _modules(folder) <= needed]
    outermost = [folder for folder in whole if not any(other in folder.parents for other in whole)]
    single = [file for file in files if not any(folder in file.parents for folder in outermost)]
    root = PACKAGE_DIR.parent.parent
    return sorted(path.relative_to(root).as_posix() for path in (*outermost, *single))


def _modules(folder: Path) -> set[Path]:
    return {file for file in folder.rglob("*.py") if has_code(file)}


def main() -> None:
    """Rewrite ``dvc.yaml``."""
    path = paths.pipeline_file()
    write_text(path, rewritten(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
