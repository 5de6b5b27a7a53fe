"""Durations of repeated work."""

import time
from collections.abc import Callable, Mapping

import torch


def repeated_s(work: Callable[[], object], n_repeats: int, device: torch.device) -> list[float]:
    """Duration in s of each of ``n_repeats`` runs of ``work``, after one that is not counted.

    A GPU works asynchronously, so it is waited for before the clock starts and before it stops.
    The work must be the same in every run, random draws included: the minimum is what we report,
    and it would otherwise be the luckiest draw.
    """
    work()
    return [_duration_s(work, device) for _ in range(n_repeats)]


def rates(n_items: float, repeats_s: Mapping[str, list[float]]) -> dict[str, float]:
    """Items per second of the fastest repeat under each name, where a repeat treats ``n_items``.

    >>> rates(6, {"ours": [2.0, 3.0], "theirs": [6.0]})
    {'ours': 3.0, 'theirs': 1.0}
    """
    return {name: n_items / min(times) for name, times in repeats_s.items()}


def with_pipeline_scale(
    repeats_s: dict[str, list[float]], pipeline_s: Mapping[str, list[float]]
) -> dict[str, list[float]]:
    """Durations at full size and, under names that say so, at the size that the pipeline trains."""
    return {**repeats_s, **{f"{name}, as in params.yaml": times for name, times in pipeline_s.items()}}


def wait_for(device: torch.device) -> None:
    """Return once the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _duration_s(work: Callable[[], object], device: torch.device) -> float:
    wait_for(device)
    started = time.perf_counter()
    work()
    wait_for(device)
    return time.perf_counter() - started
