"""Which kinds of corpora there are, told apart by the ``kind`` of their parameters."""

from pathlib import Path
from typing import Protocol

from clmr.storage.strict import Variants

CORPORA = Variants({"rendered": "clmr.corpora.rendered.params:RenderedCorpusParams"})


class CorpusParams(Protocol):
    """What the parameters of every corpus have.

    Attributes:
        kind: How it is made.
    """

    kind: str

    def build(self, corpus_dir: Path, work_dir: Path, n_workers: int) -> None:
        """Put audio, ``clips.csv`` and ``tags.csv`` into ``corpus_dir``; go on from ``work_dir`` after a kill."""
