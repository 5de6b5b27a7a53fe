"""The whole pipeline at smoke scale, in a copy of the repository, as a user would run it."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
COPIED = ("src", "notebooks", "references", "params", "dvc.yaml", ".dvcignore", "pyproject.toml")


def run(folder: Path, *arguments: str) -> str:
    """Output of a DVC command in the copy."""
    environment = os.environ | {
        "PYTHONPATH": str(folder / "src"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    return done.stdout


def rerun(folder: Path) -> set[str]:
    """Stages that ``dvc repro`` runs now, restored ones marked with ``cached``."""
    lines = run(folder, "repro").splitlines()
    ran = {line.split("'")[1] for line in lines if line.startswith("Running stage")}
    return ran | {f"cached {line.split(chr(39))[1]}" for line in lines if "is cached" in line}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, folder / name)
    shutil.copy(folder / "params" / "smoke.yaml", folder / "params.yaml")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    run(folder, "init", "--quiet")
    run(folder, "config", "core.analytics", "false")
    run(folder, "repro")
    return folder


@pytest.mark.smoke
def test_everything_is_built_and_nothing_reruns(repository: Path):
    gallery = (repository / "results" / "README.md").read_text()
    assert "Smoke scale" in gallery
    rows = (
        "| CLMR | scores | scores | linear |",
        "| CPC | scores | scores | linear |",
        "| Pons et al. |  | merlin | supervised, end to end |",
    )
    for row in rows:
        assert row in gallery
    for link in ("tables/table_6_1.csv", "figures/fig_6_1.png", "notebooks/pretrain_clmr_scores.ipynb"):
        assert link in gallery
        assert (repository / "results" / link).stat().st_size > 0
    started = time.monotonic()
    assert rerun(repository) == set()
    # 5 s on a quiet machine; tests share theirs.
    assert time.monotonic() - started < 20


@pytest.mark.smoke
def test_published_notebooks_hold_no_path_or_time_of_this_machine(repository: Path):
    published = list((repository / "results" / "notebooks").glob("*.ipynb"))
    assert len(published) == 16
    for path in published:
        text = path.read_text()
        assert str(repository) not in text
        assert "start_time" not in text
        errors = [
            out
            for cell in json.loads(text)["cells"]
            for out in cell.get("outputs", [])
            if out["output_type"] == "error"
        ]
        assert not errors


@pytest.mark.smoke
def test_a_run_s_own_value_reruns_that_run_and_comes_back_from_the_cache(repository: Path):
    affected = {"pretrain@clmr_merlin", "evaluate@clmr_merlin", "tagging", "report"}
    before = (repository / "results" / "metrics" / "evaluate_clmr_merlin.json").read_bytes()
    edit(
        repository / "params.yaml",
        "clmr_merlin: {method: clmr, store: merlin_8000}",
        "clmr_merlin: {method: clmr, store: merlin_8000, temperature: 0.1}",
    )
    assert rerun(repository) == affected | {"recipes"}
    assert (repository / "results" / "metrics" / "evaluate_clmr_merlin.json").read_bytes() != before
    edit(repository / "params.yaml", ", temperature: 0.1}", "}")
    back = rerun(repository)
    assert {stage for stage in back if not stage.startswith("cached")} <= {"report"}
    assert (repository / "results" / "metrics" / "evaluate_clmr_merlin.json").read_bytes() == before


@pytest.mark.smoke
def test_a_shared_value_leaves_runs_alone_that_override_it(repository: Path):
    params = repository / "params.yaml"
    edit(
        params,
        "clmr_merlin: {method: clmr, store: merlin_8000}",
        "clmr_merlin: {method: clmr, store: merlin_8000, epochs: 2}",
    )
    edit(
        params,
        "clmr_scores: {method: clmr, store: scores_8000}",
        "clmr_scores: {method: clmr, store: scores_8000, epochs: 2}",
    )
    assert not {stage for stage in rerun(repository) if "pretrain" in stage}
    edit(params, "\n    epochs: 2", "\n    epochs: 3")
    ran = rerun(repository)
    assert "recipes" in ran
    assert not {stage for stage in ran if "pretrain" in stage or "evaluate" in stage}
    run(repository, "params", "diff")


@pytest.mark.smoke
def test_probe_settings_rerun_evaluations_only(repository: Path):
    probe = "\n  patience_epochs: 3\n  n_resamples: 50"  # supervised runs have another patience
    edit(repository / "params.yaml", probe, probe.replace("50", "60"))
    ran = rerun(repository)
    assert not {stage for stage in ran if stage.split("@")[0] in ("download", "store", "pretrain", "supervised")}
    assert {stage.split("@")[0] for stage in ran} - {"recipes"} == {
        "evaluate",
        "log_mel",
        "tagging",
        "report",
    }


@pytest.mark.smoke
def test_a_plot_function_reruns_figures_only(repository: Path):
    edit(repository / "src" / "clmr" / "plotting.py", "WIDTH_INCHES = 7.0", "WIDTH_INCHES = 6.5")
    assert rerun(repository) == {"tagging", "report"}


@pytest.mark.smoke
def test_prose_reruns_the_report_only_and_is_published(repository: Path):
    notebook = repository / "notebooks" / "02_pretraining.ipynb"
    edit(notebook, "No tag is read.", "No tag is ever read.")
    assert rerun(repository) == {"notebook_code", "report"}
    published = (repository / "results" / "notebooks" / "pretrain_clmr_scores.ipynb").read_text()
    assert "No tag is ever read." in published


@pytest.mark.smoke
def test_a_stage_cannot_see_what_it_does_not_declare(repository: Path, monkeypatch):
    from clmr.pipeline import paths
    from clmr.pipeline.declared import declared_params

    monkeypatch.delenv(paths.ROOT_VARIABLE, raising=False)
    # Where a notebook run by hand has its kernel.
    monkeypatch.chdir(repository / "notebooks")
    seen = declared_params("evaluate@clmr_scores")
    assert set(seen) == {"evaluations", "probe"}
    assert set(seen["evaluations"]) == {"clmr_scores"}
    with pytest.raises(KeyError):
        seen["pretrain"]
    assert set(declared_params("pretrain@clmr_scores")) == {"recipe"}
    params = yaml.safe_load((repository / "params.yaml").read_text())
    assert seen["probe"] == params["probe"]
