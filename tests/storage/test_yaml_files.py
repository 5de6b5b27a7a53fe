"""YAML is read as strictly as DVC reads it, and every refusal is a sentence with a place."""

import pytest

from clmr.storage.yaml_files import parse_yaml, read_yaml


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "x.yaml, line 3: found the key 'a' twice; remove one of them"),
        ("a: {b: 1, b: 2}", "x.yaml, line 1: found the key 'b' twice"),
        ("a: {b: 1", "x.yaml, line 1: "),
        ("a: 1\n---\nb: 2", "x.yaml, line 2: "),
        ("a:\n\t- 1", "x.yaml, line 2: "),
        ("? [a]\n: 1", r"x.yaml, line 1: found the key \['a'\], expected text"),
        ("a: \x00", "x.yaml.*: "),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(text, message):
    with pytest.raises(ValueError, match=message):
        parse_yaml(text, "x.yaml")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"params.yaml: cannot be read \(No such file or directory\)"):
        read_yaml(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"params.yaml: cannot be read \(not UTF-8 text\)"):
        read_yaml(tmp_path / "params.yaml")


def test_anchors_and_merges_are_read():
    assert parse_yaml("a: &x {b: 1}\nc: {<<: *x, d: 2}", "x")["c"] == {"b": 1, "d": 2}
