"""The claims of the thesis: valid, resting on its numbers, each with two rows of ours that are like the thesis's."""

import json

import pytest

from clmr.paper.artefacts import ARTEFACTS
from clmr.paper.claims import BLOCKS, ClaimEntry, Selector, load_claims
from clmr.paper.planned import ScoredSystem

from .examples import ROLES, ROOT, THESIS, ablated, system

CLAIMS = load_claims(ROOT / "references" / "claims.yaml", THESIS)
DECIDABLE = [claim for claim in CLAIMS if claim.decided_by is None]
AS_IN_THE_THESIS = {
    "magnatagatune": "primary",
    "million_song": "secondary",
    "fma": "unlabelled_large",
    "billboard": "unlabelled_medium",
    "gtzan": "unlabelled_small",
}
ENTRY = {
    "id": "filter_helps",
    "claim": "A filter helps.",
    "section": "6.3",
    "thesis_first": "fig_6_3.clmr.linear.mtat.filter.p1_0.pr_auc_tag",
    "thesis_second": "fig_6_3.clmr.linear.mtat.crop.p1_0.pr_auc_tag",
    "first": {"experiment": "ablation", "system": "clmr", "head": "linear", "corpus": "primary",
              "varies": {"augmentation": "filter"}},
    "second": {"experiment": "ablation", "system": "clmr", "head": "linear", "corpus": "primary",
               "varies": {"augmentation": "crop"}},
}  # fmt: skip


def test_every_section_that_compares_has_claims():
    sections = {claim.section for claim in CLAIMS}
    assert {"6.1", "6.3", "6.4", "6.5", "6.6.1", "6.6.2", "6.6.3", "6.6.4", "7.1", "7.2", "7.4", "7.5"} == sections
    assert all(claim.claim.endswith(".") and (claim.note or ".").endswith(".") for claim in CLAIMS)


@pytest.mark.parametrize("claim", DECIDABLE, ids=lambda claim: claim.id)
def test_the_thesis_puts_the_first_system_ahead(claim):
    first, second = THESIS.row(claim.thesis_first), THESIS.row(claim.thesis_second)
    assert first.value > second.value or (first.value == second.value and "equal scores" in claim.note)


@pytest.mark.parametrize("claim", DECIDABLE, ids=lambda claim: claim.id)
def test_our_rows_are_like_those_of_the_thesis(claim):
    for identifier, selector in ((claim.thesis_first, claim.first), (claim.thesis_second, claim.second)):
        row = THESIS.row(identifier)
        assert (selector.system, selector.head) == (row.system, row.head)
        assert selector.corpus == AS_IN_THE_THESIS[row.eval_corpus]
        if row.pretrain_corpus not in (None, row.eval_corpus):
            assert selector.pretrained_on == AS_IN_THE_THESIS[row.pretrain_corpus]
        # Which block of a table ours is in is nothing that the thesis varies.
        varies = {key: value for key, value in selector.varies.items() if key not in BLOCKS}
        assert set(varies) == set(THESIS.varies(row.artefact))
        exact = {key: value for key, value in varies.items() if value not in ("smallest", "largest")}
        assert row.matches(**exact)


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim.decided_by], ids=lambda claim: claim.id)
def test_the_table_that_decides_a_claim_is_built(claim):
    assert claim.decided_by in {artefact.name for artefact in ARTEFACTS}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"thesis_first": "table_9.clmr"}, "filter_helps: found no row 'table_9.clmr' in thesis.yaml; name the id of"),
        (
            {"thesis_second": "fig_1_1.clmr.linear.mtat.parameters_millions"},
            "filter_helps: found numbers in pr_auc_tag and parameters_millions; name two of one metric",
        ),
        (
            {"second": None},
            "found thesis_first, thesis_second, first to decide it; state .*, second, or decided_by alone",
        ),
        ({"decided_by": "table_9"}, "found thesis_first, thesis_second, first, second, decided_by to decide it"),
        (dict.fromkeys(("thesis_first", "thesis_second", "first", "second")), "found nothing to decide it"),
        ({"verdict": "reproduced"}, "filter_helps: found unknown key verdict, allowed are id, claim, section"),
        (
            {"first": ENTRY["first"] | {"corpus": "tertiary"}},
            "first.corpus: found str 'tertiary', allowed are 'primary'",
        ),
        (
            {"first": ENTRY["first"] | {"corpus": "secondary"}},
            "second.corpus must be secondary, as first.corpus, got 'primary'",
        ),
        ({"first": ENTRY["second"]}, "second must be another row than first, got Selector"),
        (
            {"first": ENTRY["first"] | {"varies": {"colour": 3}}},
            r"varies must be among batch_size, .*, got \['colour'\]",
        ),
        (
            {"first": ENTRY["first"] | {"varies": {"epochs": [5]}}},
            r"varies.epochs must be a number, a name, smallest or largest, got \[5\]",
        ),
    ],
)
def test_what_is_wrong_in_the_file_is_named(change, message, tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(json.dumps({"claims": [ENTRY | change]}))
    with pytest.raises(ValueError, match=message):
        load_claims(path, THESIS)


def test_ids_are_unique(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(json.dumps({"claims": [ENTRY, ENTRY]}))
    with pytest.raises(ValueError, match=r"claims.yaml: ids must be unique, repeated: \['filter_helps'\]"):
        load_claims(path, THESIS)


def test_a_claim_that_a_table_decides_needs_nothing_else():
    claim = ClaimEntry("narrow", "The first layer is narrow.", "7.1", decided_by="table_9")
    assert claim.first is None


def chosen(planned, **varies):
    return Selector("ablation", "clmr", "linear", "primary", varies=varies).choose(planned, ROLES)


def test_a_selector_chooses_by_experiment_system_corpus_and_settings():
    wanted = ablated(augmentation="filter", probability=1.0)
    others = [
        ablated(augmentation="filter", probability=0.4),
        ablated(augmentation="crop", probability=1.0),
        ablated(temperature=0.1),
        ablated("cpc", augmentation="filter", probability=1.0),
        ablated("clmr", "merlin", augmentation="filter", probability=1.0),
        system("clmr", augmentation="filter", probability=1.0),
    ]
    assert chosen([*others, wanted], augmentation="filter", probability=1.0) == [wanted]
    assert chosen(others, augmentation="filter", probability=1.0) == []
    assert len(chosen(others, augmentation="filter")) == 1


def test_an_extreme_is_that_of_the_rows_that_have_all_else():
    rows = [ablated(epochs=epochs) for epochs in (10, 40, 5)]
    # Neither another corpus nor another table decides what is largest.
    others = [ablated("clmr", "merlin", epochs=99), ablated(temperature=0.5), system("clmr", epochs=99)]
    assert chosen([*rows, *others], epochs="largest") == [rows[1]]
    assert chosen([*rows, *others], epochs="smallest") == [rows[2]]
    assert chosen(others, epochs="largest") == []


def test_another_corpus_of_pretraining_has_to_be_named():
    roles = ROLES | {"far": "unlabelled_small"}
    near, far = system("cpc"), ScoredSystem("probe_transfer@far", "cpc", "cpc_far", "far", "scores", "primary")
    selectors = [Selector("main", "cpc", "linear", "primary", role) for role in (None, "unlabelled_small")]
    assert [selector.choose([near, far], roles) for selector in selectors] == [[near], [far]]
    assert Selector("main", "cpc", "linear", "primary", "unlabelled_large").choose([near, far], roles) == []
    untrained = system("random_init")
    assert Selector("main", "random_init", "linear", "primary").choose([untrained], roles) == [untrained]


def test_a_row_of_two_blocks_decides_the_claims_on_both():
    roles = ROLES | {"far": "unlabelled_small"}
    scored = {
        "both": {"same_steps": True, "same_epochs": True},
        "long": {"same_steps": True},
        "short": {"same_epochs": True},
    }
    planned = {
        name: ScoredSystem(
            f"grid@{name}", "cpc", name, "scores" if name == "both" else "far", "scores", "primary", varies
        )
        for name, varies in scored.items()
    }
    for block, name in (("same_steps", "long"), ("same_epochs", "short")):
        for role, wanted in ((None, "both"), ("unlabelled_small", name)):
            selector = Selector("main", "cpc", "linear", "primary", role, {block: True})
            assert selector.choose(list(planned.values()), roles) == [planned[wanted]]
