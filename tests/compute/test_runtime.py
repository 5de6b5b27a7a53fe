"""Settings of the machine: read from the environment, refused with a reason, invisible in results."""

import logging
import subprocess
import sys

import pytest
import torch

from clmr.compute import progress, runtime
from clmr.compute.seeding import generator
from clmr.storage import paths


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


@pytest.mark.parametrize(
    ("capability", "machine", "expected"),
    [("AVX512", "x86_64", True), ("AVX2", "x86_64", False), ("DEFAULT", "AMD64", False), ("DEFAULT", "arm64", True)],
)
def test_bfloat16_is_imitated_on_x86_without_avx_512(monkeypatch, capability, machine, expected):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert runtime.has_bf16_instructions(torch.device("cpu")) is expected


def test_the_log_goes_to_standard_output_once(capsys):
    runtime.log_to_output()
    runtime.log_to_output().info("epoch 1")
    logging.getLogger("clmr").handlers.clear()
    assert capsys.readouterr().out == "epoch 1\n"


def test_a_bar_leaves_no_trace_without_a_terminal(capsys):
    assert list(progress.progress(range(3), "counting")) == [0, 1, 2]
    assert capsys.readouterr().err == ""


def test_a_process_with_a_bar_that_ends_at_once_leaks_nothing():
    # As in processes that work side by side.
    code = (
        "import multiprocessing, os\n"
        "from clmr.compute.progress import progress\n"
        "multiprocessing.set_start_method('spawn')\n"
        "list(progress(range(3), 'counting'))\n"
        "os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_notes_go_to_standard_error_which_no_notebook_keeps(capsys):
    progress.note("resumed after epoch 1")
    assert capsys.readouterr() == ("", "resumed after epoch 1\n")


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
