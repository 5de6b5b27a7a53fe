"""Recipes and overlays: what is laid over what, and what is refused."""

import pytest

from clmr.storage.layering import combination_name, combinations, merged, overlaid, resolved, with_values

BASES = {
    "clmr": {"epochs": 60, "encoder": {"kind": "sample_cnn", "width": 16}, "temperature": 0.2},
    "short": {"over": "clmr", "epochs": 12},
    "loop": {"over": "pool"},
    "pool": {"over": "loop"},
    "narcissus": {"over": "narcissus"},
}


def test_a_line_is_laid_over_its_base_and_that_over_its_own():
    line = {"over": "short", "encoder": {"width": 32}}
    assert resolved(line, BASES, "runs.x") == {
        "epochs": 12,
        "encoder": {"kind": "sample_cnn", "width": 32},
        "temperature": 0.2,
    }


def test_another_kind_replaces_a_mapping_as_a_whole():
    assert merged(BASES["clmr"], {"encoder": {"kind": "cpc"}})["encoder"] == {"kind": "cpc"}
    assert merged({"augmentations": {"gain": {"p": 1.0}}}, {"augmentations": None}) == {"augmentations": None}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"over": "loop"}, r"runs.x: the base loop is laid over itself \(loop over pool over loop\)"),
        ({"over": "narcissus"}, r"narcissus is laid over itself \(narcissus over narcissus\)"),
        ({"over": "nope"}, "runs.x: over: found 'nope', which is no base; defined are clmr, short"),
        ({"over": ["clmr"]}, r"over: found \['clmr'\], which is no base"),
    ],
)
def test_a_base_that_is_missing_or_chains_to_itself_is_refused(line, message):
    with pytest.raises(ValueError, match=message):
        resolved(line, BASES, "runs.x")


def test_a_grid_has_every_combination():
    found = list(combinations({"epochs": [1, 2], "encoder.width": [8, 16, 32]}))
    assert len(found) == 6
    assert found[1] == {"epochs": 1, "encoder.width": 16}


def test_a_list_of_grids_has_the_combinations_of_each():
    grids = [{"epochs": [1], "encoder.width": [8, 16]}, {"temperature": [0.1]}]
    assert list(combinations(grids)) == [
        {"epochs": 1, "encoder.width": 8},
        {"epochs": 1, "encoder.width": 16},
        {"temperature": 0.1},
    ]
    assert list(combinations(grids[1:])) == list(combinations(grids[1]))


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"epochs": 40}, "epochs=40"),
        ({"augmentations.pitch.p": 1.0, "projector": "linear"}, "augmentations.pitch.p=1.0,projector=linear"),
        ({"rate": 1.0e-4}, "rate=0.0001"),
        ({"optimizer": {"kind": "adam"}}, "optimizer=--kind----adam--"),
        ({"store": "../x"}, "store=..-x"),
    ],
)
def test_a_combination_has_a_name_for_a_folder(values, name):
    assert combination_name(values) == name


def test_a_grid_over_an_unknown_key_is_refused():
    assert with_values(BASES["clmr"], {"encoder.width": 8}, "grids.x")["encoder"]["width"] == 8
    assert BASES["clmr"]["encoder"]["width"] == 16
    for key, place in (("temprature", "grids.x: found unknown key temprature"), ("encoder.depth", "grids.x.encoder: ")):
        with pytest.raises(ValueError, match=f"{place}.*allowed are"):
            with_values(BASES["clmr"], {key: 1}, "grids.x")


PARAMS = {
    "scale": "embedded",
    "corpora": {"scores": {"kind": "rendered", "n_clips": 10}},
    "stores": {"primary": {"corpus": "scores", "sample_rate_hz": 8000}},
    "bases": BASES,
    "runs": {"a": {"over": "clmr", "store": "primary"}},
}


def test_an_overlay_changes_what_it_names():
    overlay = {"bases": {"clmr": {"epochs": 2}}, "runs": {"a": {"seeds": [0, 1]}}, "scale": "smoke"}
    found = overlaid(PARAMS, overlay, "smoke.yaml")
    assert found["bases"]["clmr"] == BASES["clmr"] | {"epochs": 2}
    assert found["runs"]["a"] == {"over": "clmr", "store": "primary", "seeds": [0, 1]}
    assert PARAMS["scale"] == "embedded"


def test_an_overlay_may_bring_data_of_its_own_and_drop_others():
    overlay = {"corpora": {"scores": None, "mtat": {"kind": "other"}}, "stores": {"primary": {"corpus": "mtat"}}}
    found = overlaid(PARAMS, overlay, "paper.yaml")
    assert list(found["corpora"]) == ["mtat"]
    assert found["stores"]["primary"] == {"corpus": "mtat", "sample_rate_hz": 8000}


def test_an_overlay_may_bring_a_grid_that_reads_its_data_and_drop_one_that_does_not():
    grids = {"rates": {"over": "clmr", "grid": {"rate": [12000]}}, "epochs": {"over": "clmr", "grid": {"epochs": [1]}}}
    overlay = {"grids": {"rates": None, "other_rates": {"over": "clmr"}, "epochs": {"grid": {"epochs": [2]}}}}
    found = overlaid(PARAMS | {"grids": grids}, overlay, "paper.yaml")["grids"]
    assert found == {"epochs": {"over": "clmr", "grid": {"epochs": [2]}}, "other_rates": {"over": "clmr"}}


def test_an_overlay_may_bring_a_run_that_names_its_base():
    run = {"over": "clmr", "store": "music"}
    assert overlaid(PARAMS, {"runs": {"b": run}}, "own_music.yaml")["runs"] == PARAMS["runs"] | {"b": run}


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"base": {}}, "smoke.yaml: found base, which params.yaml lacks; allowed there are scale, corpora"),
        (
            {"bases": {"clmr": {"epoch": 2}}},
            "found bases.clmr.epoch, which params.yaml lacks; allowed there are epochs",
        ),
        ({"runs": {"b": {"epochs": 2}}}, "found runs.b, which params.yaml lacks; allowed there are a"),
        ({"corpora": {"scores": {"clips": 2}}}, "found corpora.scores.clips, which"),
    ],
)
def test_an_overlay_with_a_key_that_the_base_lacks_is_refused(overlay, message):
    with pytest.raises(ValueError, match=message):
        overlaid(PARAMS, overlay, "smoke.yaml")
