"""Work side by side: results by name, logs in order, and numbers of threads that follow a rule."""

import logging
import os
import signal
import sys
import time

import pytest
import torch

from clmr.compute import side_by_side as module
from clmr.compute.runtime import log_to_output
from clmr.compute.side_by_side import n_at_once, side_by_side


def told(item: int) -> tuple[int, int, int]:
    # The first item ends last, yet its lines come first.
    time.sleep(0.3 if item == 0 else 0)
    logging.getLogger("clmr").info("item %d", item)
    return item, os.getpid(), torch.get_num_threads()


def refuse(item: int) -> int:
    if item == 1:
        raise ValueError("item 1 cannot be done")
    return item


def die(item: int) -> int:
    if item == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def items(n_items: int) -> dict[str, int]:
    return {f"item {item}": item for item in range(n_items)}


@pytest.fixture
def threads(monkeypatch):
    """A machine with a number of threads, whatever this one has."""

    def having(n_threads: int) -> None:
        monkeypatch.setenv("CLMR_WORKERS", str(n_threads))
        monkeypatch.setattr(torch, "get_num_threads", lambda: n_threads)

    monkeypatch.setenv("CLMR_DEVICE", "cpu")
    return having


@pytest.mark.parametrize(
    ("n_items", "n_threads", "spread", "found"),
    [
        (3, 2, True, [1, 1, None]),  # None: in this process, with all threads
        (3, 2, False, [1, 1, 1]),
        (2, 5, True, [2, 2]),
        (2, 5, False, [1, 1]),
        (1, 2, True, [None]),
        (1, 2, False, [None]),
        (2, 1, False, [None, None]),
        (0, 2, False, []),
    ],
)
def test_threads_follow_from_the_numbers_of_items_and_threads(threads, n_items, n_threads, spread, found):
    threads(n_threads)
    results = side_by_side(told, items(n_items), spread=spread)
    assert list(results) == list(items(n_items))
    assert [item for item, _, _ in results.values()] == list(range(n_items))
    here = os.getpid()
    assert [None if process == here else used for _, process, used in results.values()] == found


def test_lines_come_in_the_order_of_items(threads, capsys):
    threads(2)
    log_to_output()
    side_by_side(told, items(3), spread=False)
    assert capsys.readouterr().out == "item 0\nitem 1\nitem 2\n"


def test_what_an_item_raises_is_raised(threads):
    threads(2)
    with pytest.raises(ValueError, match="item 1 cannot be done") as raised:
        side_by_side(refuse, items(2), spread=False)
    assert "in refuse" in raised.value.__notes__[0]


@pytest.mark.skipif(sys.platform == "win32", reason="processes end by other means there")
def test_a_killed_process_ends_the_work_with_a_sentence(threads):
    threads(2)
    with pytest.raises(ChildProcessError, match=r"item 1: ended the process .* by signal 9.*run the stage again"):
        side_by_side(die, items(2), spread=False)


def test_a_gpu_has_one_item_at_a_time(threads, monkeypatch):
    threads(8)
    assert [n_at_once(n_items) for n_items in (0, 1, 3, 20)] == [1, 1, 3, 8]
    monkeypatch.setattr(module, "device", lambda: torch.device("cuda"))
    assert n_at_once(20) == 1
