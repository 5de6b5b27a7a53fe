"""The import closure, and the hash of code and inputs that unfinished work is kept under."""

import pytest

from clmr.pipeline import closure, paths, resuming
from clmr.pipeline.closure import import_closure


def names(source: str) -> set[str]:
    return {file.relative_to(closure.PACKAGE_DIR).as_posix() for file in import_closure(source)}


def test_closure_follows_imports_of_modules_names_and_packages():
    assert names("from clmr.losses import nt_xent") == {"losses.py", "precision.py"}
    assert names("import clmr.batches.crops") >= {
        "corpora/crops.py",
        "corpora/store.py",
        "seeding.py",
        "files.py",
    }
    assert names("from clmr.pipeline import paths\nfrom clmr import losses") == {
        "paths.py",
        "losses.py",
        "precision.py",
    }
    assert "augmentations/__init__.py" in names("from clmr.augmentations import augment")


def test_closure_leaves_out_other_packages_and_files_without_code():
    assert names("import torch\nfrom pathlib import Path") == set()
    assert "__init__.py" not in names("from clmr.losses import nt_xent")


def test_unfinished_work_is_found_again_only_under_the_same_inputs(tmp_path, monkeypatch):
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))
    data = tmp_path / "store.json"
    data.write_text("1")

    def interrupted(params: dict, code: str) -> str:
        with pytest.raises(KeyboardInterrupt), resuming.resumable("stage@x", params, code, [data]) as work:
            (work / "state").touch()
            raise KeyboardInterrupt
        assert (work / "state").exists()
        return work.name

    first = interrupted({"a": 1}, "x = 1")
    assert interrupted({"a": 1}, "x = 1") == first
    assert interrupted({"a": 2}, "x = 1") != first
    assert interrupted({"a": 1}, "x = 2") != first
    data.write_text("2")
    assert interrupted({"a": 1}, "x = 1") != first
    with resuming.resumable("stage@x", {"a": 1}, "x = 1", [data]) as work:
        pass
    assert not work.exists()
