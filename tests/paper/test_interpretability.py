"""What notebook 08 reads and sums up, also of a corpus without tags."""

import numpy as np
import pytest

from clmr.interpret.activations import save_activations
from clmr.interpret.filters import save_spectra
from clmr.interpret.out_of_domain import agreement
from clmr.interpret.tag_occurrence import tag_occurrence
from clmr.paper import activation_figures, interpretability
from clmr.paper.interpretability_markdown import out_of_domain_markdown
from clmr.storage import paths
from tests.interpret.examples import activations, untagged

from .chapter_7 import NETWORKS, PARAMS, SPECTRA


@pytest.fixture(scope="module")
def counts():
    return [tag_occurrence(one, one.values, 30) for one in (activations(), activations(seed=1))]


@pytest.fixture(scope="module")
def matched(counts):
    return agreement(*counts, 99, np.random.default_rng(0))


def test_what_stages_wrote_is_read_by_name(repository):
    for one in PARAMS.activations.by_name().values():
        save_activations(paths.activations_dir(one.run, one.store), activations(store=one.store))
    for network in NETWORKS:
        save_spectra(paths.filters_dir(network.run), SPECTRA[network.run])
    read = interpretability.read_activations(PARAMS.activations)
    assert [one.store for one in read.values()] == ["primary", "secondary", "secondary", "primary"]
    assert list(interpretability.read_spectra(NETWORKS)) == [one.run for one in NETWORKS]


def test_features_with_tags_at_home_are_listed_best_first(counts, matched):
    table = interpretability.out_of_domain_table(matched, *counts, n_features=2)
    assert len(table) == 2
    assert table.agreement.is_monotonic_decreasing
    assert table.home_tags.str.len().min() > 0
    assert "| " + str(table.feature[0]) + " |" in out_of_domain_markdown(table)


def test_cells_are_counted_for_all_that_have_tags(counts):
    table = interpretability.over_representation({"primary": counts[0], "none": None})
    assert table.what.tolist() == ["primary"]
    assert table.over_represented[0] == counts[0].over_represented().sum()


def test_components_have_their_tags(counts):
    assert interpretability.component_tags(counts[0]).tags.tolist()[:4] == ["techno", "guitar", "flute", "none"]


def test_a_corpus_without_tags_gives_sentences_and_tables_without_rows():
    assert tag_occurrence(untagged(), untagged().values, 30) is None
    assert interpretability.component_tags(None).empty
    assert interpretability.out_of_domain_table(None, None, None, 3).empty
    for figure in (activation_figures.tag_occurrence(None), activation_figures.out_of_domain(None, "a", "b")):
        assert figure.axes[0].texts[0].get_text().endswith(".")


def test_figures_show_every_feature(counts, matched):
    means = activation_figures.mean_activations([activations()])
    assert means["mean"].is_monotonic_decreasing
    assert sorted(means.feature) == list(range(8))
    drawn = activation_figures.activations(means)
    assert drawn.axes[0].lines[0].get_xdata().tolist() == list(range(1, 9))
    heat = activation_figures.tag_occurrence(counts[0]).axes[0].images[0].get_array()
    assert heat.shape == (4, 8)
    # White where chance explains it.
    assert (~np.ma.getmaskarray(heat)).sum() == counts[0].over_represented().sum()
    assert len(activation_figures.out_of_domain(matched, "a", "b").axes) == 2
