"""What a stage may see of the parameters."""

import shutil
from pathlib import Path

import dvc.api
import pytest
import yaml
from dvc.repo import Repo

from clmr.pipeline import paths
from clmr.pipeline.declared import declared_params

ROOT = Path(__file__).parents[1]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("stage", "seen"),
    [
        ("download@scores", {"corpora": {"scores"}}),
        ("store@merlin_8000", {"stores": {"merlin_8000"}}),
        ("evaluate@clmr_scores", {"evaluations": {"clmr_scores"}, "probe": None}),
        ("log_mel@scores_8000", {"log_mel": None, "probe": None}),
    ],
)
def test_a_stage_sees_the_parameters_it_declares_and_no_others(stage, seen):
    found = declared_params(stage)
    assert set(found) == set(seen)
    for section, names in seen.items():
        assert names is None or set(found[section]) == names


def test_what_a_stage_sees_is_what_dvc_tracks_for_it(repository):
    Repo.init(no_scm=True).close()
    pipeline = yaml.safe_load((repository / "dvc.yaml").read_text())["stages"]
    params = yaml.safe_load((repository / "params.yaml").read_text())
    checked = []
    for group, definition in pipeline.items():
        if "params" in definition.get("do", definition):
            names = params[definition["foreach"].strip("${}")] if "do" in definition else None
            stage = f"{group}@{next(iter(names))}" if names else group
            assert declared_params(stage) == dvc.api.params_show(stages=stage, deps=True)
            checked.append(group)
    assert {"recipes", "download", "store", "evaluate", "log_mel", "tagging", "report"} <= set(checked)


@pytest.mark.parametrize("stage", ["nope", "nope@x", "evaluate", "evaluate@nope", "tagging@x", "notebook_code"])
def test_a_stage_that_dvc_does_not_know_is_refused(stage):
    with pytest.raises(ValueError, match=f"no parameters for a stage '{stage}'; see 'dvc stage list'"):
        declared_params(stage)


def test_a_declared_entry_that_is_missing_is_named(repository):
    params = yaml.safe_load((repository / "params.yaml").read_text())
    del params["probe"]
    (repository / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(ValueError, match="no 'probe', which a stage"):
        declared_params("evaluate@clmr_scores")
