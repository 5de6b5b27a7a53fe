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
    on_cuda, derived = device.type == "cuda", _derived(seed, *place)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if on_cuda else []):
        # Not torch.manual_seed, which keeps a stack trace for every kind of device that is not there.
        torch.default_generator.manual_seed(derived)
        if on_cuda:
            torch.cuda.manual_seed_all(derived)
        yield


def _derived(seed: int, *place: int | str) -> int:
    """A seed for each place, different for different places."""
    # Hashed, since neighbouring seeds, such as seed + epoch, would make one run repeat the draws of another.
    digest = hashlib.sha256(repr((seed, *place)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
