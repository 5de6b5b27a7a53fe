"""A listening page of synthetic segments, with all that is hard about titles, tags and files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clmr.paper.listening.page import Head, Heard, ListedCorpus, page_data
from clmr.paper.listening.selection import ListeningParams
from clmr.paper.mp3 import mp3

N_SEGMENTS, N_FEATURES = 1_000, 128
SEGMENT_SAMPLES, RATE_HZ = 20_736, 8_000
TAGS = ("violin", "rock & roll", "slow")
HEAD = Head("scores", TAGS)
PARAMS = ListeningParams(n_per_feature=8, n_per_tag=8, rows_per_page=25, most_features=8)
# Strongest of feature 0, in this order.
HARD_TITLES = (
    "<img src=x onerror=\"document.title='run'\">",
    "</script><script>document.title='run'</script>",
    "\"Quoted\" & 'quoted'",
    "Emoji 🎻 é",
    "--> ]]> ${1} {{ 1 }} \\u003c",
)
SILENT = 7
"""A segment whose file is missing: the strongest of feature 3."""


def listed_corpus(name: str = "scores", n_segments: int = N_SEGMENTS) -> ListedCorpus:
    """Segments with activations, scores and tags that no two of them share, hard titles first."""
    rng = np.random.default_rng(0)
    values = rng.permuted(np.tile(np.linspace(0, 1, n_segments), (N_FEATURES, 1)), axis=1).T
    values[: len(HARD_TITLES), 0] = np.arange(len(HARD_TITLES), 0, -1) + 1
    values[SILENT, 3] = 2.0
    titles = [*HARD_TITLES, *(f"Tune {number}" for number in range(len(HARD_TITLES), n_segments))]
    segments = {
        "title": titles[:n_segments],
        "track_id": [f"track{number // 2:03d}" for number in range(n_segments)],
        "start_s": rng.integers(0, 10, n_segments) * SEGMENT_SAMPLES / RATE_HZ,
        "audio": [f"audio/{name}/{number:05d}.mp3" for number in range(n_segments)],
    }
    scores = rng.uniform(size=(n_segments, len(TAGS)))
    tags = (scores > 0.5).astype(np.uint8)
    return ListedCorpus(name, 5 * n_segments, pd.DataFrame(segments), values, scores, tags, TAGS)


def without_tags(corpus: ListedCorpus) -> ListedCorpus:
    return replace(corpus, tags=np.zeros((len(corpus.segments), 0), np.uint8), tag_names=())


def data_of(*corpora: ListedCorpus, head: Head | None = HEAD) -> dict[str, Any]:
    return page_data("smoke", PARAMS, Heard("clmr_primary", RATE_HZ, SEGMENT_SAMPLES), head, corpora)


def write_audio(folder: Path, corpora: list[ListedCorpus]) -> None:
    """One tone for all segments but one, which has no file."""
    time_s = np.arange(SEGMENT_SAMPLES) / RATE_HZ
    encoded = mp3((0.3 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32), RATE_HZ)
    for corpus in corpora:
        for row, name in enumerate(corpus.segments.audio):
            if row != SILENT:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(encoded)
