"""Settings of the machine: read from the environment, refused with a reason, invisible in results."""

import logging
import sys

import pytest
import torch

from clmr.compute import progress, runtime
from clmr.compute.seeding import generator
from clmr.pipeline import paths


def test_workers_and_device_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("CLMR_WORKERS", "3")
    monkeypatch.setenv("CLMR_DEVICE", "cpu")
    assert runtime.n_workers() == 3
    assert runtime.device() == torch.device("cpu")
    monkeypatch.delenv("CLMR_WORKERS")
    assert runtime.n_workers() >= 1


@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_bad_numbers_of_workers_are_refused(monkeypatch, value):
    monkeypatch.setenv("CLMR_WORKERS", value)
    with pytest.raises(ValueError, match=f"CLMR_WORKERS: found '{value}', expected a whole number >= 1"):
        runtime.n_workers()


def test_unknown_devices_are_refused(monkeypatch):
    monkeypatch.setenv("CLMR_DEVICE", "abacus")
    with pytest.raises(ValueError, match="CLMR_DEVICE: found 'abacus', which torch cannot use here"):
        runtime.device()


def test_the_log_goes_to_standard_output_once(capsys):
    runtime.log_to_output()
    runtime.log_to_output().info("epoch 1")
    logging.getLogger("clmr").handlers.clear()
    assert capsys.readouterr().out == "epoch 1\n"


def test_a_bar_leaves_no_trace_without_a_terminal(capsys, monkeypatch):
    monkeypatch.delenv(progress.TERMINAL_VARIABLE, raising=False)
    assert list(progress.progress(range(3), "counting")) == [0, 1, 2]
    assert capsys.readouterr().err == ""
    assert progress.terminal_name() is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")
def test_a_bar_reaches_the_terminal_named_in_the_environment(monkeypatch):
    import os
    import pty

    ours, theirs = pty.openpty()
    monkeypatch.setenv(progress.TERMINAL_VARIABLE, os.ttyname(theirs))
    with progress.progress(range(3), "counting") as bar:
        list(bar)
        stream = bar.fp
    assert b"counting" in os.read(ours, 1_000)
    stream.close()
    os.close(ours)
    os.close(theirs)


def test_draws_depend_on_seed_and_place_alone():
    def draw(*place: object) -> float:
        return torch.rand(1, generator=generator(*place)).item()

    assert draw(0, "a", 1) == draw(0, "a", 1)
    assert len({draw(0, "a", 1), draw(0, "a", 2), draw(0, "b", 1), draw(1, "a", 1)}) == 4


def test_the_root_is_found_from_below_or_refused(tmp_path, monkeypatch):
    monkeypatch.delenv(paths.ROOT_VARIABLE, raising=False)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    with pytest.raises(FileNotFoundError, match=r"no dvc.yaml in .* or above"):
        paths.root()
    (tmp_path / "dvc.yaml").touch()
    assert paths.root() == tmp_path


def test_notes_go_to_the_terminal_and_nowhere_else(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv(progress.TERMINAL_VARIABLE, raising=False)
    progress.note("resumed")  # no terminal: standard error may be part of a notebook's output
    monkeypatch.setenv(progress.TERMINAL_VARIABLE, str(tmp_path / "terminal"))
    progress.note("resumed after epoch 2")
    assert (tmp_path / "terminal").read_text() == "resumed after epoch 2\n"
    assert capsys.readouterr() == ("", "")
