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

LINUX = sys.platform == "linux"


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


def started(folder: Path, work: str, ahead: str, n_items: int = 5, then: str = "print(found)") -> subprocess.Popen:
    """A script that works on the items from 0 on, with two workers."""
    code = (
        "from clmr.compute.worker_processes import end_server, import_ahead, in_order\n"
        f"from tests.compute.test_worker_processes import {work}\n"
        "if __name__ == '__main__':\n"
        f"    {ahead}\n"
        f"    found = list(in_order({work}, range({n_items}), 2, None))\n"
        f"    {then}\n"
    )
    script = folder / "script.py"
    script.write_text(code)
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, str(script)], text=True, env=surroundings, **pipes)


def has_imported_wave(_: int) -> bool:
    return "wave" in sys.modules


@pytest.mark.parametrize(
    ("ahead", "imported"),
    [("pass", False), ("import_ahead([])", False), ("import_ahead(['wave', 'no_such_module'])", LINUX)],
)
def test_workers_have_what_was_imported_ahead(tmp_path, ahead, imported):
    shown, _ = started(tmp_path, "has_imported_wave", ahead).communicate(timeout=120)
    assert shown.strip() == str([imported] * 5)


@pytest.mark.skipif(not LINUX, reason="nothing is imported ahead there")
def test_without_a_socket_workers_are_new_processes(tmp_path, monkeypatch):
    # Longer than the name of a socket may be.
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    shown, noted = started(tmp_path, "has_imported_wave", "import_ahead(['wave'])").communicate(timeout=120)
    assert shown.strip() == str([False] * 5)
    assert noted == "workers will start as new processes, some seconds later: AF_UNIX path too long\n"


@pytest.mark.skipif(not LINUX, reason="nothing is imported ahead there")
def test_a_module_that_fails_ahead_is_named(tmp_path, monkeypatch):
    (tmp_path / "failing_module.py").write_text("raise RuntimeError('no such luck')")
    monkeypatch.syspath_prepend(tmp_path)
    process = started(tmp_path, "has_imported_wave", "import_ahead(['failing_module'])")
    _, noted = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "RuntimeError: no such luck" in noted
    assert "a process ended before it began to work; see its message above" in noted


def count_threads(_: int) -> int:
    import numba

    numba.set_num_threads(1)
    return numba.get_num_threads()


@pytest.mark.skipif(not LINUX, reason="nothing is imported ahead there")
def test_a_server_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    then = "count_threads(0); end_server(); import os; os._exit(0)"
    process = started(tmp_path, "count_threads", "import_ahead(['wave'])", 1, then)
    # No semaphore either, which would be reported as leaked.
    assert process.communicate(timeout=120) == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]


def allocate(_: int) -> int:
    # Written to, since memory that is only promised does not count.
    return len(b"x" * 1_000_000_000)


@pytest.mark.skipif(sys.platform == "win32", reason="memory is counted otherwise there")
@pytest.mark.parametrize("ahead", ["pass", "import_ahead([])"])
def test_the_memory_of_workers_is_counted(tmp_path, ahead):
    measure = "end_server(); from clmr.pipeline.provenance import peak_memory_gib; print(peak_memory_gib())"
    shown, _ = started(tmp_path, "allocate", ahead, 1, measure).communicate(timeout=120)
    # Without the worker it is that of torch, half a GiB.
    assert float(shown) > 0.9


@pytest.mark.skipif(sys.platform == "win32", reason="processes end by other means there")
def test_of_workers_that_were_forked_one_that_dies_takes_no_other_with_it(tmp_path):
    shown, _ = started(tmp_path, "square_or_die", "import_ahead(['wave'])").communicate(timeout=120)
    assert [word in shown for word in ("[0, 1, Lost(", "by signal 9", ", 9, Lost(", "with status 3")] == [True] * 4


@pytest.mark.skipif(sys.platform == "win32", reason="processes end by other means there")
@pytest.mark.parametrize("ahead", ["pass", "import_ahead([])"])
def test_workers_end_with_the_process_that_started_them(tmp_path, monkeypatch, ahead):
    pids = tmp_path / "pids"
    monkeypatch.setenv("CLMR_TEST_PIDS", str(pids))
    parent = started(tmp_path, "start_worker_and_hang", ahead, 1)
    deadline = time.monotonic() + 60
    while not (pids.is_file() and pids.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # The server that workers are forked from is among them.
    started_by_it = psutil.Process(parent.pid).children(recursive=True)
    assert int(pids.read_text()) in [process.pid for process in started_by_it]
    parent.kill()
    parent.wait()
    # Before its output is read to the end, which they hold open.
    assert psutil.wait_procs(started_by_it, timeout=30)[1] == []
    parent.communicate()
