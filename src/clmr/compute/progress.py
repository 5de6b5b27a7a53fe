"""Progress bars and notes on standard error, which leave no trace in executed notebooks."""

import sys
from collections.abc import Iterable

from tqdm import tqdm


def progress(iterable: Iterable, description: str, total: int | None = None, unit: str = "it") -> tqdm:
    """``iterable`` with a bar, if standard error is a terminal; in a log file a bar would be hundreds of lines."""
    return tqdm(iterable, desc=description, total=total, unit=unit, file=sys.stderr, disable=None, leave=False)


def note(message: str) -> None:
    """Say something about this very execution, such as that it resumed, where it cannot end up in a result."""
    print(message, file=sys.stderr)
