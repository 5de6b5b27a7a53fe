"""A rendered corpus as the registry knows it: its parameters, and how to build it from them."""

from pathlib import Path

from clmr.corpora.rendered.params import RenderedCorpusParams
from clmr.storage.strict import strict


@strict
class RenderedCorpus(RenderedCorpusParams):
    """Parameters of a rendered corpus that can be built.

    Separate from :class:`RenderedCorpusParams`, which all modules of rendering read, so that none of them imports
    a module that imports it.
    """

    def build(self, corpus_dir: Path, work_dir: Path, n_workers: int) -> None:
        """Render the corpus.

        Args:
            corpus_dir: Receives audio and tables; see :func:`clmr.corpora.rendered.build.build_corpus`.
            work_dir: Keeps finished clips if the build is interrupted.
            n_workers: Processes that render at the same time.
        """
        # Imported here: synthesis needs optional packages, which reading parameters must not.
        from clmr.corpora.rendered.build import build_corpus

        build_corpus(self, corpus_dir, work_dir, n_workers)
