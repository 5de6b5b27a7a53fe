"""The whole pipeline at smoke scale, in a copy of the repository, as a user would run it."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from clmr.pipeline.overlay_file import write_overlaid
from tests.corpora.audio import tone, write

ROOT = Path(__file__).parent.parent
COPIED = ("src", "notebooks", "references", "params", "params.yaml", "dvc.yaml", ".dvcignore", "pyproject.toml")


def done_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """A Python module that has been run in the copy, on a terminal of 160 columns."""
    environment = os.environ | {
        "PYTHONPATH": str(folder / "src"),
        "COLUMNS": "160",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def run(folder: Path, *arguments: str, errors: bool = False) -> str:
    """Output of a DVC command in the copy, with standard error if wanted."""
    done = done_in(folder, "dvc", *arguments)
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    return done.stdout + (done.stderr if errors else "")


def rerun(folder: Path) -> set[str]:
    """Stages that ``dvc repro`` runs now, without ``@thesis``, restored ones marked with ``cached``."""
    lines = run(folder, "repro").replace("@thesis'", "'").splitlines()
    ran = {line.split("'")[1] for line in lines if line.startswith("Running stage")}
    return ran | {f"cached {line.split(chr(39))[1]}" for line in lines if "is cached" in line}


def keep_tagging(folder: Path) -> tuple[int, str]:
    """Exit status and last line of ``clmr keep tagging`` in the copy."""
    done = done_in(folder, "clmr.cli", "keep", "tagging")
    return done.returncode, (done.stderr if done.returncode else done.stdout).splitlines()[-1]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def copied(folder: Path) -> Path:
    """The repository in a folder, without what was built in it."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, folder / name)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    run(folder, "init", "--quiet")
    run(folder, "config", "core.analytics", "false")
    return folder


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copied(tmp_path_factory.mktemp("repository"))
    write_overlaid(folder / "params.yaml", folder / "params" / "smoke.yaml")
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
    for link in ("tables/table_6_1.csv", "figures/fig_6_1.png", "notebooks/pretrain_clmr_primary.ipynb"):
        assert link in gallery
        assert (repository / "results" / link).stat().st_size > 0
    started = time.monotonic()
    assert rerun(repository) == set()
    # 4 s on a quiet machine; tests share theirs.
    assert time.monotonic() - started < 20


@pytest.mark.smoke
def test_runs_with_several_seeds_are_shown_with_their_deviation(repository: Path):
    table = pd.read_csv(repository / "results" / "tables" / "table_6_1.csv")
    linear = table[table["head"] == "linear"].set_index("run")
    assert linear.n_seeds["clmr_primary"] == 2
    assert linear.pr_auc_tag_sd["clmr_primary"] > 0
    assert linear.n_seeds["clmr_secondary"] == 1
    assert pd.isna(linear.pr_auc_tag_sd["clmr_secondary"])
    assert " ± " in (repository / "results" / "tables" / "table_6_1.md").read_text()
    curves = pd.read_csv(repository / "results" / "curves" / "main" / "sample_cnn_primary.csv")
    assert set(curves.seed) == {0, 1}


@pytest.mark.smoke
def test_results_of_another_scale_are_kept_apart(repository: Path):
    assert keep_tagging(repository) == (0, "the smoke results of tagging are in results/smoke/tagging")
    kept, published = repository / "results" / "smoke" / "tagging", repository / "results"
    for name in ("tables/table_6_1.csv", "figures/fig_1_1.png", "notebooks/pretrain_clmr_primary.ipynb"):
        assert (kept / name).read_bytes() == (published / name).read_bytes()
    assert "| `evaluate@clmr_primary` |" in (kept / "README.md").read_text()
    assert not list(kept.rglob("*ablation*"))
    # No output of a stage: nothing has to run again.
    assert rerun(repository) == set()
    # Results that are not those of the parameters, as after git checkout without dvc checkout.
    table = published / "tables" / "table_6_1.csv"
    text = table.read_text()
    edit(table, "smoke", "embedded")
    message = "clmr: out of date, or not run yet: tagging; dvc repro tagging@thesis runs them"
    assert keep_tagging(repository) == (1, message)
    table.write_text(text)


@pytest.mark.smoke
def test_published_notebooks_hold_no_path_or_time_of_this_machine(repository: Path):
    published = list((repository / "results" / "notebooks").glob("*.ipynb"))
    # Every executed notebook, and the report, which publishes itself.
    assert len(published) == len(list((repository / "build" / "executed").glob("*.ipynb"))) + 1
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
def test_what_dvc_shows_fits_a_terminal(repository: Path):
    subprocess.run(["git", "add", "--all"], cwd=repository, check=True)
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, "commit", "--quiet", "--message", "Run"], cwd=repository, check=True)
    edit(repository / "params.yaml", "clmr_secondary: {", "clmr_secondary: {temperature: 0.1, ")
    run(repository, "repro", "evaluate@clmr_secondary")
    commands = (
        ["metrics", "show"],
        ["metrics", "diff"],
        ["params", "diff"],
        ["exp", "show", "--only-changed", "--no-pager"],
    )
    for command in commands:
        shown = run(repository, *command)
        assert max(map(len, shown.splitlines())) <= 160, command
        assert "nan" not in shown.lower(), command
    assert "runs.clmr_secondary.temperature" in run(repository, "params", "diff")
    changed = run(repository, "metrics", "diff")
    assert "evaluate_clmr_secondary.json" in changed
    assert "primary" not in changed
    edit(repository / "params.yaml", "{temperature: 0.1, ", "{")
    run(repository, "repro")


@pytest.mark.smoke
def test_a_run_s_own_value_reruns_that_run_and_comes_back_from_the_cache(repository: Path):
    readers = {"evaluate@clmr_secondary", "activations@secondary"}
    readers |= {"efficiency_probes@secondary", "efficiency_training@secondary"}
    results = {"tagging", "claims", "ablation", "transfer", "efficiency", "interpretability", "report"}
    affected = {"plan", "pretrain@clmr_secondary", *readers, *results}
    metrics = repository / "results" / "metrics" / "main" / "evaluate_clmr_secondary.json"
    before = metrics.read_bytes()
    edit(repository / "params.yaml", "clmr_secondary: {", "clmr_secondary: {temperature: 0.3, ")
    assert rerun(repository) == affected
    assert metrics.read_bytes() != before
    edit(repository / "params.yaml", "{temperature: 0.3, ", "{")
    back = rerun(repository)
    assert {stage for stage in back if not stage.startswith("cached")} <= {"report"}
    assert metrics.read_bytes() == before


@pytest.mark.smoke
def test_a_base_value_leaves_runs_alone_that_override_it(repository: Path):
    # clmr_secondary states its own epochs.
    edit(repository / "params.yaml", "    epochs: 2 ", "    epochs: 3 ")
    ran = rerun(repository)
    assert "pretrain@clmr_primary" in ran
    assert not ran & {"pretrain@clmr_secondary", "pretrain@cpc_primary", "pretrain@cpc_secondary"}
    run(repository, "params", "diff")


@pytest.mark.smoke
def test_probe_settings_rerun_evaluations_only(repository: Path):
    # Those of supervised training stand further to the right.
    edit(repository / "params.yaml", "\n  n_resamples: 50\n  embedding", "\n  n_resamples: 60\n  embedding")
    groups = {stage.removeprefix("cached ").split("@")[0] for stage in rerun(repository)}
    # A grid probes as well, once there is one.
    notebooks = {"tagging", "ablation", "transfer", "efficiency"}
    # The head whose tags one can listen to is a probe as well.
    assert groups - {"grid"} == {"plan", "evaluate", "probe_transfer", "claims", *notebooks, "listening", "report"}


@pytest.mark.smoke
def test_two_runs_of_one_recipe_are_trained_once_and_shown_twice(repository: Path):
    text = (repository / "params.yaml").read_text()
    line = text[text.index("  clmr_secondary: {") :].partition("}")[0] + "}"
    edit(repository / "params.yaml", line, f"{line}\n{line.replace('clmr_secondary', 'twin')}")
    run(repository, "repro", "--force", "--single-item", "plan")
    printed = run(repository, "repro", "--force", "--single-item", "pretrain@clmr_secondary")
    assert "resumed" not in printed
    twin = run(repository, "repro", "--single-item", "pretrain@twin", errors=True)
    assert "resumed after epoch 2" in twin
    weights = [repository / "checkpoints" / name / "seed_0.safetensors" for name in ("clmr_secondary", "twin")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    edit(repository / "params.yaml", f"\n{line.replace('clmr_secondary', 'twin')}", "")
    rerun(repository)


@pytest.mark.smoke
def test_a_grid_trains_only_what_is_new(repository: Path):
    grid = (
        "{over: sample_cnn, store: primary, evaluate_on: primary, experiment: efficiency, "
        "grid: {label_fraction: [0.5, 0.75]}}"
    )
    params = repository / "params.yaml"
    params.write_text(params.read_text().replace("grids: {}", "grids:"))
    edit(params, "grids:", f"grids:\n  shares: {grid}")
    assert "2 combinations, 2 runs" in run(repository, "repro", "grid@shares")
    edit(repository / "params.yaml", "[0.5, 0.75]", "[0.5, 0.75, 1.0]")
    printed = run(repository, "repro", "grid@shares")
    assert "3 combinations, 3 runs" in printed
    # The first combinations are read from what was kept: no epoch of it is trained again.
    assert printed.count("epoch 1/2") == 1
    folder = repository / "data" / "scores" / "efficiency" / "grid_shares"
    for share in (0.5, 0.75, 1.0):
        assert {file.name for file in (folder / f"label_fraction={share}").iterdir()} == {
            "scores.json", "scores_0.safetensors", "scores_0_valid.safetensors",
        }  # fmt: skip


@pytest.mark.smoke
def test_one_value_of_one_ablation_reruns_its_grid_its_notebook_and_the_report(repository: Path):
    edit(repository / "params.yaml", "grid: {epochs: [1, 2]}", "grid: {epochs: [1, 3]}")
    # The notebooks of chapter 6 show verdicts, which stand in one table.
    assert rerun(repository) == {"plan", "grid@epochs", "claims", "ablation", "transfer", "efficiency", "report"}
    table = pd.read_csv(repository / "results" / "tables" / "table_6_4.csv")
    ours = table[(table["head"] == "linear") & (table.scale == "smoke")]
    # The base run, which is trained elsewhere, between the two combinations of the grid.
    assert ours.epochs.tolist() == [1, 2, 3]
    assert ours.n_seeds.tolist() == [1, 2, 1]
    assert (table.scale == "thesis").any()


@pytest.mark.smoke
def test_a_figure_reruns_its_notebook_and_the_report_only(repository: Path):
    edit(repository / "src" / "clmr" / "paper" / "figures.py", "WIDTH_INCHES = 7.0", "WIDTH_INCHES = 6.5")
    notebooks = {"tagging", "ablation", "transfer", "efficiency", "interpretability"}
    assert rerun(repository) <= {"plan", "claims", *notebooks, "report"}


@pytest.mark.smoke
def test_a_docstring_reruns_the_plan_alone(repository: Path):
    edit(repository / "src" / "clmr" / "training" / "loop.py", '"""', '"""Well: ')
    assert rerun(repository) == {"plan"}


@pytest.mark.smoke
def test_prose_reruns_the_report_only_and_is_published(repository: Path):
    notebook = repository / "notebooks" / "02_pretraining.ipynb"
    edit(notebook, "each with a task that needs no label.", "each with a task that needs no label at all.")
    assert rerun(repository) == {"plan", "report"}
    published = (repository / "results" / "notebooks" / "pretrain_clmr_primary.ipynb").read_text()
    assert "needs no label at all." in published


@pytest.mark.smoke
def test_a_folder_of_one_s_own_goes_from_two_lines_to_a_report(tmp_path: Path):
    folder, music = copied(tmp_path / "repository"), tmp_path / "my music"
    for tag, hz in {"low": 200.0, "high": 1_500.0}.items():
        for album in range(6):
            for song, kind in enumerate(("MP3", "FLAC")):
                audio = tone(4.0, hz=hz, seed=album)
                write(music / tag / f"album {album}" / f"söng {song}.{kind.lower()}", audio, format=kind)
    (music / "low" / "not audio.mp3").write_text("<html>404</html>")
    # The shipped example, at the scale of these tests.
    write_overlaid(folder / "params.yaml", *(folder / "params" / f"{name}.yaml" for name in ("smoke", "own_music")))
    edit(folder / "params.yaml", "root: ~/Music", f"root: {music}")
    ran = run(folder, "repro")
    assert {line.split("'")[1] for line in ran.splitlines() if line.startswith("Running stage")} == {
        "plan", "download@music", "store@music", "pretrain@clmr_music", "pretrain@random_init_music",
        "evaluate@clmr_music", "evaluate@random_init_music", "log_mel@music", "own_report@music",
    }  # fmt: skip
    page = (folder / "results" / "own" / "music" / "README.md").read_text()
    assert "not audio.mp3" in page
    scores = pd.read_csv(folder / "results" / "own" / "music" / "scores.csv")
    assert set(scores.system) >= {"clmr", "random_init", "log_mel"}
    assert scores.pr_auc_tag.between(0, 1).all()


@pytest.mark.smoke
def test_a_notebook_run_by_hand_reads_the_plan(repository: Path, monkeypatch):
    from clmr.pipeline.stage import open_stage
    from clmr.pipeline.stage_params import PretrainStage
    from clmr.storage import paths

    monkeypatch.delenv(paths.ROOT_VARIABLE, raising=False)
    # Where a notebook run by hand has its kernel.
    monkeypatch.chdir(repository / "notebooks")
    stage = open_stage(PretrainStage, "pretrain@clmr_primary")
    assert stage.params.recipe.seeds == (0, 1)
    assert not hasattr(stage.params, "probe")
