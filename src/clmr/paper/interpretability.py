"""What the notebook of chapter 7 reads and sums up.

What belongs here: reading what the stages of activations and filters wrote, and tables for readers. What does not:
filters (:mod:`clmr.paper.filter_table`) and claims (:mod:`clmr.paper.chapter_7_claims`), which have modules of their
own.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from clmr.corpora.store import open_store
from clmr.interpret.activations import Activations, load_activations
from clmr.interpret.filter_statistics import content_limit_hz
from clmr.interpret.filters import NetworkSpectra, load_spectra
from clmr.interpret.out_of_domain import Agreement
from clmr.interpret.params import ActivationsParams, InterpretabilityParams
from clmr.interpret.tag_occurrence import TagOccurrence, leading_tags
from clmr.paper.planned import ShownNetwork
from clmr.storage import paths
from clmr.storage.yaml_files import read_yaml

OUT_OF_DOMAIN_COLUMNS = ("feature", "agreement", "rank_share", "home_tags", "elsewhere_tags")
"""``rank_share``: share of all features whose tags elsewhere agree as well with those of the feature at home."""


def read_activations(params: ActivationsParams) -> dict[str, Activations]:
    """Activations by what they are for, as the parameters name them."""
    return {name: load_activations(paths.activations_dir(one.run, one.store)) for name, one in params.by_name().items()}


def read_spectra(networks: Iterable[ShownNetwork]) -> dict[str, NetworkSpectra]:
    """Spectra of filters by run."""
    return {network.run: load_spectra(paths.filters_dir(network.run)) for network in networks}


def content_limits(
    networks: Iterable[ShownNetwork], params: InterpretabilityParams, stores: Iterable[str]
) -> dict[str, float]:
    """Frequency below which nearly all power lies, by store, of stores that networks were trained on.

    Args:
        networks: The networks.
        params: Window of the spectra, and the share of the power.
        stores: Stores that may be read; of others no limit is told.
    """
    used = dict.fromkeys(one.trained_on for one in networks if one.trained_on in set(stores))
    return {
        store: content_limit_hz(open_store(paths.store_dir(store)), params.ascent.n_samples, params.content_share)
        for store in used
        if store is not None
    }


def over_representation(found: Mapping[str, TagOccurrence | None]) -> pd.DataFrame:
    """How many cells of feature and tag are over-represented.

    Args:
        found: Counts by what they are of; those of a corpus without tags are left out.

    Returns:
        Columns what, features, silent, cells, over_represented, features_with_a_tag.
    """
    rows = [
        {
            "what": name,
            "features": len(one.features),
            "silent": one.n_silent,
            "cells": one.counts.size,
            "over_represented": int(one.over_represented().sum()),
            "features_with_a_tag": int(one.over_represented().any(axis=1).sum()),
        }
        for name, one in found.items()
        if one is not None
    ]
    return pd.DataFrame(rows)


def component_tags(found: TagOccurrence | None, n_tags: int = 6) -> pd.DataFrame:
    """Over-represented tags of each component of a factor analysis; columns component, tags.

    Args:
        found: Counts of the strongest segments by scores of components; of a corpus without tags there are no rows.
        n_tags: At most so many tags of each.
    """
    if found is None:
        return pd.DataFrame(columns=["component", "tags"])
    tags = [", ".join(leading_tags(found, row, n_tags)) or "none" for row in range(len(found.features))]
    return pd.DataFrame({"component": found.features + 1, "tags": tags})


def out_of_domain_table(
    found: Agreement | None, home: TagOccurrence | None, elsewhere: TagOccurrence | None, n_features: int
) -> pd.DataFrame:
    """The features whose tags agree best between two corpora; columns :data:`OUT_OF_DOMAIN_COLUMNS`.

    Only features with an over-represented tag at home are listed, as the thesis describes those alone that are
    coherent at home.

    Args:
        found: The agreement.
        home: Counts on the corpus that the encoder was trained on.
        elsewhere: Those on the other.
        n_features: At most so many features.

    Returns:
        The table, without rows where nothing could be compared.
    """
    if found is None or home is None or elsewhere is None:
        return pd.DataFrame(columns=OUT_OF_DOMAIN_COLUMNS)
    rows = []
    for position in np.argsort(-found.own, kind="stable"):
        feature = found.features[position]
        tags = [_tags_of(feature, one) for one in (home, elsewhere)]
        if tags[0]:
            rows.append((feature, found.own[position], found.rank_share[position], *map(", ".join, tags)))
    return pd.DataFrame(rows[:n_features], columns=OUT_OF_DOMAIN_COLUMNS)


def left_out(found: Sequence[tuple[str, TagOccurrence | None]]) -> list[str]:
    """A sentence for each corpus without tags, whose tags cannot be counted.

    >>> left_out([("the first corpus", None)])
    ['the first corpus has no tags, so what follows on tags leaves it out.']
    """
    return [f"{name} has no tags, so what follows on tags leaves it out." for name, one in found if one is None]


def printed_numbers() -> pd.DataFrame:
    """What the thesis states in numbers in chapter 7; columns artefact, value, section, note."""
    stated = read_yaml(paths.root() / "references" / "thesis.yaml")["claims"]
    columns = ["artefact", "value", "section", "note"]
    return pd.DataFrame([one for one in stated if one["section"].startswith("7.")], columns=columns)


def _tags_of(feature: int, found: TagOccurrence) -> tuple[str, ...]:
    return leading_tags(found, int(np.searchsorted(found.features, feature)))
