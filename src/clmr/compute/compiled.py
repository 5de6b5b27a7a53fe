"""Whether compiled loops can be had here, where they are kept, and on how many threads they run.

What belongs here: finding numba and its cache, and what happens where they fail. What does not: the loops
(``map_loops``, ``stem_loops`` and ``convolution_loops`` here, and those of the steps in ``clmr.augmentations``).

Where compiled loops cannot be had, torch computes everything by itself: the same to rounding, and slower.
"""

import functools
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from clmr.compute.progress import note

LANES = 16
"""Values that a loop treats at once (``clmr.compute.lanes``): as many float32 as the widest registers hold."""

# Below that, waking a thread takes longer than it saves.
_VALUES_WORTH_A_THREAD = 2**16
# Compiling takes seconds, reading what was compiled earlier a fraction of one.
_WORTH_A_NOTE_S = 1.5
# Files of what loops are made of.
_MADE_OF = ("vectors.py", "lanes.py", "lane_rows.py")
# Whether anything was loaded: what provenance records.
_LOADED: list[bool] = []
Found = TypeVar("Found")


def load(find: Callable[[], Found], attempt: Callable[[Found], None]) -> Found | None:
    """What ``find`` imports, if it works; None, with one line of log, if not. To be called once for each use.

    Args:
        find: Imports modules of loops.
        attempt: Runs them once on as little as possible, by which they are compiled or read from numba's cache.
    """
    if not _numba_works():
        return None
    started = time.monotonic()
    # Whatever fails: an unknown processor, a damaged cache. Training goes on without.
    try:
        found = find()
        attempt(found)
    except Exception as error:
        reason = str(error).partition("\n")[0]
        note(f"compiled loops fail here ({type(error).__name__}: {reason}); going on without them, more slowly")
        return None
    _LOADED.append(True)
    _note_if_not_kept()
    took_s = time.monotonic() - started
    if took_s > _WORTH_A_NOTE_S:
        note(f"compiled loops for this processor in {took_s:.0f} s; later processes find them")
    return found


@contextmanager
def kept_beside_the_source() -> Iterator[None]:
    """A block in which functions are decorated whose compiled form numba is to keep beside the source."""
    import numba

    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = before or str(_cache_dir())
    try:
        yield
    finally:
        # Left as it was: others may use numba in this process.
        numba.config.CACHE_DIR = before


def in_use() -> str:
    """``numba`` and its version if this process has loaded compiled loops, else ``none``."""
    if not _LOADED:
        return "none"
    import numba

    return f"numba {numba.__version__}"


def share(loop: Callable[..., None], *arguments: object, n_examples: int, n_values: int) -> None:
    """Run a loop over all examples, on as many threads as torch uses.

    Args:
        loop: Takes ``arguments`` and the number of examples.
        arguments: What it works on.
        n_examples: B.
        n_values: How many values it works on; for few, one thread is enough.
    """
    import numba

    wanted = min(torch.get_num_threads(), numba.config.NUMBA_NUM_THREADS)
    numba.set_num_threads(min(wanted, 1 + n_values // _VALUES_WORTH_A_THREAD))
    loop(*arguments, n_examples)


def flat(tensor: Tensor) -> np.ndarray:
    """The values of a contiguous tensor as the loops take them: a view, flat, bfloat16 as int16.

    >>> flat(torch.ones(2, 2, dtype=torch.bfloat16)).tolist()
    [16256, 16256, 16256, 16256]
    """
    values = tensor.detach().view(-1)
    return (values.view(torch.int16) if values.dtype == torch.bfloat16 else values).numpy()


@functools.cache
def _numba_works() -> bool:
    n_threads = torch.get_num_threads()
    try:
        import numba

        numba.set_num_threads(1)
    # Not ImportError alone: numba refuses versions of NumPy that it does not know, and platforms fail in other ways.
    except Exception as error:
        note(f"numba cannot be used ({type(error).__name__}: {error}); going on without compiled loops, more slowly")
        return False
    # numba has started its threads now. They are torch's, where OpenMP is one for both, and none waits for the other;
    # but then their number, which numba has just set, is torch's, too.
    torch.set_num_threads(n_threads)
    return True


def _note_if_not_kept() -> None:
    import numba

    if not numba.config.CACHE_DIR and not _cache_dir().is_dir():
        note(f"{_cache_dir()} cannot be written; compiled loops are kept elsewhere, or compiled by every process")


def _cache_dir() -> Path:
    """A folder whose name changes with the lanes that all loops are made of."""
    # numba sees when the file of a loop has changed, but not the file of a function that it is made of.
    source = b"".join(Path(__file__).with_name(name).read_bytes() for name in _MADE_OF)
    return Path(__file__).parent / "__pycache__" / f"loops-{hashlib.sha256(source).hexdigest()[:12]}"
