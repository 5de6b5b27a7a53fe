import os
import platform
import subprocess
import sys

import pytest

from clmr.compute.allocator import VARIABLES, keep_freed_memory


def test_processes_started_afterwards_keep_memory_and_what_was_set_stays(monkeypatch):
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("MALLOC_TOP_PAD_", "7")
    keep_freed_memory()
    assert os.environ["MALLOC_TOP_PAD_"] == "7"
    show = "import os; print(os.environ['MALLOC_TRIM_THRESHOLD_'])"
    seen = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True).stdout
    assert int(seen) == 2**40


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is glibc's")
def test_this_process_fetches_no_blocks_twice():
    script = """
import resource
from clmr.compute.allocator import keep_freed_memory
keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):  # the first ones extend the heap
    [b"x" * 2**22 for _ in range(64)]
before = faults()
for _ in range(5):
    [b"x" * 2**22 for _ in range(64)]
print(faults() - before)
"""
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    faults = int(subprocess.check_output([sys.executable, "-c", script], env=environment, text=True))
    # Fetching a single one of the 320 blocks again would take 1,024 faults.
    assert faults < 1024
