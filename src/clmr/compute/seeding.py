"""Random generators derived from a seed and the place they are used in; no global generator is left changed."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def generator(seed: int, *place: int | str) -> torch.Generator:
    """A CPU generator that depends on the seed and the place alone, such as ``("crops", epoch, step)``.

    Work that is interrupted, resumed or spread over other workers draws the same numbers, because
    no draw depends on earlier draws elsewhere.

    Differs: the released code leaves the generators of NumPy and SoX unseeded in workers, so that
        augmentations can repeat across them.

    >>> first, again = (torch.rand(3, generator=generator(1, "crops", 0)) for _ in range(2))
    >>> torch.equal(first, again)
    True
    """
    return torch.Generator().manual_seed(_derived(seed, *place))


@contextmanager
def seeded_dropout(device: torch.device, seed: int, *place: int | str) -> Iterator[None]:
    """A block in which torch's global generator depends on seed and place alone; it is restored afterwards.

    ``nn.Dropout`` takes no generator, and this is the only use of the global one.

    >>> drop, ones = torch.nn.Dropout(0.5), torch.ones(8)
    >>> with seeded_dropout(torch.device("cpu"), 1, "dropout", 0):
    ...     first = drop(ones)
    >>> with seeded_dropout(torch.device("cpu"), 1, "dropout", 0):
    ...     torch.equal(drop(ones), first)
    True
    """
    devices = range(torch.cuda.device_count()) if device.type == "cuda" else []
    # torch.manual_seed seeds every kind of device, and keeps a stack trace for each that is not there.
    set_seed = torch.default_generator.manual_seed if device.type == "cpu" else torch.manual_seed
    with torch.random.fork_rng(devices=devices):
        set_seed(_derived(seed, *place))
        yield


def _derived(seed: int, *place: int | str) -> int:
    """A seed for each place, different for different places."""
    # Hashed, since neighbouring seeds, such as seed + epoch, would make one run repeat the draws of another.
    digest = hashlib.sha256(repr((seed, *place)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
