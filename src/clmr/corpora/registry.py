"""Which kinds of corpora there are, told apart by the ``kind`` of their parameters."""

from pathlib import Path
from typing import Protocol

from clmr.storage.strict import Variants

CORPORA = Variants({"rendered": "clmr.corpora.rendered.corpus:RenderedCorpus"})


class CorpusParams(Protocol):
    """What the parameters of every corpus have."""

    @property
    def kind(self) -> str:
        """How it is made."""

    def build(self, corpus_dir: Path, work_dir: Path, n_workers: int) -> None:
        """Make the corpus, or bring it into the one form that stores are built from.

        Args:
            corpus_dir: Gets ``clips.csv``, ``tags.csv`` and the audio files that the former names.
            work_dir: Keeps what is done if the build is interrupted.
            n_workers: Processes that work at the same time.
        """
