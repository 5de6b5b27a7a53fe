"""Work in a process of its own, and what its allocator does with memory that is freed."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Result = TypeVar("Result")

# What glibc does by itself: large blocks go back to the system as soon as they are freed.
_GLIBC_DEFAULTS = {"MALLOC_MMAP_MAX_": "65536", "MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_TOP_PAD_": "131072"}


def in_fresh_process(work: Callable[..., Result], *arguments: object) -> Result:
    """What ``work`` returns in a process started for it; both must be importable, or picklable."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


@contextmanager
def returning_freed_memory() -> Iterator[None]:
    """Processes started in the block have glibc's own settings, as programs have by themselves."""
    before = {name: os.environ.get(name) for name in _GLIBC_DEFAULTS}
    os.environ.update(_GLIBC_DEFAULTS)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
