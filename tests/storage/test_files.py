"""Files are whole or absent, and equal content is equal bytes."""

import hashlib

import pytest

from clmr.storage.files import read_json, replacing, sha256_of, write_json, write_text


def test_an_interrupted_writer_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a" / "file.txt"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_json_has_sorted_keys_a_final_newline_and_no_nan(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"b": 1.5, "a": [1, None, "ä"]})
    assert path.read_bytes() == '{\n  "a": [\n    1,\n    null,\n    "ä"\n  ],\n  "b": 1.5\n}\n'.encode()
    assert read_json(path) == {"b": 1.5, "a": [1, None, "ä"]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"a": float("nan")})
    assert read_json(path)["b"] == 1.5


def test_digest_is_that_of_the_bytes(tmp_path):
    path = tmp_path / "big"
    path.write_bytes(b"x" * 3_000_001)
    assert sha256_of(path) == hashlib.sha256(b"x" * 3_000_001).hexdigest()
