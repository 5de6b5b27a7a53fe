"""Independent pieces of work side by side in processes, where one after the other they would leave cores idle.

Two small networks with one thread each take a third to two fifths more steps in the same time than one with two threads
(width 16 and 32, batch 32, two cores). So runs that do not depend on each other are trained at the same time.
"""

import functools
import logging
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch

from clmr.compute.runtime import device, n_workers
from clmr.compute.worker_processes import Lost, in_order

T = TypeVar("T")
R = TypeVar("R")
_LOG = logging.getLogger("clmr")


def side_by_side(work: Callable[[T], R], items: Mapping[str, T], *, spread: bool) -> dict[str, R]:
    """Results of ``work`` for each item, by its name; what it logs is logged in the order of the items.

    On a CPU, :func:`n_at_once` items are worked on at a time, each in a process of its own. On a GPU, or with one item
    or thread, this process does them all. The number of threads, which changes results by rounding, follows from
    the number of items and of threads, never from what happens to be finished.

    Args:
        work: Can be pickled, as can items and results; opens what it reads by itself.
        items: What it is applied to.
        spread: Whether items get more than one thread each where there are threads to spare: if there are fewer items
            than threads, and the last items, which are too few for all threads. If not, each of several items has one
            thread, so that its result does not depend on how many others there are.

    Raises:
        ChildProcessError: If a process was killed.
        Exception: What ``work`` raises.
    """
    at_once, pairs = n_at_once(len(items)), list(items.items())
    n_aside = 0 if at_once == 1 else len(pairs) - (len(pairs) % at_once if spread else 0)
    n_threads = torch.get_num_threads() // at_once if spread else 1
    outcomes = in_order(functools.partial(_captured, work, n_threads), pairs[:n_aside], at_once, None)
    results = {name: _result(name, outcome) for (name, _), outcome in zip(pairs[:n_aside], outcomes, strict=True)}
    return results | {name: work(item) for name, item in pairs[n_aside:]}


def seeds_side_by_side(work: Callable[[int], R], seeds: Sequence[int]) -> dict[int, R]:
    """Results of ``work`` for each seed, side by side as :func:`side_by_side` does, with all threads in use.

    >>> seeds_side_by_side(abs, [3])
    {3: 3}
    """
    found = side_by_side(work, {f"seed {seed}": seed for seed in seeds}, spread=True)
    return {seed: found[f"seed {seed}"] for seed in seeds}


def n_at_once(n_items: int) -> int:
    """How many of several items are worked on at a time: as many as there are threads, on a GPU one."""
    n_threads = min(n_workers(), torch.get_num_threads())
    return max(1, min(n_threads, n_items)) if device().type == "cpu" else 1


@dataclass(frozen=True)
class _Outcome(Generic[R]):
    """What a process sends back.

    Attributes:
        result: What the work returned.
        lines: What it logged.
        error: What it raised instead.
    """

    result: R | None
    lines: tuple[str, ...]
    error: Exception | None = None


class _Lines(logging.Handler):
    """Keeps what is logged, and shows it at once on standard error, which leaves no trace in results."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.lines = name, list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        print(f"[{self.name}] {record.getMessage()}", file=sys.stderr, flush=True)


def _captured(work: Callable[[T], R], n_threads: int, pair: tuple[str, T]) -> _Outcome[R]:
    """In a process of its own: the outcome of one item, by its name."""
    name, item = pair
    torch.set_num_threads(n_threads)
    handler = _Lines(name)
    _LOG.handlers[:] = [handler]
    _LOG.setLevel(logging.INFO)
    try:
        result = work(item)
    except Exception as error:
        # Its own traceback ends here; where it is shown, this says where it came from.
        error.add_note("".join(traceback.format_exception(error)))
        return _Outcome(None, tuple(handler.lines), error)
    return _Outcome(result, tuple(handler.lines))


def _result(name: str, outcome: _Outcome[Any] | Lost) -> Any:
    """The result of one item, after logging its lines."""
    if isinstance(outcome, Lost):
        raise ChildProcessError(f"{name}: {outcome.reason}; run the stage again, it goes on from what is finished")
    for line in outcome.lines:
        _LOG.info(line)
    if outcome.error is not None:
        raise outcome.error
    return outcome.result
