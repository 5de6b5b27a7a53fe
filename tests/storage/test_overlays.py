"""Overlays over overlays."""

import pytest

from clmr.storage.overlays import read_overlay, with_overlay


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
    expected = {"scale": "high", "bases": {"a": {"x": 1, "y": 3}}, "stores": {"p": None, "q": None, "r": {"rate": 2}}}
    assert read_overlay(tmp_path / "high.yaml") == expected
    assert read_overlay(tmp_path / "low.yaml")["scale"] == "low"


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
        read_overlay(tmp_path / "a.yaml")


def test_an_empty_overlay_changes_nothing(tmp_path):
    write(tmp_path, empty="")
    assert read_overlay(tmp_path / "empty.yaml") == {}


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


@pytest.mark.parametrize("section", ["rums", "figures.size", "figures.filters.a", "published.x"])
def test_only_sections_are_emptied(tmp_path, section):
    write(tmp_path, own=f"without: [{section}]\n")
    with pytest.raises(ValueError, match=rf"own.yaml: without: {section}: found .*, expected a section"):
        with_overlay(PARAMS, tmp_path / "own.yaml")
