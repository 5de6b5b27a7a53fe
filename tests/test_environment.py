"""The environment: one lock, exact versions, for every platform, without addresses."""

import itertools
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = [Requirement(line) for line in (ROOT / "requirements.lock").read_text().splitlines() if line.strip()]
PLATFORMS = [
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
]


def locked_for(platform: dict[str, str]) -> dict[str, str]:
    """Version of each package that the lock installs on a platform with Python 3.11."""
    environment = platform | {
        "python_version": "3.11",
        "python_full_version": "3.11.7",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    chosen = [entry for entry in LOCK if entry.marker is None or entry.marker.evaluate(environment)]
    return {canonical(entry.name): str(entry.specifier).removeprefix("==") for entry in chosen}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_version_is_exact():
    for entry in LOCK:
        assert re.fullmatch(r"==[^*,]+", str(entry.specifier)), entry


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform["sys_platform"])
def test_the_lock_satisfies_the_project_on_every_platform(platform):
    locked = locked_for(platform)
    extras = PROJECT["optional-dependencies"]
    wanted = [Requirement(text) for text in itertools.chain(PROJECT["dependencies"], *extras.values())]
    for requirement in wanted:
        assert requirement.specifier.contains(locked[canonical(requirement.name)]), requirement
    assert locked["torch"] == locked["torchaudio"] == "2.11.0"


def test_gpu_packages_are_for_linux_only():
    linux, mac, windows = (locked_for(platform) for platform in PLATFORMS)
    assert [name for name in linux if name.startswith("nvidia-")]
    assert not [name for name in {**mac, **windows} if name.startswith("nvidia-")]


def test_the_lock_names_nothing_that_must_be_compiled():
    assert "pyaudio" not in {canonical(entry.name) for entry in LOCK}


def test_conda_reads_the_same_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert {"python=3.11", "pyaudio"} <= set(environment["dependencies"][:-1])
    assert environment["dependencies"][-1]["pip"] == ["-r requirements.lock", "-e ."]


def test_setup_pins_its_installer_and_both_installers_take_the_whole_lock():
    lines = (ROOT / "Makefile").read_text().splitlines()
    (install,) = [line for line in lines if line.startswith("\t") and "uv==" in line]
    assert re.search(r"--only-binary uv uv==\d+\.\d+\.\d+ && ", install)
    assert all(half.rstrip().endswith("-r requirements.lock") for half in install.split("||"))
    assert "uv" not in {canonical(entry.name) for entry in LOCK}


def test_peers_of_the_benchmarks_leave_the_lock_alone():
    lines = (ROOT / "benchmarks" / "requirements.txt").read_text().splitlines()
    peers = {canonical(Requirement(line).name) for line in lines if line and not line.startswith("#")}
    assert peers
    assert not peers & set(locked_for(PLATFORMS[0]))
