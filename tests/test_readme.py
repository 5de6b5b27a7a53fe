"""The README shows what the committed results say, and fits a terminal and a reader."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# DVC shows numbers with five decimals.
DECIMALS = 5
# The metrics that are shown: of the main runs, what probes on frozen encoders score.
METRICS = "results/metrics/main/evaluate_*.json"


def shown_after(command: str) -> list[str]:
    """What the README shows as the output of a command."""
    lines = README.splitlines()
    (start,) = [number for number, line in enumerate(lines) if line.startswith(f"$ {command}")]
    output = []
    for line in lines[start + 1 :]:
        if line.startswith(("$ ", "```")):
            return output
        output.append(line)
    raise AssertionError(f"{command} stands in no code block")


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """Nested metrics by dotted name, as DVC names them."""
    found: dict[str, float] = {}
    for name, value in values.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def committed(path: str) -> dict[str, float]:
    return flat(json.loads((ROOT / path).read_text(encoding="utf-8")))


def test_the_metrics_shown_are_those_that_are_committed():
    header, *rows = (re.split(r"\s{2,}", line.strip()) for line in shown_after(f"dvc metrics show {METRICS}"))
    assert {row[0] for row in rows} == {path.relative_to(ROOT).as_posix() for path in ROOT.glob(METRICS)}
    for path, *values in rows:
        shown = {name: float(value) for name, value in zip(header[1:], values, strict=True) if value != "-"}
        assert shown == {name: round(value, DECIMALS) for name, value in committed(path).items()}, path


def test_the_comparison_shown_starts_from_what_is_committed():
    rows = [re.split(r"\s{2,}", line.strip()) for line in shown_after("dvc metrics diff")[1:]]
    assert rows
    for path, metric, head, workspace, change in rows:
        assert float(head) == round(committed(path)[metric], DECIMALS)
        assert float(change) == pytest.approx(float(workspace) - float(head), abs=2e-5)


@pytest.mark.parametrize("command", ["dvc metrics show", "dvc metrics diff", "dvc params diff", "dvc exp show"])
def test_what_dvc_shows_fits_a_terminal_of_160_columns(command):
    assert max(len(line) for line in shown_after(command)) <= 160


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 200


PAGES = ("README.md", "params/README.md", "results/README.md", "results/overnight/tagging/README.md")


@pytest.mark.parametrize("page", PAGES)
def test_links_of_pages_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    assert targets
    for target in targets:
        assert (ROOT / page).parent.joinpath(target).exists(), target
