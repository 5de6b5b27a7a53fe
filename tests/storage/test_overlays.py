"""Overlays over overlays."""

import pytest

from clmr.storage.overlays import read_overlays, with_overlay


def write(folder, **overlays):
    for name, text in overlays.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_an_overlay_has_the_values_of_the_one_below_and_its_own_in_their_place(tmp_path):
    write(
        tmp_path,
        low="scale: low\nbases: {a: {x: 1, y: 2}}\nstores: {p: null, q: {rate: 1}}\n",
        middle="over: low\nbases: {a: {y: 3}}\n",
        high="over: middle\nscale: high\nstores: {q: null, r: {rate: 2}}\n",
    )
    assert list(read_overlays(tmp_path / "high.yaml")) == ["low.yaml", "middle.yaml", "high.yaml"]
    base = {"scale": "none", "bases": {"a": {"x": 0, "y": 0, "z": 0}}, "stores": {"p": {}, "q": {"rate": 0}, "s": {}}}
    expected = {"scale": "high", "bases": {"a": {"x": 1, "y": 3, "z": 0}}, "stores": {"s": {}, "r": {"rate": 2}}}
    assert with_overlay(base, tmp_path / "high.yaml") == expected
    assert with_overlay(base, tmp_path / "low.yaml")["scale"] == "low"


@pytest.mark.parametrize(
    ("overlays", "message"),
    [
        ({"a": "over: c\n", "b": "scale: x\n"}, "a.yaml: over: found 'c', allowed are b"),
        ({"a": "over: b\n", "b": "over: a\n"}, "b.yaml: over: found 'a', allowed are "),
        ({"a": "over: a\n", "b": ""}, "a.yaml: over: found 'a', allowed are b"),
    ],
)
def test_an_overlay_over_nothing_or_itself_is_refused(tmp_path, overlays, message):
    write(tmp_path, **overlays)
    with pytest.raises(ValueError, match=message):
        read_overlays(tmp_path / "a.yaml")


def test_an_empty_overlay_changes_nothing(tmp_path):
    write(tmp_path, empty="")
    assert with_overlay({"a": 1}, tmp_path / "empty.yaml") == {"a": 1}


PARAMS = {
    "runs": {"a": {"over": "clmr"}},
    "figures": {"filters": {"a": 1}, "size": 2},
    "published": ["thesis"],
}


def test_an_overlay_may_empty_sections_before_it_is_laid_over_them(tmp_path):
    write(tmp_path, own="without: [runs, figures.filters, published]\nruns: {b: {over: clmr}}\n")
    found = with_overlay(PARAMS, tmp_path / "own.yaml")
    assert found == {"runs": {"b": {"over": "clmr"}}, "figures": {"filters": {}, "size": 2}, "published": []}
    assert PARAMS["figures"]["filters"] == {"a": 1}


def test_each_overlay_empties_before_it_is_laid_over_those_below(tmp_path):
    write(
        tmp_path,
        low="without: [runs]\nruns: {b: {over: clmr}}\n",
        high="over: low\nwithout: [published]\nruns: {b: {over: cpc}}\n",
    )
    found = with_overlay(PARAMS, tmp_path / "high.yaml")
    assert found == PARAMS | {"runs": {"b": {"over": "cpc"}}, "published": []}


@pytest.mark.parametrize("stated", ["null", "runs", "[1]", "{runs: []}"])
def test_sections_to_empty_are_a_list_of_names(tmp_path, stated):
    write(tmp_path, own=f"without: {stated}\n")
    with pytest.raises(ValueError, match=r"own.yaml: without: found .*, expected a list of sections, such as"):
        with_overlay(PARAMS, tmp_path / "own.yaml")


@pytest.mark.parametrize("section", ["rums", "figures.size", "figures.filters.a", "published.x"])
def test_only_sections_are_emptied(tmp_path, section):
    write(tmp_path, own=f"without: [{section}]\n")
    with pytest.raises(ValueError, match=rf"own.yaml: without: {section}: found .*, expected a section"):
        with_overlay(PARAMS, tmp_path / "own.yaml")
