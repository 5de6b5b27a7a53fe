"""What a stage was made from, and what it cost. Written around a stage, never read by one that computes."""

import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import psutil
import torch

from clmr.pipeline import paths
from clmr.pipeline.resuming import code_digest
from clmr.storage.files import write_json

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
def recorded(stage: str, params: dict[str, Any], code: str) -> Iterator[None]:
    """Write provenance and cost of the stage whose work is the block, once the block ends without error.

    Args:
        stage: Name of the stage, as DVC has it.
        params: Parameters the stage may see.
        code: Source of its notebook or module, whose import closure is the stage's code.
    """
    started = time.monotonic()
    yield
    write_json(paths.provenance_file(stage), provenance(stage, params, code))
    write_json(
        paths.cost_file(stage),
        {"wall_s": round(time.monotonic() - started, 1), "peak_memory_gib": peak_memory_gib()},
    )


def provenance(stage: str, params: dict[str, Any], code: str) -> dict[str, Any]:
    """Facts that identify a result; equal on every machine of one type."""
    return {
        "stage": stage,
        "params": params,
        "code_sha256": code_digest(code),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _RECORDED_PACKAGES},
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "vector_instructions": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
    }


def peak_memory_gib() -> float:
    """Largest resident memory of this process or of a child that has ended, in GiB; now, where no peak is kept."""
    if os.name == "nt":
        return round(psutil.Process().memory_info().peak_wset / 2**30, 2)
    import resource  # not on Windows

    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(peak / (2**30 if sys.platform == "darwin" else 2**20), 2)
