"""The code of a stage: what counts as it, what does not, and that a variant belongs to those who use it."""

from typing import Annotated, Any

import pytest

from clmr.pipeline import code
from clmr.pipeline.code import closure, code_digests, imported_modules, is_neutral, text_digest
from clmr.storage.strict import Late, from_mapping, strict

ADAM = {"kind": "adam", "learning_rate": 0.1, "schedule": {"kind": "constant"}, "weight_decay": 0.0}


@strict
class Tuned:
    optimizer: Annotated[Any, Late("clmr.optim:AdamParams")]


def test_the_closure_follows_imports_of_modules_names_and_packages():
    assert {"clmr.losses", "clmr.compute.precision"} <= set(closure(["clmr.losses"]))
    assert {"clmr.batches.crops", "clmr.corpora.store", "clmr.storage.files"} <= set(closure(["clmr.batches.crops"]))
    assert imported_modules("import torch\nfrom pathlib import Path", "here") == []
    assert "clmr.losses" in imported_modules("def late():\n    from clmr import losses", "here")


def test_what_only_a_type_checker_imports_is_not_run():
    source = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from clmr import losses\nelse:\n    import clmr.optim"
    )
    assert imported_modules(source, "here") == ["clmr", "clmr.optim"]


def test_a_relative_import_is_refused_with_its_place():
    with pytest.raises(ValueError, match="clmr.x, line 2: found a relative import.*write from clmr"):
        imported_modules("import torch\nfrom . import losses", "clmr.x")


def test_plumbing_is_neither_digested_nor_followed():
    assert is_neutral("clmr.storage.paths")
    assert is_neutral("clmr.compute.progress")
    for kept in ("clmr.storage.files", "clmr.storage.strict", "clmr.compute.seeding", "clmr.pipeline.stages.store"):
        assert not is_neutral(kept)
    assert closure(["clmr.pipeline.plan"]) == []


def test_the_classes_of_parameters_belong_to_the_code_that_was_given_them():
    without = code_digests("clmr.pipeline.stages.store", None)
    tuned = from_mapping(Tuned, {"optimizer": ADAM}, "x")
    given = code_digests("clmr.pipeline.stages.store", {"nested": [tuned]})
    assert "clmr.optim" not in without
    assert "clmr.optim" in given
    # By name as well: a registry may come to name another class of the same module.
    assert given["parameters"] == "clmr.optim:AdamParams, clmr.optim:ConstantParams"
    assert without["parameters"] == ""
    assert without["clmr.pipeline.stages.store"] == given["clmr.pipeline.stages.store"]


@pytest.mark.parametrize(
    "neutral",
    [
        '"""Another docstring."""\nx = 1\n\n\ndef f():\n    return x  # why\n',
        "x = 1\n\ndef f():\n    '''Doc.\n\n    More.\n    '''\n    return x\n",
        "# first\nx = 1   \n'''What x is.'''\ndef f():\n    # inside: ä\n    return x\n",
    ],
)
def test_comments_docstrings_and_empty_lines_do_not_count(neutral):
    assert text_digest(neutral) == text_digest("x = 1\ndef f():\n    return x\n")


def test_what_a_registry_lists_does_not_count():
    two = 'KINDS = Variants({"ä": "clmr.a:A", "b": "clmr.b:B"}, key="kind")  # why\n'
    three = 'KINDS = Variants(\n    {\n        "ä": "clmr.a:A",\n        "c": "clmr.c:C",  # new\n    }\n)\n'
    assert text_digest(f"x = 1\n{two}y = 2\n") == text_digest(f"x = 1\n{three}y = 2\n")
    assert text_digest(f"x = 1\n{two}y = 2\n") != text_digest(f"x = 1\n{three}y = 3\n")
    assert text_digest('KINDS = dict(a="clmr.a:A")') != text_digest('KINDS = dict(a="clmr.b:B")')


@pytest.mark.parametrize("changed", ["x = 2\ndef f():\n    return x\n", 'x = "1  # no comment"\n', "x = 1\n"])
def test_code_does_count(changed):
    assert text_digest(changed) != text_digest("x = 1\ndef f():\n    return x\n")


def test_text_in_use_is_no_docstring():
    assert text_digest('x = "a"\n') != text_digest('x = "b"\n')
    assert text_digest('def f(x="a"):\n    return x\n') != text_digest('def f(x="b"):\n    return x\n')
    assert text_digest("'''ä ö''' ; x = 1\n") != text_digest("'''ä ö''' ; x = 2\n")


def test_the_epoch_is_part_of_every_digest(monkeypatch):
    before = code_digests("clmr.pipeline.stages.store", None)
    monkeypatch.setattr(code, "CODE_EPOCH", code.CODE_EPOCH + 1)
    assert code_digests("clmr.pipeline.stages.store", None) != before
