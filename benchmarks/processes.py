"""Work in a process of its own, and what its allocator does with memory that is freed."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from clmr.compute.allocator import VARIABLES
from clmr.pipeline.provenance import peak_memory_gib

Result = TypeVar("Result")


def in_fresh_process(work: Callable[..., Result], *arguments: object) -> Result:
    """What ``work`` returns in a process started for it; both must be importable, or picklable."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def peak_memory_gb() -> float:
    """Peak memory of this process in GB; ``getrusage`` would start from the peak of the process that started it."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return peak_memory_gib() * 2**30 / 1e9
    lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    return int(lines["VmHWM"].removesuffix("kB")) * 1024 / 1e9


@contextmanager
def returning_freed_memory() -> Iterator[None]:
    """Processes started in the block have glibc's own settings, as programs have by themselves."""
    before = {name: os.environ.pop(name) for name in VARIABLES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(before)
