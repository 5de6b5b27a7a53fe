"""Work in processes that may die or hang, with results in the order of the items.

A pool of the standard library waits without end for what a killed worker was doing, or gives up the whole pool; and it
keeps every result that comes before its turn. Here the item is known that a worker died of, the others go on, and
no more than a few results wait.
"""

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.util import get_temp_dir
from typing import Any, Generic, TypeVar

import psutil

from clmr.compute.progress import note

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 8
# Whether workers are forked from a server. Not kept as multiprocessing's own default, by which numba makes a semaphore
# that a process leaves behind when it ends at once.
_SERVED: list[bool] = []


@dataclass(frozen=True)
class Lost:
    """What stands for a result that will not come.

    Attributes:
        reason: What happened, as the end of a sentence about the item.
    """

    reason: str


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    index: int | None = None
    since: float = field(default_factory=time.monotonic)


def import_ahead(modules: Sequence[str]) -> None:
    """Have another process import modules from now on, from which the workers of this one are then forked.

    Importing torch and what is built on it takes seconds, here and again in each new process. Called first of all, this
    lets both happen at the same time, and workers start at once. Only on Linux; elsewhere nothing happens, since system
    libraries may not survive a fork, and workers are new processes.

    Args:
        modules: Their names. What raises ``ImportError`` is left to the workers; any other error ends the server, and
            then no worker can be started.
    """
    if sys.platform != "linux":
        return
    multiprocessing.set_forkserver_preload(list(modules))
    # Inherited: Ctrl-C is this process's affair, and the server ends with it.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
        _SERVED.append(True)
    except OSError as error:
        note(f"workers will start as new processes, some seconds later: {error.strerror or error}")
    finally:
        signal.signal(signal.SIGINT, before)


def end_server() -> None:
    """End the process that :func:`import_ahead` started, if it did, once all workers have ended.

    Then the system counts the memory of the workers among that of this process's children; as long as the process that
    they were forked from runs, it is counted as that one's alone.
    """
    if not _SERVED:
        return
    _SERVED.clear()
    # An account of memory is not worth losing a result for.
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process().children():
            if "multiprocessing.forkserver" in " ".join(child.cmdline()):
                # Left to itself, it would end with this process, after taking apart for half a second what it imported.
                child.kill()
                child.wait()
    # Of its socket. Python removes it when it takes itself apart, which a stage does not wait for.
    shutil.rmtree(get_temp_dir(), ignore_errors=True)


def worker_context() -> BaseContext:
    """How processes are to be started: as :func:`import_ahead` arranged it, or as new ones."""
    # Never forked from this process: a child could lock up in threads that torch has started here.
    return multiprocessing.get_context("forkserver" if _SERVED else "spawn")


def in_order(
    work: Callable[[T], R], items: Sequence[T], n_workers: int, patience_s: float | None
) -> Iterator[R | Lost]:
    """Results of ``work`` for each item, in order; :class:`Lost` where a worker died or was ended for taking too long.

    Args:
        work: Can be pickled, as can its results; raises nothing.
        items: What it is applied to.
        n_workers: Processes.
        patience_s: Seconds after which a worker that has not finished an item is ended; None to wait without end.

    Raises:
        RuntimeError: If no worker can be started.
    """
    crew = _Crew(work, patience_s)
    results: dict[int, R | Lost] = {}
    given = 0
    try:
        crew.hire(min(n_workers, len(items)))
        for turn in range(len(items)):
            while turn not in results:
                # Not further ahead, so that results which wait for a slow one do not fill the memory.
                while given < min(len(items), turn + n_workers + _AHEAD) and (idle := crew.idle()):
                    crew.give(idle, given, items[given])
                    given += 1
                results |= crew.collect()
            yield results.pop(turn)
    finally:
        crew.dismiss()


class _Crew(Generic[T, R]):
    """Processes, each with at most one item."""

    def __init__(self, work: Callable[[T], R], patience_s: float | None) -> None:
        self._work, self._patience_s, self._workers = work, patience_s, list[_Worker]()
        self._context: Any = worker_context()

    def hire(self, n_workers: int) -> None:
        """Start processes, and wait until each is ready: one that cannot start must not count as an item's fault."""
        try:
            started = [self._start() for _ in range(n_workers)]
            for worker in started:
                worker.pipe.recv()
        except EOFError:
            raise RuntimeError(
                "a process ended before it began to work; see its message above, and start programs that use "
                "several processes under if __name__ == '__main__'"
            ) from None
        self._workers += started

    def idle(self) -> _Worker | None:
        """A worker without an item."""
        return next((worker for worker in self._workers if worker.index is None), None)

    def give(self, worker: _Worker, index: int, item: T) -> None:
        """Hand a worker its next item."""
        worker.index, worker.since = index, time.monotonic()
        # One that dies now is found when its result is collected.
        try:
            worker.pipe.send(item)
        except OSError:
            worker.process.kill()

    def collect(self) -> dict[int, R | Lost]:
        """Results by index, at least one; those that are lost among them."""
        busy = [worker for worker in self._workers if worker.index is not None]
        ready = wait([worker.pipe for worker in busy], timeout=self._remaining_s(busy))
        found: dict[int, R | Lost] = {}
        for worker in busy:
            assert worker.index is not None
            index = worker.index
            if worker.pipe in ready:
                found[index] = self._received(worker)
            elif self._remaining_s([worker]) == 0:
                found[index] = Lost(f"was not done within {self._patience_s:.0f} s")
                worker.process.kill()
                self._replace(worker)
        return found

    def _remaining_s(self, workers: Sequence[_Worker]) -> float | None:
        """Seconds until the first of the workers has to be done; None without such a limit."""
        if self._patience_s is None:
            return None
        return max(0.0, min(worker.since for worker in workers) + self._patience_s - time.monotonic())

    def dismiss(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()

    def _start(self) -> _Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(self._work, there), daemon=True)
        process.start()
        # The worker alone holds its end, so that its death ends the pipe.
        there.close()
        return _Worker(process, here)

    def _received(self, worker: _Worker) -> R | Lost:
        try:
            result: R = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join()
            code = worker.process.exitcode
            self._replace(worker)
            how = f"by signal {-code}" if code < 0 else f"with status {code}"
            return Lost(f"ended the process that worked on it, {how}; a lack of memory does this, or a faulty library")
        worker.index = None
        return result

    def _replace(self, worker: _Worker) -> None:
        worker.process.join()
        worker.pipe.close()
        self._workers.remove(worker)
        self.hire(1)


def _serve(work: Callable[[Any], Any], pipe: Connection) -> None:
    """Work until the pipe ends, or the process that started this one does."""
    # Where it is to fork, numba makes a semaphore that would be left behind when this process is ended.
    multiprocessing.set_start_method("spawn", force=True)
    # Ctrl-C is the parent's affair; here it would only print a traceback for each process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A killed parent dismisses nobody, and what is started in its place would work beside its orphans.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pipe.send(None)
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        pipe.send(work(item))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
