import os
import platform
import subprocess
import sys

import pytest

from clmr.allocator import keep_freed_memory

NAMES = ("MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_")


def test_processes_started_afterwards_keep_memory_and_what_was_set_stays(monkeypatch):
    for name in NAMES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("MALLOC_TOP_PAD_", "7")
    keep_freed_memory()
    assert os.environ["MALLOC_TOP_PAD_"] == "7"
    show = "import os; print(os.environ['MALLOC_TRIM_THRESHOLD_'])"
    seen = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True).stdout
    assert int(seen) == 2**40


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is glibc's")
def test_this_process_fetches_no_block_twice():
    script = """
import resource, sys
import torch
from clmr.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):  # the first blocks extend the heap
    torch.ones(2**24)
before = faults()
for _ in range(5):
    torch.ones(2**24)
print(faults() - before)
"""
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    counts = {
        how: int(subprocess.check_output([sys.executable, "-c", script, how], env=environment, text=True))
        for how in ("keep", "as it is")
    }
    assert counts["keep"] < counts["as it is"] / 10
