"""Work in processes: results in order, whoever dies or hangs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from clmr.compute.worker_processes import Lost, in_order


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
    assert found[1] == Lost("was not done within 3 s")
    assert list(in_order(square_or_hang, [], 2, patience_s=3)) == []


def start_worker_and_hang(_: int) -> int:
    pid_file = Path(os.environ["CLMR_TEST_PIDS"])
    pid_file.write_text(str(os.getpid()))
    time.sleep(600)
    return 0


@pytest.mark.skipif(sys.platform == "win32", reason="processes end by other means there")
def test_workers_end_with_the_process_that_started_them(tmp_path, monkeypatch):
    pids = tmp_path / "pids"
    monkeypatch.setenv("CLMR_TEST_PIDS", str(pids))
    code = (
        "from clmr.compute.worker_processes import in_order\n"
        "from tests.compute.test_worker_processes import start_worker_and_hang\n"
        "if __name__ == '__main__':\n"
        "    list(in_order(start_worker_and_hang, [0], 1, None))\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    parent = subprocess.Popen([sys.executable, str(script)], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    deadline = time.monotonic() + 60
    while not (pids.is_file() and pids.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    worker = psutil.Process(int(pids.read_text()))
    parent.kill()
    parent.wait()
    assert psutil.wait_procs([worker], timeout=30)[1] == []
