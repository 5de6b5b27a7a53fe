"""Which published data sets the parameters ask for, which of their files are missing, and what runs without them."""

from collections.abc import Mapping
from typing import Any

from clmr.corpora.declaration import shopping_list
from clmr.corpora.published import PublishedCorpus
from clmr.params import corpora_of, load_params
from clmr.pipeline.stage_graph import grouped, needing, stage_files
from clmr.storage import paths
from clmr.storage.yaml_files import read_yaml


def data_report(mapping: Mapping[str, Any]) -> str:
    """For each corpus: nothing to do, what is fetched, or what to put where; then the stages that run meanwhile.

    Args:
        mapping: All parameters, as read from params.yaml.

    Raises:
        ValueError: If they are not valid.
    """
    parts, waiting = [], []
    for name, corpus in corpora_of(load_params(mapping)).items():
        if not isinstance(corpus, PublishedCorpus):
            parts.append(f"{name}: nothing to fetch")
            continue
        declared, sources = corpus.declaration(), paths.sources_dir(corpus.kind)
        listed = shopping_list(declared, sources, f"data/sources/{corpus.kind}")
        heading = f"{name}: {declared.title}. Licence: {declared.licence}. Please cite {declared.citation}"
        if not listed:
            parts.append(f"{heading}\n  all files are there")
            continue
        by_hand = any(True for _ in declared.missing_by_hand(sources))
        waiting += [name] if by_hand else []
        verb = "to bring by hand where no address is given" if by_hand else "fetched by dvc repro, or put there by hand"
        parts.append(f"{heading}\n  missing, {verb}:\n{listed}")
    if waiting:
        parts.append(runnable_without(waiting, mapping))
    return "\n".join(parts)


def runnable_without(corpora: list[str], mapping: Mapping[str, Any]) -> str:
    """A sentence on the stages that can run while some corpora are missing."""
    graph = stage_files(read_yaml(paths.root() / "dvc.yaml"), mapping)
    blocked = set().union(*(needing(f"download@{name}", graph) for name in corpora))
    names = ", ".join(corpora)
    return (
        f"Without {names}, dvc repro --keep-going runs {len(graph) - len(blocked)} of {len(graph)} stages: "
        f"{grouped(set(graph) - blocked)}"
    )
