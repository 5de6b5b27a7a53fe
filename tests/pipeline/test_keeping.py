"""Only results of the plan at hand are kept, and none of the published scale; each refusal says what to do."""

import shutil
from pathlib import Path

import pytest

from clmr.paper.planned import PublishedStage
from clmr.pipeline import keeping
from clmr.pipeline.code import combined_digest
from clmr.storage import paths
from clmr.storage.files import write_json

ROOT = Path(__file__).parents[2]
NEEDED = ("download@scores", "store@primary", "pretrain@clmr_primary", "tagging")
OTHERS = ("grid@epochs", "ablation", "report")


@pytest.fixture
def planned(repository, monkeypatch):
    """A plan at overnight scale, some stages of which have run; returns what is kept, call by call."""
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, repository)
    stages = [{"stage": name, "notebook": None} for name in (*NEEDED, *OTHERS[:-1])]
    for name in (*NEEDED, *OTHERS):
        params = {"scale": "overnight", "stages": stages} if name == "report" else {"of": name}
        write_json(paths.plan_file(name), {"stage": name, "params": params, "code": {"clmr.a": "1" * 64}})
    for name in NEEDED:
        write_record(name, {"of": name})
    kept: list[tuple] = []

    def keep(*arguments):
        kept.append(arguments)
        return repository / "results" / "overnight" / "tagging"

    monkeypatch.setattr(keeping, "keep", keep)
    return kept


def write_record(stage: str, params: dict, digest: str = "1" * 64) -> None:
    made_from = {"params": params, "code_sha256": combined_digest({"clmr.a": digest})}
    write_json(paths.record_file(stage), {"provenance": made_from, "cost": {}})


def test_a_stage_is_kept_with_all_that_it_comes_from(planned):
    assert keeping.keep_results("tagging") == "results/overnight/tagging has the overnight results of tagging"
    assert planned == [("tagging", "overnight", [PublishedStage(name, None) for name in NEEDED])]


def test_a_stage_that_did_not_run_as_planned_is_named(planned):
    paths.record_file("store@primary").unlink()
    write_record("pretrain@clmr_primary", {"of": "other parameters"})
    write_record("tagging", {"of": "tagging"}, digest="2" * 64)
    expected = "store@primary, pretrain@clmr_primary, tagging did not run as planned; dvc repro tagging@thesis runs"
    with pytest.raises(ValueError, match=expected):
        keeping.keep_results("tagging")
    assert planned == []


def test_the_published_scale_is_not_kept_apart(planned):
    write_json(
        paths.plan_file("report"), {"stage": "report", "params": {"scale": "embedded", "stages": []}, "code": {}}
    )
    with pytest.raises(ValueError, match="scale of the plan must be another than embedded, whose results are those in"):
        keeping.keep_results("tagging")
    assert planned == []


@pytest.mark.parametrize("stage", ["listening", "tagging@thesis", "pretrain@clmr_primary"])
def test_a_stage_without_tables_is_refused(planned, stage):
    with pytest.raises(ValueError, match="the stage to keep must be one of tagging, claims, "):
        keeping.keep_results(stage)
    assert planned == []


def test_without_a_plan_there_is_nothing_to_keep(repository):
    with pytest.raises(FileNotFoundError, match="none; run 'dvc repro plan' first"):
        keeping.keep_results("tagging")
