"""Examples by convention: ``EXAMPLE`` in a variant's own tests, so that a new variant needs no list of all of them."""

import importlib
from typing import Any


def example_of(folder: str, name: str) -> Any:
    """Small parameters of a step or an encoder: ``EXAMPLE`` of ``tests/<folder>/test_<name>.py``.

    Raises:
        LookupError: If there is none.
    """
    try:
        return importlib.import_module(f"tests.{folder}.test_{name}").EXAMPLE
    except (ImportError, AttributeError) as error:
        raise LookupError(
            f"tests/{folder}/test_{name}.py: no EXAMPLE; set EXAMPLE there to small parameters of {name}, "
            f"on which the tests that all of {folder} share are run"
        ) from error
