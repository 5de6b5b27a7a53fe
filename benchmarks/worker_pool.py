"""Libraries that treat one example at a time, spread over processes: what a worker does."""

import random
from functools import lru_cache
from multiprocessing.pool import Pool

import numpy as np
import torch

from benchmarks.augmentation_peers import EXAMPLE_PEERS, ExampleChain
from benchmarks.workloads import synthetic_audio, thesis_chain

EXAMPLES_PER_TASK = 8
Task = tuple[str, int, int, int]
"""Name of the peer, seed of the draws, T, sample rate in Hz."""


def augment_examples(pool: Pool, peer: str, n_examples: int, n_samples: int, sample_rate_hz: int) -> None:
    """Augment at least so many examples with the processes of the pool; the same draws each time.

    Audio does not travel between processes: a training loop would pay for that, our measure of a
    library should not.
    """
    n_tasks = -(-n_examples // EXAMPLES_PER_TASK)
    tasks: list[Task] = [(peer, seed, n_samples, sample_rate_hz) for seed in range(n_tasks)]
    pool.map(_augment_task, tasks, chunksize=1)


def seed_everything(seed: int) -> None:
    """Seed the global generators, the only ones that these libraries draw from."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)


def one_thread() -> None:
    """Keep a worker to its core."""
    torch.set_num_threads(1)


def _augment_task(task: Task) -> None:
    peer, seed, n_samples, sample_rate_hz = task
    chain, examples = _chain(peer, sample_rate_hz), _examples(n_samples, sample_rate_hz)
    seed_everything(seed)
    for example in examples:
        chain(example)


@lru_cache
def _chain(peer: str, sample_rate_hz: int) -> ExampleChain:
    return EXAMPLE_PEERS[peer].build(thesis_chain(), sample_rate_hz)


@lru_cache
def _examples(n_samples: int, sample_rate_hz: int) -> np.ndarray:
    return synthetic_audio(EXAMPLES_PER_TASK, n_samples, sample_rate_hz).numpy()
