"""Only results that are up to date are kept, and none of the published scale; each refusal says what to do."""

import shutil
from pathlib import Path

import pytest

from clmr.paper.planned import PublishedStage
from clmr.pipeline import keeping
from clmr.storage import paths
from clmr.storage.files import write_json

ROOT = Path(__file__).parents[2]
NEEDED = ("download@scores", "store@primary", "pretrain@clmr_primary", "tagging")
OTHERS = ("grid@epochs", "ablation")


@pytest.fixture
def kept(repository, monkeypatch):
    """A plan at overnight scale whose stages have run; returns what is kept, call by call."""
    shutil.copy(ROOT / "dvc.yaml", repository)
    write_yaml_with_scale(repository, "overnight")
    stages = [{"stage": name, "notebook": None} for name in (*NEEDED, *OTHERS)]
    content = {"stage": "report", "params": {"scale": "overnight", "stages": stages}, "code": {}}
    write_json(paths.plan_file("report"), content)
    calls: list[tuple] = []

    def keep(*arguments):
        calls.append(arguments)
        return repository / "results" / "overnight" / "tagging"

    monkeypatch.setattr(keeping, "keep", keep)
    monkeypatch.setattr(keeping, "outdated_stages", lambda stage: [])
    return calls


def write_yaml_with_scale(folder: Path, scale: str) -> None:
    text = (ROOT / "params.yaml").read_text()
    (folder / "params.yaml").write_text(text.replace("scale: embedded", f"scale: {scale}"))


@pytest.mark.parametrize("stage", ["tagging", "tagging@thesis"])
def test_a_stage_is_kept_with_all_that_it_comes_from(kept, stage):
    assert keeping.keep_results(stage) == "the overnight results of tagging are in results/overnight/tagging"
    assert kept == [("tagging", "overnight", [PublishedStage(name, None) for name in NEEDED])]


def test_stages_that_are_out_of_date_are_named(kept, monkeypatch):
    monkeypatch.setattr(keeping, "outdated_stages", lambda stage: ["tagging", "grid@b", "grid@a"])
    expected = "out of date, or not run yet: grid: a, b; tagging; dvc repro tagging@thesis runs them"
    with pytest.raises(ValueError, match=expected):
        keeping.keep_results("tagging")
    assert kept == []


def test_the_published_scale_is_refused_before_anything_is_asked_to_run(kept, repository, monkeypatch):
    write_yaml_with_scale(repository, "embedded")
    monkeypatch.setattr(keeping, "outdated_stages", lambda stage: [stage])
    with pytest.raises(ValueError, match="must be another than the published one, got 'embedded'"):
        keeping.keep_results("tagging")
    assert kept == []


@pytest.mark.parametrize("stage", ["listening", "interpretability", "pretrain@clmr_primary"])
def test_a_stage_whose_results_are_more_or_less_than_tables_and_figures_is_refused(kept, stage):
    with pytest.raises(ValueError, match="the stage to keep must be one of tagging, claims, "):
        keeping.keep_results(stage)
    assert kept == []


def test_what_dvc_says_when_it_cannot_tell_is_passed_on(repository):
    # Its folder is no repository of DVC.
    with pytest.raises(ValueError, match="dvc status tagging@thesis failed: ERROR: you are not inside of a DVC"):
        keeping.outdated_stages("tagging@thesis")
