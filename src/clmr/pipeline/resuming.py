"""Where unfinished work lies, so that a killed stage goes on and never on something else's remains."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clmr.pipeline import paths
from clmr.pipeline.closure import PACKAGE_DIR, import_closure


def code_digest(code: str) -> str:
    """SHA-256 over a source text and all files of the package that it imports."""
    digest = hashlib.sha256(code.encode())
    for file in import_closure(code):
        digest.update(file.relative_to(PACKAGE_DIR).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def work_folder(stage: str, params: Any, code: str, inputs: list[Path]) -> Path:
    """A folder for unfinished work, made if need be, whose name is a hash of parameters, code and inputs.

    Args:
        stage: Name of the stage.
        params: Plain values.
        code: Source, as in :func:`code_digest`.
        inputs: Small files that identify the data read, such as a store's ``store.json``.
    """
    digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode())
    digest.update(code_digest(code).encode())
    for file in inputs:
        digest.update(file.read_bytes())
    folder = paths.work_dir(stage, digest.hexdigest()[:16])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def resumable(stage: str, params: Any, code: str, inputs: list[Path]) -> Iterator[Path]:
    """The :func:`work_folder` for the block: kept when it fails or is killed, removed when it succeeds.

    Another run finds it again only if nothing it depends on has changed.
    """
    folder = work_folder(stage, params, code, inputs)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
