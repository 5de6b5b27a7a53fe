"""Whether corpora fit what reads them, as far as can be told before anything is built.

What belongs here: checks that need a corpus and a reader of it. What does not: sample rates, which a line and a store
state (:mod:`clmr.runs`), and what only the files of a corpus tell, which stages check when they read them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from clmr.corpora.build_store import StoreParams
from clmr.corpora.registry import WITHOUT_TAGS, CorpusParams
from clmr.runs import Run
from clmr.storage.strict import require


class Readers(Protocol):
    """Sections of the parameters that name stores."""

    @property
    def stores(self) -> Mapping[str, StoreParams]:
        """Stores by role."""

    @property
    def transfers(self) -> Mapping[str, Any]:
        """Encoders that are probed on another store."""

    @property
    def baselines(self) -> Mapping[str, Any]:
        """Baselines by the store that they are scored on."""


def require_fit(
    readers: Readers, corpora: Mapping[str, CorpusParams], runs: Iterable[Run], shown: Mapping[str, str]
) -> None:
    """Raise ``ValueError`` where tags are predicted that no corpus has, or clips are shorter than a network's input.

    Args:
        readers: Stores, and the sections that name them.
        corpora: Corpora by name.
        runs: All runs.
        shown: Stores whose tags figures show, by the place that names them.
    """
    runs = list(runs)
    tagged = [name for name, store in readers.stores.items() if corpora[store.corpus].kind not in WITHOUT_TAGS]
    for place, store in [*_scored(readers), *shown.items(), *_evaluated(runs)]:
        allowed = f"a store whose corpus has tags ({', '.join(tagged)}), since they are predicted there"
        require(store in tagged, f"params.yaml: {place}", store, allowed)
    for run in runs:
        for name in dict.fromkeys((run.recipe.store, run.evaluate_on)):
            _require_long_enough(run, name, readers.stores[name], corpora)


def _scored(readers: Readers) -> Iterator[tuple[str, str]]:
    """Where a section names a store whose tags are predicted, and the store."""
    for name, transfer in readers.transfers.items():
        yield f"transfers.{name}.store", transfer.store
    for name in readers.baselines:
        yield f"baselines.{name}", name


def _evaluated(runs: Iterable[Run]) -> Iterator[tuple[str, str]]:
    """Where a run names the store whose tags it predicts, and the store."""
    for run in runs:
        key = "store" if run.is_supervised else "evaluate_on"
        yield f"{key} of {run.name}", run.evaluate_on


def _require_long_enough(run: Run, name: str, store: StoreParams, corpora: Mapping[str, CorpusParams]) -> None:
    """Raise ``ValueError`` if the clips of a corpus, where they have one length, are shorter than a network's input."""
    duration_s = getattr(corpora[store.corpus], "clip_duration_s", None)
    if duration_s is None:
        return
    network = run.recipe.model if run.is_supervised else run.recipe.encoder
    needed_s = network.clip_samples / store.sample_rate_hz
    allowed = f"at least the {needed_s:.2f} s of the network's input, {network.clip_samples} samples"
    require(
        duration_s >= needed_s,
        f"params.yaml: clip_duration_s of {store.corpus}, which {run.name} reads from the store {name}",
        duration_s,
        allowed,
    )
