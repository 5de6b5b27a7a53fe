"""The commands of stages: what they accept, how they end, and that an error is a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_an_error_raised_on_purpose_is_a_sentence(planned_store):
    done = command("-m", "clmr.pipeline.stages.store", "store@a")
    assert done.returncode == 1
    assert done.stderr.startswith("store@a: ")
    assert "clips.csv: no such file; run the stage that writes it" in done.stderr
    assert "Traceback" not in done.stderr
    assert not paths.record_file("store@a").exists()


def test_what_was_printed_is_not_lost_when_a_process_leaves():
    done = command("-c", "from clmr.pipeline.command_line import leave\nprint('x' * 100_000)\nleave()")
    assert (done.returncode, len(done.stdout)) == (0, 100_001)


def test_a_notebook_stage_that_is_not_planned_is_a_sentence(planned_store):
    done = command("-m", "clmr.pipeline.notebooks", "02_pretraining", "pretrain@nope")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("pretrain@nope: ")
