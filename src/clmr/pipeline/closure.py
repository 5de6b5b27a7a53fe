"""Which files of this package a module or notebook needs: the code part of a stage's dependencies."""

import ast
from collections.abc import Iterable
from pathlib import Path

PACKAGE_DIR = Path(__file__).parents[1]


def import_closure(source: str) -> list[Path]:
    """All files of the package that the source text imports, directly or through others, sorted.

    Files that hold nothing but a docstring do not count: they can change no result.

    Args:
        source: Python source of a module or of a notebook's code cells.
    """
    found: set[Path] = set()
    pending = list(_imported_files(source))
    while pending:
        file = pending.pop()
        if file not in found:
            found.add(file)
            pending += _imported_files(file.read_text(encoding="utf-8"))
    return sorted(file for file in found if has_code(file))


def module_file(module: str) -> Path | None:
    """The file of a module of this package; None for any other name.

    >>> module_file("clmr.losses").name, module_file("torch.nn"), module_file("clmr.losses.nt_xent")
    ('losses.py', None, None)
    """
    names = module.split(".")
    if names[0] != PACKAGE_DIR.name:
        return None
    base = PACKAGE_DIR.joinpath(*names[1:])
    candidates = [base / "__init__.py", base.with_suffix(".py")]
    return next((file for file in candidates if file.is_file()), None)


def _imported_files(source: str) -> Iterable[Path]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from _with_parents(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from _with_parents([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])


def _with_parents(modules: Iterable[str]) -> Iterable[Path]:
    for module in modules:
        names = module.split(".")
        for length in range(1, len(names) + 1):
            file = module_file(".".join(names[:length]))
            if file:
                yield file


def has_code(file: Path) -> bool:
    """Whether a module holds more than docstrings, and so can change a result."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return not all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)
