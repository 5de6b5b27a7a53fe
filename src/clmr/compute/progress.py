"""Progress bars and notes on standard error, which leave no trace in executed notebooks."""

import sys
import threading
from collections.abc import Iterable

from tqdm import tqdm


class _Bar(tqdm):
    # By default, tqdm takes a semaphore of the system, too. One whose process ends at once, as workers do and stages
    # themselves, is reported as leaked at the end of the stage.
    _lock = threading.RLock()


def progress(iterable: Iterable, description: str, total: int | None = None, unit: str = "it") -> tqdm:
    """``iterable`` with a progress bar if standard error is a terminal; in a log a bar would be hundreds of lines.

    Args:
        iterable: The items to pass through.
        description: Text before the bar.
        total: Number of items, if ``iterable`` has no length.
        unit: What an item is called.
    """
    # disable=None is tqdm's way to ask for a bar on terminals only.
    return _Bar(iterable, desc=description, total=total, unit=unit, file=sys.stderr, disable=None, leave=False)


def note(message: str) -> None:
    """Print something about this execution, such as that it resumed, where it cannot end up in a result."""
    print(message, file=sys.stderr)
