"""The plan: each stage depends on what can change its result, on nothing else, and results are not out of date."""

import hashlib
import json
import re
import shutil
from copy import deepcopy
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml

from clmr.paper import artefacts
from clmr.params import load_params, read_params
from clmr.pipeline import code, plan
from clmr.pipeline.overlay_file import write_overlaid
from clmr.pipeline.plan import planned_stages
from clmr.storage import paths
from clmr.storage.yaml_files import read_yaml

ROOT = Path(__file__).parents[2]
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
MAPPING = read_yaml(ROOT / "params.yaml")
CHEAP = ("plan", "tagging", "claims", "ablation", "transfer", "efficiency", "interpretability", "listening", "report")
# What the tests below know by name, and what it needs: whatever else params.yaml gets must not matter to them.
KNOWN = {
    "corpora": ("scores", "merlin", "tunes_medium"),
    "stores": ("primary", "secondary", "unlabelled_medium"),
    "runs": (
        "clmr_primary",
        "cpc_primary",
        "random_init",
        "random_init_cpc",
        "clmr_secondary",
        "cpc_secondary",
        "ablation_chain",
        "ablation_crop",
        "clmr_medium",
        "cpc_medium",
    ),
    "supervised_runs": ("sample_cnn_primary", "pons_primary", "pons_secondary"),
    "label_efficiency": ("primary",),
    "grids": (),
    "transfers": ("random_init_secondary", "random_init_cpc_secondary", "frozen_sample_cnn_primary"),
    "baselines": ("primary", "secondary"),
}
KNOWN_MAPPING = MAPPING | {
    section: {name: MAPPING[section][name] for name in names} for section, names in KNOWN.items()
}
# Tables of base rows alone.
KNOWN_MAPPING["ablation"] = {
    name: value | {"grids": []} if "grids" in value else value for name, value in MAPPING["ablation"].items()
}
KNOWN_MAPPING["transfer"] = {"grids": []}


def planned_name(stage: str) -> str:
    """The plan's name of a stage of DVC."""
    return stage.removesuffix("@thesis")


def definition(stage: str) -> dict[str, Any]:
    return PIPELINE[stage].get("do", PIPELINE[stage])


def listed(reference: str) -> Any:
    """What ``${a.b}`` of dvc.yaml refers to in the parameters."""
    return reduce(getitem, reference.strip("${}").split("."), MAPPING)


def contents(mapping: dict[str, Any] = MAPPING) -> dict[str, dict[str, Any]]:
    return {stage.name: stage.content() for stage in planned_stages(load_params(mapping))}


def stages_changed_by(change: Any) -> set[str]:
    mapping = deepcopy(KNOWN_MAPPING)
    change(mapping)
    before, after = contents(KNOWN_MAPPING), contents(mapping)
    return {name for name in after if before.get(name) != after[name]}


def stages_that_run(module: str) -> set[str]:
    return {name for name, content in contents(KNOWN_MAPPING).items() if module in content["code"]}


def test_no_published_result_is_out_of_date():
    """The plan of the committed code and parameters is the one that dvc.lock was written for."""
    locked = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
    advice = "run dvc repro, and commit results and dvc.lock"
    locked = {planned_name(name): entry for name, entry in locked.items()}
    for name, content in contents().items():
        assert name in locked, f"{name} has no result yet: {advice}"
        path = paths.plan_file(name).relative_to(paths.root())
        written = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        digest = hashlib.md5(written.encode()).hexdigest()
        dependencies = {entry["path"]: entry["md5"] for entry in locked[name]["deps"]}
        assert dependencies[path.as_posix()] == digest, f"{name} is out of date: {advice}"


@pytest.mark.parametrize("scale", ["embedded", "fp32"])
def test_the_plan_says_before_hours_of_work_what_is_faster_here(scale, repository, monkeypatch, capsys):
    (repository / "notebooks").symlink_to(ROOT / "notebooks")
    shutil.copy(ROOT / "params.yaml", repository / "params.yaml")
    if scale != "embedded":
        write_overlaid(repository / "params.yaml", ROOT / "params" / f"{scale}.yaml")
    monkeypatch.setattr("clmr.pipeline.stage.has_bf16_instructions", lambda device: False)
    plan.main()
    said = capsys.readouterr()
    assert "stages planned" in said.out
    assert said.err.count("make params SCALE=fp32") == (scale == "embedded")


def test_a_device_that_there_is_not_ends_the_plan_with_a_sentence(repository, monkeypatch):
    (repository / "notebooks").symlink_to(ROOT / "notebooks")
    shutil.copy(ROOT / "params.yaml", repository / "params.yaml")
    monkeypatch.setenv("CLMR_DEVICE", "abacus")
    with pytest.raises(SystemExit, match="CLMR_DEVICE: found 'abacus'"):
        plan.main()


def test_the_plan_has_every_stage_of_dvc_yaml_and_no_other():
    expected = set()
    for stage, entry in PIPELINE.items():
        names = listed(entry["foreach"]) if "foreach" in entry else None
        expected |= {stage} if names is None else {planned_name(f"{stage}@{name}") for name in names}
    assert set(contents()) == expected - {"plan"}


def test_every_stage_runs_what_the_plan_has_digested():
    for stage in planned_stages(load_params(MAPPING)):
        group, _, key = stage.name.partition("@")
        command = definition(group)["cmd"].replace("${key}", key).split()
        # What runs a stage whose work is spread over processes names it in the same words.
        module, *arguments = command[3:] if command[2] == "clmr.pipeline.with_workers" else command[2:]
        assert stage.entry == (arguments[0] if module == "clmr.pipeline.notebooks" else module)
        assert stage.name in arguments


@pytest.mark.parametrize("stage", [stage for stage in PIPELINE if stage != "plan"])
def test_a_stage_depends_on_its_own_file_of_the_plan_and_on_no_code(stage):
    dependencies = definition(stage)["deps"]
    assert dependencies[0 if stage != "report" else 1].startswith(f"build/plan/{stage}")
    assert not [path for path in dependencies if path.startswith("src")]
    assert "params" not in definition(stage)


@pytest.mark.parametrize("stage", [stage for stage in PIPELINE if stage not in CHEAP])
def test_costly_stages_keep_the_run_cache_and_read_no_executed_notebook(stage):
    # One plain out without cache switches the run cache off for its stage; metrics and plots do not.
    assert all(isinstance(out, str) for out in definition(stage)["outs"])
    assert not [path for path in definition(stage)["deps"] if "executed" in path]


@pytest.mark.parametrize("stage", PIPELINE)
def test_every_stage_says_what_it_does(stage):
    assert len(definition(stage)["desc"]) > 20


def test_files_are_short():
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) <= 450
    # DVC reads and writes the lock at every stage. Today's have about 52 lines each, the plan's parameters included.
    assert len((ROOT / "dvc.lock").read_text().splitlines()) <= 80 * (len(contents()) + 1)


def test_editing_a_variant_reruns_that_variant():
    groups = ("pretrain@", "evaluate@", "probe_transfer@", "filters@")
    main = {name for name in contents(KNOWN_MAPPING) if name.startswith(groups)}
    cpc = {name for name in main if "cpc" in name}
    assert stages_that_run("clmr.models.cpc") == cpc
    assert stages_that_run("clmr.training.cpc") == {name for name in cpc if name.startswith("pretrain@")}
    assert stages_that_run("clmr.models.pons") == {"supervised@pons_primary", "supervised@pons_secondary"}
    augmented = stages_that_run("clmr.augmentations.pitch")
    own = ("clmr_primary", "clmr_secondary", "clmr_medium", "random_init", "ablation_chain", "ablation_crop")
    # The notebook of the ablations shows what each step does.
    assert augmented == {"ablation", *(f"pretrain@{name}" for name in own)}
    downloads = {"download@scores", "download@merlin", "download@tunes_medium"}
    assert stages_that_run("clmr.corpora.rendered.synthesis") == downloads
    assert {name.partition("@")[0] for name in stages_that_run("clmr.evaluation.log_mel")} == {
        "log_mel",
        "efficiency_probes",
    }


def test_no_figure_and_no_caption_can_rerun_a_costly_stage():
    for name, content in contents().items():
        papers = [module for module in content["code"] if module.startswith("clmr.paper")]
        assert (name in CHEAP) == bool(papers), f"{name}: {papers}"


def test_a_stage_sees_what_concerns_it_alone():
    own = stages_changed_by(lambda params: params["runs"]["clmr_secondary"].update(temperature=0.1))
    assert own == {"pretrain@clmr_secondary", "tagging", "claims"}
    shared = stages_changed_by(lambda params: params["bases"]["clmr"].update(epochs=61))
    assert shared == {"pretrain@clmr_primary", "tagging", "claims"}
    probe = {name.partition("@")[0] for name in stages_changed_by(lambda params: params["probe"].update(n_resamples=9))}
    assert probe == {"evaluate", "probe_transfer", "listening"}
    figure = stages_changed_by(lambda params: params["tagging"]["t_sne"].update(perplexity=20.0))
    assert figure == {"tagging"}
    corpus = stages_changed_by(lambda params: params["corpora"]["merlin"].update(n_clips=9))
    assert corpus == {"download@merlin"}
    store = stages_changed_by(lambda params: params["stores"].update(third=params["stores"]["primary"]))
    assert store == {"store@third", "report"}


def test_a_docstring_changes_no_plan_and_code_does(monkeypatch):
    before = contents()
    file = code.module_file("clmr.training.loop")
    text = file.read_text()
    edited = {"docstring": text.replace('"""', '"""Another word. ', 1), "code": text + "\nADDED = 1\n"}
    original = Path.read_text
    for kind, replacement in edited.items():
        code._module_digest.cache_clear()
        monkeypatch.setattr(
            Path, "read_text", lambda self, *a, r=replacement, **k: r if self == file else original(self, *a, **k)
        )
        changed = {name for name, content in contents().items() if content != before[name]}
        assert bool(changed) == (kind == "code")
        assert not {name for name in changed if name.startswith(("download", "store", "evaluate", "log_mel", "report"))}
    monkeypatch.undo()
    code._module_digest.cache_clear()


def test_every_artefact_is_written_by_its_stage_and_every_plot_is_an_artefact():
    written: dict[str, set[str]] = {}
    for stage in ("tagging", "claims", "ablation", "transfer", "efficiency", "interpretability"):
        plots = {next(iter(entry)) for entry in definition(stage)["plots"]}
        written[stage] = {Path(path).stem for path in plots}
        for artefact in (entry for entry in artefacts.ARTEFACTS if entry.stage == stage):
            folder = "tables" if artefact.is_table else "figures"
            assert f"results/{folder}/{artefact.name}.csv" in plots
            assert artefact.is_table or f"results/figures/{artefact.name}.png" in plots
    for stage, names in written.items():
        assert names == {artefact.name for artefact in artefacts.ARTEFACTS if artefact.stage == stage}


def test_a_line_may_state_the_heads_that_are_trained():
    lines = {"over": "clmr", "store": "primary", "evaluate_on": "primary", "experiment": "other", "heads": ["linear"]}
    runs, grids = KNOWN_MAPPING["runs"] | {"one_head": lines}, {"few": lines | {"grid": {"epochs": [5]}}}
    found = contents(KNOWN_MAPPING | {"runs": runs, "grids": grids})
    assert found["evaluate@one_head"]["params"]["probe"]["heads"] == ["linear"]
    assert found["grid@few"]["params"]["probe"]["heads"] == ["linear"]
    assert found["evaluate@clmr_primary"]["params"]["probe"]["heads"] == ["linear", "mlp", "all_layers"]
    assert found["evaluate@cpc_primary"]["params"]["probe"]["heads"] == ["linear", "mlp"]


def test_the_scaling_figure_gets_the_trained_encoders_of_its_grids():
    line = {"store": "primary", "evaluate_on": "primary"}
    epochs = {"grid": {"encoder.width": [8], "epochs": [0, 10, 20], "temperature": [0.1]}}
    grids = {
        "longer": line | {"over": "clmr", "experiment": "scaling", "seeds": [0, 1]} | epochs,
        "supervised": line | {"over": "sample_cnn", "experiment": "scaling", "grid": {"label_fraction": [0.5]}},
        "elsewhere": line | {"over": "clmr", "experiment": "other", "grid": {"epochs": [5]}},
    }
    *runs, main = contents(KNOWN_MAPPING | {"grids": grids})["tagging"]["params"]["scaling"]
    assert [(run["epochs"], run["width"], run["n_views"], run["settings"]) for run in runs] == [
        (epochs, 8, 2, {"temperature": 0.1}) for epochs in (10, 20)
    ]
    scored = runs[0]["scored"]
    assert {run["scored"]["experiment"] for run in runs} == {"scaling"}
    # Each combination has scores of its own.
    assert scored["stage"] == "grid@longer/encoder.width=8,epochs=10,temperature=0.1"
    assert (scored["system"], scored["store"]) == ("clmr", "primary")
    # The main run on the same corpus is one more point; that of the other corpus is none, nor are untrained encoders.
    shown = (main["scored"]["stage"], main["scored"]["experiment"], main["settings"])
    assert shown == ("evaluate@clmr_primary", "main", {})
    assert contents(KNOWN_MAPPING | {"grids": {}})["tagging"]["params"]["scaling"] == []


def test_another_scale_runs_the_same_code():
    smoke, embedded = read_params(ROOT / "params.yaml", ROOT / "params" / "smoke.yaml"), contents()
    for stage in planned_stages(smoke):
        assert stage.content()["code"] == embedded[stage.name]["code"]


def test_no_committed_text_names_a_machine_or_a_registry():
    forbidden = re.compile("|".join(("/wo" + "rk/", "/ro" + "ot/", "py" + "pi.org", "python" + "hosted")))
    suffixes = {".py", ".yaml", ".yml", ".toml", ".md", ".lock", ".cff", ".ipynb", ".json", ".csv"}
    skipped = {".venv", "build", "data", "checkpoints", ".git", ".dvc"}
    top = [path for path in ROOT.iterdir() if path.name not in skipped]
    for path in [file for entry in top for file in (entry.rglob("*") if entry.is_dir() else [entry])]:
        if path.suffix in suffixes:
            found = forbidden.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path}: {found.group()}"
