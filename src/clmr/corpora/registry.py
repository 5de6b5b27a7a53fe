"""Which corpora there are: what makes each kind, from which parameters."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clmr.corpora.rendered.build import build_corpus
from clmr.corpora.rendered.params import RenderedCorpusParams
from clmr.storage.strict import from_mapping

CorpusParams = RenderedCorpusParams
_PARAMS = {"rendered": RenderedCorpusParams}
_BUILD = {RenderedCorpusParams: build_corpus}


def corpus_params(mapping: Any, where: str) -> CorpusParams:
    """Checked parameters of a corpus, of the class that its ``kind`` names.

    Raises:
        ValueError: If the kind is missing or unknown, or a parameter is not valid.
    """
    kind = mapping.get("kind") if isinstance(mapping, Mapping) else None
    if kind not in _PARAMS:
        raise ValueError(f"{where}.kind: found {kind!r}, allowed are {', '.join(_PARAMS)}")
    return from_mapping(_PARAMS[kind], {key: value for key, value in mapping.items() if key != "kind"}, where)


def build(params: CorpusParams, corpus_dir: Path, work_dir: Path, n_workers: int) -> None:
    """Put audio, ``clips.csv`` and ``tags.csv`` of a corpus into ``corpus_dir``; go on from ``work_dir``."""
    _BUILD[type(params)](params, corpus_dir, work_dir, n_workers)
