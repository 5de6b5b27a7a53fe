"""The claims of chapter 7: decided by their tests, corrected together, and honest about what is not there."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clmr.interpret.out_of_domain import agreement
from clmr.interpret.tag_occurrence import tag_occurrence
from clmr.paper import chapter_7_claims as claims
from clmr.paper.claims import load_claims
from clmr.paper.interpretability_markdown import chapter_7_markdown
from tests.interpret.examples import activations, untagged

from .chapter_7 import NETWORKS, PARAMS, SPECTRA
from .examples import ROOT, THESIS

ALL = load_claims(ROOT / "references" / "claims.yaml", THESIS)


def test_a_narrow_first_layer_is_found_and_the_untrained_one_beside_it():
    found = claims.narrow_first_layer(NETWORKS[0], SPECTRA, "random_init", PARAMS)
    assert found.values[1] == 0
    assert found.p_value == pytest.approx(0.01)
    assert re.fullmatch(r"The untrained network has \d+ and 0 Hz\.", found.note)


def test_filters_like_those_of_supervision_are_found():
    found = claims.small_corpus_like_supervision(NETWORKS, SPECTRA, PARAMS)
    assert found.values[0] > found.values[1]
    assert found.p_value == pytest.approx(0.01)


def test_another_corpus_than_a_small_one_does_not_decide_it():
    others = [one for one in NETWORKS if one.run != "clmr_small"]
    assert "shows no encoder by CLMR from a store" in claims.small_corpus_like_supervision(others, SPECTRA, PARAMS)


def test_an_even_response_is_told_from_a_narrow_one():
    even, narrow = activations(follows=()), activations(follows=(0,) * 8, seed=1, store="secondary")
    found = claims.broad_on_secondary(narrow, even, PARAMS)
    assert found.values[0] > found.values[1]
    assert found.p_value < 0.01
    assert (found.first, found.second) == ("clmr_primary on primary", "clmr_primary on secondary")


def test_loud_tags_that_features_follow_stand_out():
    found = claims.loud_tags(activations(follows=(0,) * 8), PARAMS)
    assert found.values[0] > 2 > found.values[1]
    assert found.p_value < 0.001
    assert found.note == (
        "A mean over features, not a count of them. Share of the segments: techno 20.0 %, guitar 25.0 %, solo 25.0 %. "
        "Not among the tags of this corpus: loud."
    )
    assert "lacks the tags" in claims.loud_tags(activations(tag_names=("reel", "jig", "flute")), PARAMS)
    assert "lacks the tags" in claims.loud_tags(untagged(), PARAMS)


def test_loud_tags_that_are_as_frequent_as_the_others_are_left_out():
    given = activations(follows=(0,) * 8)
    some = claims.loud_tags(given, replace(PARAMS, loud_tags=("techno", "guitar"), frequent_tags=("solo",)))
    assert (some.first, some.second) == ("techno", "solo")
    assert "Left out, since no rarer than the frequent tags: guitar." in some.note
    none = claims.loud_tags(given, replace(PARAMS, loud_tags=("guitar",), frequent_tags=("flute", "solo")))
    assert none == (
        "No loud tag is rarer than all of flute, solo. Share of the segments: guitar 25.0 %, flute 23.3 %, solo 25.0 %."
    )


def findings():
    counts = [tag_occurrence(one, one.values, 30) for one in (activations(), activations(seed=1))]
    matched = agreement(*counts, 99, np.random.default_rng(0))
    return {
        "first_layer_is_narrow": claims.narrow_first_layer(NETWORKS[0], SPECTRA, None, PARAMS),
        "less_diverse_corpus_like_supervision": "There is no such corpus.",
        "secondary_activates_broadly": claims.broad_on_secondary(activations(), activations(seed=1), PARAMS),
        "loud_tags_dominate": claims.loud_tags(activations(), PARAMS),
        "features_generalise": claims.generalising(matched),
    }


def test_the_table_has_the_claims_that_name_it_with_one_correction():
    table = claims.chapter_7_table(ALL, findings())
    assert tuple(table.columns) == claims.CHAPTER_7_COLUMNS
    assert table.id.tolist() == list(findings())
    decided = table[table.p.notna()]
    assert decided.p_holm.min() == pytest.approx(4 * decided.p.min())
    assert table.verdict[0] == "reproduced"
    assert table.verdict[1] == "not built"
    assert set(table.verdict) <= {"reproduced", "inconclusive", "contradicted", "not built"}


def test_a_clear_difference_the_other_way_is_a_contradiction():
    wrong = claims.Finding("m", "Hz", "a", "b", (1.0, 2.0), "t", 0.001, "")
    table = claims.chapter_7_table(ALL, findings() | {"features_generalise": wrong})
    assert table.set_index("id").verdict["features_generalise"] == "contradicted"


def test_a_claim_without_a_finding_is_named():
    some = {name: found for name, found in findings().items() if name != "loud_tags_dominate"}
    with pytest.raises(ValueError, match="found no finding for loud_tags_dominate"):
        claims.chapter_7_table(ALL, some)


def test_nothing_to_compare_decides_nothing():
    assert claims.generalising(None).startswith("The corpora have too few tags in common")


def test_readers_see_values_test_and_verdict():
    text = chapter_7_markdown(claims.chapter_7_table(ALL, findings()))
    assert "permutation of filters" in text
    assert "| **not built** |" in text
    assert "- *Pre-trained on the less diverse Billboard corpus" in text
    assert pd.isna(claims.chapter_7_table(ALL, findings()).p[1])
