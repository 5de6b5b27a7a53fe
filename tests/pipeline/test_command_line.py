"""The commands of stages: what they accept, how they end, and that an error is a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clmr.pipeline.with_workers import modules_of
from clmr.storage import paths
from clmr.storage.files import write_json

STORE = {"corpus": "nowhere", "sample_rate_hz": 8_000, "min_duration_s": 3.0, "broken": "refuse"}


@pytest.fixture
def planned_store(repository: Path) -> None:
    write_json(paths.plan_file("store@a"), {"stage": "store@a", "params": {"store": STORE}, "code": {}})


def command(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, env=os.environ)


def test_a_stage_of_another_group_is_refused(planned_store):
    done = command("-m", "clmr.pipeline.stages.store", "evaluate@a")
    assert done.returncode == 2
    assert "found the stage 'evaluate@a', allowed are those of store" in done.stderr


@pytest.mark.parametrize("launcher", [[], ["clmr.pipeline.with_workers"]])
def test_an_error_raised_on_purpose_is_a_sentence(planned_store, launcher):
    done = command("-m", *launcher, "clmr.pipeline.stages.store", "store@a")
    assert done.returncode == 1
    assert done.stderr.startswith("store@a: ")
    assert "clips.csv: no such file; run the stage that writes it" in done.stderr
    assert "Traceback" not in done.stderr
    assert not paths.record_file("store@a").exists()


def test_what_was_printed_is_not_lost_when_a_process_leaves():
    done = command("-c", "from clmr.pipeline.command_line import leave\nprint('x' * 100_000)\nleave()")
    assert (done.returncode, len(done.stdout)) == (0, 100_001)


def test_workers_import_the_modules_of_the_stage(planned_store):
    names = ["01_download.ipynb", "clmr.compute.map_loops", "clmr.corpora.decode_clips", "clmr.losses", "epoch"]
    names += ["clmr.paper.listening:page.css"]
    code = dict.fromkeys(names, "a digest")
    for stage in ("grid@a", "store@a"):
        write_json(paths.plan_file(stage), {"stage": stage, "params": {}, "code": code})
    assert modules_of("grid@a") == ["clmr.corpora.decode_clips", "clmr.losses"]
    assert modules_of("store@a") == ["clmr.corpora.decode_clips"]
    assert modules_of("store@nope") == []


def test_a_launcher_has_imported_nothing_slow_when_it_starts_the_server():
    done = command("-c", "import clmr.pipeline.with_workers, sys; print({'torch', 'pandas', 'numpy'} & {*sys.modules})")
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("arguments", [[], ["clmr.pipeline.stages.store"]])
def test_a_launcher_without_a_stage_says_how_it_is_used(arguments):
    done = command("-m", "clmr.pipeline.with_workers", *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("usage: python -m clmr.pipeline.with_workers MODULE")


@pytest.mark.parametrize("launcher", [[], ["clmr.pipeline.with_workers"]])
def test_a_notebook_stage_that_is_not_planned_is_a_sentence(planned_store, launcher):
    done = command("-m", *launcher, "clmr.pipeline.notebooks", "02_pretraining", "pretrain@nope")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("pretrain@nope: ")
