"""Settings of the machine: device, workers, logging. They change results by rounding at most.

They come from environment variables and never from params.yaml, which holds what decides results:
``CLMR_DEVICE`` (default: a GPU if there is one) and ``CLMR_WORKERS`` (default: one per core).
"""

import logging
import os
import platform
import sys
from typing import TYPE_CHECKING

# Where it is used: how many workers there are to be is asked before anything that takes a second to import.
if TYPE_CHECKING:
    import torch

_X86 = ("x86_64", "AMD64", "i386", "i686")


def device() -> "torch.device":
    """The device to compute on.

    Raises:
        ValueError: If ``CLMR_DEVICE`` names none that torch can use.
    """
    import torch

    wanted = os.environ.get("CLMR_DEVICE", "cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(wanted)
        # A name that torch knows may still have no device here: only using it tells.
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"CLMR_DEVICE: found {wanted!r}, which torch cannot use here ({error}); try cpu") from error
    return chosen


def has_bf16_instructions(chosen: "torch.device") -> bool:
    """Whether a device computes in bfloat16 by itself; if not, torch imitates it, far more slowly than float32.

    Args:
        chosen: The device.
    """
    import torch

    if chosen.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # On processors with AVX-512, torch's library has fast code even where the instructions themselves are missing. Of
    # other families than x86 nothing is known here.
    return platform.machine() not in _X86 or "AVX512" in torch.backends.cpu.get_cpu_capability()


def n_workers() -> int:
    """Number of processes for work that is spread over cores.

    Raises:
        ValueError: If ``CLMR_WORKERS`` is not a positive number.
    """
    wanted = os.environ.get("CLMR_WORKERS", str(os.cpu_count() or 1))
    if not wanted.isdigit() or int(wanted) < 1:
        raise ValueError(f"CLMR_WORKERS: found {wanted!r}, expected a whole number >= 1")
    return int(wanted)


def log_to_output() -> logging.Logger:
    """The package's logger, writing bare messages to standard output: no times, so that runs can be compared."""
    logger = logging.getLogger("clmr")
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    # Replaced, not added: a second call in one process would print everything twice.
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    return logger
