"""The kinds of corpora, told apart by the ``kind`` of their parameters."""

from pathlib import Path
from typing import Protocol

from clmr.storage.strict import Variants

# Strings, not classes, so that a corpus depends on the code of its own kind only.
CORPORA = Variants(
    {
        "folder": "clmr.corpora.folder:FolderParams",
        "rendered": "clmr.corpora.rendered.corpus:RenderedCorpus",
        "unlabelled": "clmr.corpora.rendered.unlabelled:UnlabelledCorpus",
        "magnatagatune": "clmr.corpora.magnatagatune:MagnaTagATuneParams",
        "million_song": "clmr.corpora.million_song:MillionSongParams",
        "fma": "clmr.corpora.fma:FMAParams",
        "gtzan": "clmr.corpora.gtzan:GTZANParams",
        "billboard": "clmr.corpora.billboard:BillboardParams",
    }
)
RENDERED = ("rendered", "unlabelled")
"""Kinds that are made on this machine; the thesis has none of them."""
WITHOUT_TAGS = ("billboard", "unlabelled")
"""Kinds that have no tags: they can be pre-trained on, and nothing else."""


class CorpusParams(Protocol):
    """What the parameters of all corpora share."""

    @property
    def kind(self) -> str:
        """How the corpus is made."""

    def build(self, corpus_dir: Path, work_dir: Path, n_workers: int) -> None:
        """Make the corpus, or bring it into the one form that stores are built from.

        Args:
            corpus_dir: Receives ``clips.csv``, ``tags.csv`` and the audio files that the former names.
            work_dir: Keeps unfinished work if the build is interrupted.
            n_workers: Processes that work at the same time.
        """
