"""The list of differences names files, parameters and numbers that exist."""

import re

import pytest
import yaml

from .examples import ROOT, THESIS

TEXT = (ROOT / "references" / "differences.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith("| item |")
]


def test_every_row_says_where():
    assert len(ROWS) > 100
    for row in ROWS:
        assert len(row) in (4, 5), row
        assert "`" in row[-1], row


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:src|tests|notebooks|params)/[^`]*|pyproject.toml)`", TEXT)))
)
def test_files_that_are_named_exist(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("place", sorted(set(re.findall(r"`params: ([\w.]+)`", TEXT))))
def test_parameters_that_are_named_exist(place):
    section = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for key in place.split("."):
        assert key in section
        section = section[key]


@pytest.mark.parametrize("name", sorted(set(", ".join(re.findall(r"`thesis.yaml: ([^`]*)`", TEXT)).split(", "))))
def test_numbers_of_the_thesis_that_are_named_exist(name):
    claims = yaml.safe_load((ROOT / "references" / "thesis.yaml").read_text(encoding="utf-8"))["claims"]
    assert name in THESIS.artefacts or name in {claim["id"] for claim in claims}


def test_what_is_not_built_yet_names_no_notebook():
    for notebook in re.findall(r"notebooks/\w+", TEXT):
        assert (ROOT / f"{notebook}.ipynb").is_file()
