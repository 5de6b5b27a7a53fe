import os
import subprocess
import sys

from clmr.allocator import keep_freed_memory


def test_processes_started_afterwards_keep_memory_and_what_was_set_stays(monkeypatch):
    monkeypatch.setenv("MALLOC_MMAP_MAX_", "7")
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    assert keep_freed_memory()
    assert os.environ["MALLOC_MMAP_MAX_"] == "7"
    show = "import os; print(os.environ['MALLOC_TRIM_THRESHOLD_'])"
    seen = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True).stdout
    assert int(seen) == 2**40
    assert not keep_freed_memory()
