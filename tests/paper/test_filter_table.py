"""The table of filters: every network and layer, trained ones beside the untrained of their kind."""

import pytest

from clmr.paper.filter_table import filter_table, untrained_twin
from clmr.paper.interpretability_markdown import filters_markdown

from .chapter_7 import NETWORKS, SPECTRA


@pytest.fixture(scope="module")
def table():
    return filter_table(NETWORKS, SPECTRA, n_permutations=99, seed=0)


def test_every_network_layer_and_objective_has_a_row(table):
    assert len(table) == 4 * 2 * 2
    assert not table.duplicated(["run", "layer", "objective"]).any()


def test_peaks_at_the_hop_are_counted(table):
    first = table[(table.run == "clmr_primary") & (table.layer == 1)]
    assert (first.share_at_hop == 1).all()
    assert first.at_hop_hz.tolist() == pytest.approx([8_000 / 3] * 2)


def test_what_equals_the_untrained_is_not_told_apart_and_what_differs_is(table):
    own = table[table.run == "clmr_primary"].groupby("layer").first()
    assert own.peaks_p_holm[1] == 1
    assert own.peaks_p_holm[2] < 0.001
    assert (table.peaks_p_holm.dropna() >= table.peaks_p.dropna()).all()


def test_an_untrained_network_is_compared_with_none(table):
    assert table[table.run == "random_init"].peaks_p.isna().all()
    assert untrained_twin(NETWORKS[3], NETWORKS) is None
    assert untrained_twin(NETWORKS[0], NETWORKS[:3]) is None


def test_readers_see_frequencies_with_their_unit(table):
    text = filters_markdown(table)
    assert "| CLMR | clmr_primary | 1 | mean | 32 | 2667 [2667, 2667] | 2667 Hz | 100.0 % (0.8 %) |" in text
