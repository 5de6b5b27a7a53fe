"""Work in processes: results in order, whoever dies or hangs."""

import os
import signal
import sys
import time

import pytest

from clmr.corpora.worker_processes import Lost, in_order


def square_or_die(item: int) -> int:
    if item == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    if item == 4:
        sys.exit(3)
    if item == 0:
        # Results of later items are there first.
        time.sleep(0.2)
    return item * item


def square_or_hang(item: int) -> int:
    if item == 1:
        time.sleep(600)
    return item * item


@pytest.mark.skipif(sys.platform == "win32", reason="processes end by other means there")
def test_an_item_that_kills_its_worker_is_lost_and_no_other():
    found = list(in_order(square_or_die, range(7), 2, patience_s=120))
    assert [result for result in found if not isinstance(result, Lost)] == [0, 1, 9, 25, 36]
    assert "by signal 9" in found[2].reason
    assert "with status 3" in found[4].reason


def test_an_item_that_takes_too_long_is_lost_and_no_other():
    found = list(in_order(square_or_hang, range(4), 2, patience_s=3))
    assert [result for result in found if not isinstance(result, Lost)] == [0, 4, 9]
    assert found[1] == Lost("was not decoded within 3 s")
    assert list(in_order(square_or_hang, [], 2, patience_s=3)) == []
