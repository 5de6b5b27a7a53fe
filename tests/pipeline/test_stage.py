"""A stage at work: it sees its plan alone, and finds unfinished work only where nothing has changed."""

import json
import os
from functools import partial
from pathlib import Path

import pytest
import torch

from clmr.pipeline.stage import Part, Stage, open_stage
from clmr.storage import paths
from clmr.storage.files import write_json
from clmr.storage.strict import strict


@strict
class Toy:
    epochs: int
    experiment: str


def planned(name: str, epochs: int = 3, code: str = "a", experiment: str = "main") -> Stage[Toy]:
    content = {"stage": name, "params": {"epochs": epochs, "experiment": experiment}, "code": {"clmr.x": code}}
    write_json(paths.plan_file(name), content)
    return open_stage(Toy, name)


def interrupted(stage: Stage[Toy], data: Path) -> str:
    with pytest.raises(KeyboardInterrupt), stage.resumable([data]) as work:
        (work / "state").touch()
        raise KeyboardInterrupt
    assert (work / "state").exists()
    return work.name


def test_a_stage_sees_its_plan_and_nothing_else(repository):
    stage = planned("pretrain@a")
    assert (stage.key, stage.params, dict(stage.code)) == ("a", Toy(3, "main"), {"clmr.x": "a"})
    assert open_stage(Toy, "pretrain@a", {"epochs": 5, "experiment": "x"}).params == Toy(5, "x")
    with pytest.raises(FileNotFoundError, match="the plan has no stage 'pretrain@b'; planned are pretrain@a"):
        open_stage(Toy, "pretrain@b")
    with pytest.raises(ValueError, match="pretrain@a: found unknown key lr, allowed are epochs, experiment"):
        open_stage(Toy, "pretrain@a", {"epochs": 5, "experiment": "x", "lr": 1})


@strict
class Exact:
    precision: str
    probes: tuple[dict[str, str], ...]


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(("precision", "own"), [("bf16", "fp32"), ("fp32", "bf16"), ("fp32", "fp32")])
def test_a_stage_that_would_imitate_bfloat16_says_what_is_faster(repository, monkeypatch, capsys, fast, precision, own):
    monkeypatch.setattr("clmr.pipeline.stage.has_bf16_instructions", lambda device: fast)
    params = {"precision": precision, "probes": [{"embedding_precision": own}]}
    write_json(paths.plan_file("pretrain@a"), {"stage": "pretrain@a", "params": params, "code": {}})
    open_stage(Exact, "pretrain@a")
    said = capsys.readouterr().err
    assert ("make params SCALE=fp32" in said) == (not fast and "bf16" in (precision, own))


def test_without_a_plan_the_reader_is_told_how_to_make_it(repository):
    with pytest.raises(FileNotFoundError, match="planned are none; run 'dvc repro plan' first"):
        open_stage(Toy, "tagging")


def test_unfinished_work_is_found_again_only_under_the_same_inputs(repository):
    data = repository / "store.json"
    data.write_text("1")
    first = interrupted(planned("pretrain@a"), data)
    assert interrupted(planned("pretrain@a"), data) == first
    assert interrupted(planned("pretrain@a", epochs=4), data) != first
    assert interrupted(planned("pretrain@a", code="b"), data) != first
    data.write_text("2")
    assert interrupted(planned("pretrain@a"), data) != first


def test_finished_work_leaves_nothing_behind(repository):
    with planned("pretrain@a").resumable([]) as work:
        (work / "state").touch()
    assert not work.exists()


def test_two_runs_of_one_recipe_are_trained_once(repository):
    first, second = planned("pretrain@a"), planned("pretrain@b", experiment="ablation")
    with first.resumable([]) as work:
        (work / "state").write_text("trained")
    with second.resumable([]) as again:
        assert (again / "state").read_text() == "trained"
    assert again == work
    # Asked to run again, neither stage takes what it has finished itself for new.
    with first.resumable([]) as anew:
        assert not (anew / "state").exists()
    with second.resumable([]) as shared:
        pass
    with second.resumable([]) as anew:
        assert not (anew / "state").exists()
    assert shared == anew


def test_metrics_have_six_decimals(repository):
    planned("evaluate@a").write_metrics({"linear": {"pr_auc": 0.123456789}, "n": 3})
    written = json.loads((repository / "results/metrics/main/evaluate_a.json").read_text())
    assert written == {"linear": {"pr_auc": 0.123457}, "n": 3}


def test_what_a_stage_keeps_is_made_once(repository):
    made = []

    def kept(recipe: int, code: str = "a") -> str:
        def make(unfinished: Path, files: Path) -> None:
            made.append(recipe)
            (unfinished / "state").touch()
            (files / "scores").write_text(str(recipe))

        folder = planned("grid@a", code=code).kept(Part({"recipe": recipe}, [], make))
        assert [file.name for file in folder.iterdir()] == ["scores"]
        return (folder / "scores").read_text()

    assert (kept(1), kept(2), kept(1)) == ("1", "2", "1")
    assert made == [1, 2]
    kept(1, code="b")
    assert made == [1, 2, 1]


def write_scores(recipe: int, unfinished: Path, files: Path) -> None:
    (files / "scores").write_text(str(recipe))
    (files / "made_by").write_text(str(os.getpid()))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_equal_parts_are_made_once_and_all_have_their_folder(repository, monkeypatch, workers):
    monkeypatch.setenv("CLMR_WORKERS", workers)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    stage, recipes = planned("grid@a"), {("a", 0): 1, ("b", 0): 2, ("c", 0): 1, ("c", 1): 3}
    parts = {key: Part({"recipe": recipe}, [], partial(write_scores, recipe)) for key, recipe in recipes.items()}
    folders = stage.kept_side_by_side(parts)
    assert list(folders) == list(recipes)
    assert {key: int((folder / "scores").read_text()) for key, folder in folders.items()} == recipes
    assert folders["a", 0] == folders["c", 0]
    makers = {int((folder / "made_by").read_text()) for folder in folders.values()}
    assert makers == {os.getpid()} if workers == "1" else os.getpid() not in makers
    # One more part leaves the others as they are.
    before = {key: (folder / "made_by").read_text() for key, folder in folders.items()}
    parts["d", 0] = Part({"recipe": 4}, [], partial(write_scores, 4))
    again = stage.kept_side_by_side(parts)
    assert {key: (again[key] / "made_by").read_text() for key in before} == before
    # Where nothing is left to make, no process is started to find it so.
    monkeypatch.setattr("clmr.pipeline.stage.side_by_side", None)
    assert stage.kept_side_by_side(parts) == again


def test_a_part_alone_is_not_that_of_several(repository, monkeypatch):
    """They have different numbers of threads, hence different last digits."""
    monkeypatch.setenv("CLMR_WORKERS", "2")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    stage = planned("grid@a")
    one, two = (Part({"recipe": recipe}, [], partial(write_scores, recipe)) for recipe in (1, 2))
    alone = stage.kept_side_by_side({("a", 0): one})["a", 0]
    beside = stage.kept_side_by_side({("a", 0): one, ("b", 0): two})["a", 0]
    assert alone != beside
    assert (alone / "scores").read_text() == (beside / "scores").read_text()


def test_what_a_killed_attempt_wrote_is_no_result_and_its_unfinished_work_is_found_again(repository):
    stage = planned("grid@a")

    def killed(unfinished: Path, files: Path) -> None:
        (unfinished / "state").touch()
        (files / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage.kept(Part({"recipe": 3}, [], killed))
    found = []
    folder = stage.kept(Part({"recipe": 3}, [], lambda unfinished, files: found.extend(unfinished.iterdir())))
    assert sorted(file.name for file in found) == ["files", "state"]
    assert not list(folder.iterdir())
    assert not stage.work_dir([], {"recipe": 3}).exists()


def test_twins_whose_work_is_moved_away_leave_nothing_in_it(repository):
    for name in ("store@a", "store@b"):
        planned(name)
    for name, target in (("store@a", "first"), ("store@b", "second")):
        with planned(name).resumable([]) as work:
            (work / "audio").touch()
            work.rename(repository / target)
        assert [file.name for file in (repository / target).iterdir()] == ["audio"]
