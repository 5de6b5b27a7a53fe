"""Settings of the memory allocator that make computing faster; they never change a result.

By default, glibc returns blocks from 128 KiB up to the system and fetches them again in every step of
training, which takes a sixth of its time. Other C libraries are left as they are.
"""

import ctypes
import os
import platform

_MIB = 2**20
# glibc's names for processes that start later, and its number and value for this one; -1: never trim.
_SETTINGS = {
    # 32 MiB is the highest that glibc takes. Larger blocks are few and go back at once: kept, they
    # leave holes that no later block fits, and full-size training takes half as much memory again.
    "MALLOC_MMAP_THRESHOLD_": (str(32 * _MIB), (-3, 32 * _MIB)),
    "MALLOC_TRIM_THRESHOLD_": (str(2**40), (-1, -1)),
    "MALLOC_TOP_PAD_": (str(256 * _MIB), (-2, 256 * _MIB)),
}
VARIABLES = tuple(_SETTINGS)
"""Names of glibc's environment variables that ``keep_freed_memory`` sets."""


def keep_freed_memory() -> None:
    """Have this process, and those that it starts from now on, keep the memory they free.

    Settings that the user has made with glibc's environment variables are kept.
    """
    missing = {name: setting for name, setting in _SETTINGS.items() if name not in os.environ}
    os.environ.update({name: value for name, (value, _) in missing.items()})
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        for _, option in missing.values():
            libc.mallopt(*option)
