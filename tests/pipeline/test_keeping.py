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
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, repository)
    write_plan("overnight")
    calls: list[tuple] = []

    def keep(*arguments):
        calls.append(arguments)
        return repository / "results" / "overnight" / "tagging"

    monkeypatch.setattr(keeping, "keep", keep)
    monkeypatch.setattr(keeping, "outdated_stages", lambda stage: [])
    return calls


def write_plan(scale: str) -> None:
    stages = [{"stage": name, "notebook": None} for name in (*NEEDED, *OTHERS)]
    content = {"stage": "report", "params": {"scale": scale, "stages": stages}, "code": {}}
    write_json(paths.plan_file("report"), content)


def test_a_stage_is_kept_with_all_that_it_comes_from(kept):
    assert keeping.keep_results("tagging") == "results/overnight/tagging has the overnight results of tagging"
    assert kept == [("tagging", "overnight", [PublishedStage(name, None) for name in NEEDED])]


def test_stages_that_are_out_of_date_are_named(kept, monkeypatch):
    monkeypatch.setattr(keeping, "outdated_stages", lambda stage: ["plan", stage])
    expected = "plan, tagging@thesis: out of date or not run yet; dvc repro tagging@thesis runs them"
    with pytest.raises(ValueError, match=expected):
        keeping.keep_results("tagging")
    assert kept == []


def test_the_published_scale_is_not_kept_apart(kept):
    write_plan("embedded")
    with pytest.raises(ValueError, match="scale in params.yaml must be another than embedded, whose results are"):
        keeping.keep_results("tagging")
    assert kept == []


@pytest.mark.parametrize("stage", ["listening", "tagging@thesis", "pretrain@clmr_primary"])
def test_a_stage_without_tables_is_refused(kept, stage):
    with pytest.raises(ValueError, match="the stage to keep must be one of tagging, claims, "):
        keeping.keep_results(stage)
    assert kept == []


def test_what_dvc_says_when_it_cannot_tell_is_passed_on(repository):
    # An empty folder is no repository of DVC.
    with pytest.raises(ValueError, match="dvc status tagging@thesis failed: ERROR: you are not inside of a DVC"):
        keeping.outdated_stages("tagging@thesis")
