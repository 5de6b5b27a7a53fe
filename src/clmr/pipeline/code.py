"""The code that a stage runs, as digests of modules: the part of its inputs that is not data.

The code of a stage is the import closure, within this package, of its notebook or entry module and of the
modules that define its parameters. Comments and docstrings do not count, nor do modules that cannot
change a result. Nor does what a registry lists (:class:`clmr.storage.strict.Variants`): the class that a stage was
given is named, and its module digested, instead. So a docstring, a caption or a path reruns nothing, an edit of CPC
reruns CPC alone, and a new encoder reruns no other.
"""

import ast
import dataclasses
import hashlib
import io
import json
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE_DIR = Path(__file__).parents[1]
_PACKAGE = PACKAGE_DIR.name

# Plumbing decides when, where and whether something runs, never the result. It is neither digested nor followed,
# since the plan imports every parameter class there is; what a stage does is in its entry module.
RESULT_NEUTRAL = (
    "clmr.pipeline",
    "clmr.compute.allocator",
    "clmr.compute.progress",
    "clmr.compute.runtime",
    "clmr.storage.paths",
)
_ENTRY_MODULES = "clmr.pipeline.stages."
# Folder of a package whose files its modules fill in: they decide what is written as code does.
_TEMPLATES = "template"

# To be raised when an error in a neutral module did change results: every stage then runs again.
CODE_EPOCH = 1


def code_digests(entry: str, params: Any) -> dict[str, str]:
    """Digest of each module that a stage runs, by name, sorted; the entry itself comes under its own name.

    Args:
        entry: A module, ``clmr.pipeline.stages.store``, or the path of a notebook.
        params: The stage's parameters; the classes of all values in them count as used.

    The templates of a package in the closure count as well, as ``package:file``.

    Raises:
        ValueError: If a module of the closure imports relatively.
    """
    is_notebook = entry.endswith(".ipynb")
    source = notebook_code(Path(entry)) if is_notebook else _file_of(entry).read_text(encoding="utf-8")
    name = Path(entry).name if is_notebook else entry
    classes = sorted({cls for cls in _parameter_classes(params) if module_file(cls.partition(":")[0])})
    modules = closure({*imported_modules(source, name), *(cls.partition(":")[0] for cls in classes)})
    digests = {module: _module_digest(module) for module in modules if has_code(module)}
    for module in modules:
        digests |= {f"{module}:{file.name}": _plain_digest(file) for file in template_files(module)}
    digests[name] = text_digest(source)
    return {"epoch": str(CODE_EPOCH), "parameters": ", ".join(classes)} | dict(sorted(digests.items()))


def combined_digest(digests: dict[str, str]) -> str:
    """One SHA-256 over all digests of a stage's code."""
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()


def closure(modules: Iterable[str]) -> list[str]:
    """The modules and everything they import within the package, except result-neutral modules, sorted.

    >>> closure(["clmr.losses"])
    ['clmr', 'clmr.compute', 'clmr.compute.precision', 'clmr.losses']
    """
    found: set[str] = set()
    pending = list(modules)
    while pending:
        module = pending.pop()
        if module not in found and not is_neutral(module):
            found.add(module)
            pending += _imports_of(module)
    return sorted(found)


def is_neutral(module: str) -> bool:
    """Whether a module cannot change a result.

    >>> [is_neutral(name) for name in ("clmr.storage.paths", "clmr.pipeline.stages.store", "clmr.losses")]
    [True, False, False]
    """
    if module.startswith(_ENTRY_MODULES):
        return False
    return any(module == name or module.startswith(f"{name}.") for name in RESULT_NEUTRAL)


def imported_modules(source: str, where: str) -> list[str]:
    """Modules of this package that a source text imports, with the packages around them.

    Imports under ``if TYPE_CHECKING`` are for type checkers alone, never run, and are left out.

    Raises:
        ValueError: If an import is relative: it names no module by itself, so it would be missed.

    >>> imported_modules("from clmr.losses import nt_xent", "here")
    ['clmr', 'clmr.losses']
    """
    names = []
    for node in _running_nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(
                    f"{where}, line {node.lineno}: found a relative import, which the digest of a stage's code cannot "
                    f"follow; write from {_PACKAGE}... import ..."
                )
            names += [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
    parents = (".".join(name.split(".")[:length]) for name in names for length in range(1, name.count(".") + 2))
    return list(dict.fromkeys(name for name in parents if module_file(name)))


def module_file(module: str) -> Path | None:
    """The file of a module of this package; None for any other name.

    >>> module_file("clmr.losses").name, module_file("torch.nn"), module_file("clmr.losses.nt_xent")
    ('losses.py', None, None)
    """
    package, *names = module.split(".")
    if package != _PACKAGE:
        return None
    base = PACKAGE_DIR.joinpath(*names)
    candidates = [base / "__init__.py", base.with_suffix(".py")]
    return next((file for file in candidates if file.is_file()), None)


def notebook_code(path: Path) -> str:
    """The code of a notebook as one Python text, with a comment line between cells, without prose and magics."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    kept = ["\n".join(line for line in source.splitlines() if not line.startswith("%")) for source in sources]
    return "\n\n# %%\n".join(kept) + "\n"


def text_digest(source: str) -> str:
    r"""SHA-256 of a source text without comments, docstrings, lists of variants, blank lines and trailing spaces.

    The text is cut, not parsed and written again, since versions of Python write a syntax tree differently.

    >>> text_digest("x = 1  # one") == text_digest("'''Ones.'''\n\nx = 1")
    True
    >>> text_digest("x = 1") == text_digest("x = 2")
    False
    """
    lines = source.splitlines()
    for first, first_column, last, last_column in sorted(_spans_without_effect(source), reverse=True):
        tail = lines[last][last_column:]
        lines[first : last + 1] = [lines[first][:first_column] + tail]
    kept = "\n".join(stripped for line in lines if (stripped := line.rstrip()))
    return hashlib.sha256(kept.encode()).hexdigest()


def template_files(module: str) -> list[Path]:
    """The templates of a package, sorted; none for a module that is no package.

    >>> [file.name for file in template_files("clmr.paper.listening")], template_files("clmr.losses")
    (['page.css', 'page.html', 'page.js'], [])
    """
    file = _file_of(module)
    return sorted((file.parent / _TEMPLATES).glob("*.*")) if file.name == "__init__.py" else []


@cache
def has_code(module: str) -> bool:
    """Whether a module holds more than a docstring."""
    body = ast.parse(_file_of(module).read_text(encoding="utf-8")).body
    return not all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)


@cache
def _module_digest(module: str) -> str:
    return text_digest(_file_of(module).read_text(encoding="utf-8"))


def _plain_digest(file: Path) -> str:
    """SHA-256 of a text with Unix line ends, comments included, since other languages have others."""
    return hashlib.sha256(file.read_text(encoding="utf-8").encode()).hexdigest()


@cache
def _imports_of(module: str) -> tuple[str, ...]:
    return tuple(imported_modules(_file_of(module).read_text(encoding="utf-8"), module))


def _file_of(module: str) -> Path:
    file = module_file(module)
    if file is None:
        raise ValueError(f"found the module {module!r}, expected one of the package {_PACKAGE}")
    return file


def _running_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes except those below ``if TYPE_CHECKING``."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            pending += node.orelse
        else:
            pending += ast.iter_child_nodes(node)


def _parameter_classes(value: Any) -> Iterator[str]:
    """``module:Class`` of the parameters found anywhere in a value."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield f"{type(value).__module__}:{type(value).__qualname__}"
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for entry in value:
            yield from _parameter_classes(entry)


def _spans_without_effect(source: str) -> list[tuple[int, int, int, int]]:
    """First line, first column, last line, end column (lines from 0) of comments, lone texts and lists of variants."""
    lines = source.splitlines()
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    spans = [(*token.start, *token.end) for token in tokens if token.type == tokenize.COMMENT]
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Expr | ast.Call):
            continue
        lone = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        # The whole call, since a formatter breaks it into lines when it grows.
        registry = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Variants"
        if lone or registry:
            # For the type checker: parsed nodes always have an end.
            assert node.end_lineno is not None
            assert node.end_col_offset is not None
            # ast counts columns in UTF-8 bytes.
            columns = [
                len(lines[line - 1].encode()[:column].decode())
                for line, column in ((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))
            ]
            spans.append((node.lineno, columns[0], node.end_lineno, columns[1]))
    return [(first - 1, start, last - 1, end) for first, start, last, end in spans]
