"""What a stage was made from, and what it cost; written around a stage, and never read by one that computes."""

import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import psutil

from clmr.compute.runtime import n_workers
from clmr.compute.worker_processes import end_server
from clmr.pipeline.code import combined_digest
from clmr.pipeline.stage import read_plan
from clmr.storage import paths
from clmr.storage.files import write_json

# Packages whose version can change a number.
_RECORDED_PACKAGES = (
    "torch",
    "torchaudio",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "soxr",
    "tinysoundfont",
    "music21",
)


@contextmanager
def recorded(stage: str) -> Iterator[None]:
    """Write origin and cost of the stage whose work is the block, once the block ends without error."""
    # Monotonic: the clock of the day may be set while a stage runs.
    started = time.monotonic()
    yield
    wall_s = round(time.monotonic() - started, 1)
    end_server()
    cost = {"wall_s": wall_s, "peak_memory_gib": peak_memory_gib()}
    write_json(paths.record_file(stage), {"provenance": provenance(stage), "cost": cost})


def provenance(stage: str) -> dict[str, Any]:
    """Facts that identify a result; equal on every machine of one type."""
    plan = read_plan(stage)
    return {
        "stage": stage,
        "params": plan["params"],
        "code_sha256": combined_digest(plan["code"]),
        **surroundings(),
    }


def surroundings() -> dict[str, Any]:
    """Interpreter, packages and type of machine, whatever is computed."""
    # No host name and no date: two machines of one type give equal provenance.
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _RECORDED_PACKAGES},
        "machine": {"system": f"{platform.system()} {platform.machine()}"} | _torch_facts(),
    }


def peak_memory_gib() -> float:
    """Largest resident memory of this process, or of a child that has ended, in GiB."""
    if os.name == "nt":
        return round(psutil.Process().memory_info().peak_wset / 2**30, 2)
    import resource  # not on Windows

    # Kilobytes on Linux, bytes on macOS.
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(peak / (2**30 if sys.platform == "darwin" else 2**20), 2)


def _torch_facts() -> dict[str, Any]:
    """What torch computed on; empty for a stage that did not use it, since importing it takes a second and a half."""
    torch = sys.modules.get("torch")
    if torch is None:
        return {}
    compiled = sys.modules.get("clmr.compute.compiled")
    return {
        "compiled_loops": compiled.in_use() if compiled else "none",
        "vector_instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "workers": n_workers(),  # decides, with the threads, which runs have how many of them
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }
