"""Progress bars and notes that show in a terminal and leave no trace in logs or executed notebooks."""

import os
import sys
from collections.abc import Iterable
from typing import TextIO

from tqdm import tqdm

TERMINAL_VARIABLE = "CLMR_TERMINAL"


def progress(iterable: Iterable, description: str, total: int | None = None, unit: str = "it") -> tqdm:
    """``iterable`` with a bar on the terminal, if there is one.

    Inside a notebook kernel standard error is captured, so the driver names the terminal it was
    started from in the environment variable ``CLMR_TERMINAL`` and the bar goes straight there.
    """
    return tqdm(iterable, desc=description, total=total, unit=unit, file=_terminal(), disable=None, leave=False)


def note(message: str) -> None:
    """Show a line on the terminal, if there is one: like a bar it leaves no trace in logs or executed notebooks."""
    name = os.environ.get(TERMINAL_VARIABLE)
    if name:
        with open(name, "w", encoding="utf-8") as terminal:
            print(message, file=terminal)
    elif sys.stderr.isatty():
        print(message, file=sys.stderr)


def terminal_name() -> str | None:
    """Path of the terminal standard error is connected to; None if it is not one, or has no path (Windows)."""
    if not sys.stderr.isatty() or not hasattr(os, "ttyname"):
        return None
    return os.ttyname(sys.stderr.fileno())


def _terminal() -> TextIO:
    name = os.environ.get(TERMINAL_VARIABLE)
    return open(name, "w", encoding="utf-8") if name else sys.stderr
