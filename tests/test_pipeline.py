"""The contracts of the pipeline: what a stage lists is what it uses, no more and no less."""

import json
import re
from pathlib import Path

import pytest
import yaml

from clmr.paper import gallery
from clmr.paper.thesis import load_thesis
from clmr.params import load_params, read_params
from clmr.pipeline.dependencies import declared_dependencies, expected_dependencies, rewritten, stage_commands
from clmr.storage.strict import to_mapping
from clmr.training.pretrain import read_recipe

ROOT = Path(__file__).parent.parent
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())
COMMANDS = stage_commands(PIPELINE)
PARAMS = {path.name: path for path in (ROOT / "params.yaml", ROOT / "params/smoke.yaml", ROOT / "params/paper.yaml")}
EXPENSIVE = ("download", "store", "pretrain", "supervised", "evaluate", "log_mel")


def definition(stage: str) -> dict:
    return PIPELINE["stages"][stage].get("do", PIPELINE["stages"][stage])


@pytest.mark.parametrize("stage", COMMANDS)
def test_code_dependencies_are_the_import_closure(stage):
    listed = [path for path in declared_dependencies(PIPELINE, stage) if path.startswith("src/clmr")]
    assert listed == expected_dependencies(COMMANDS[stage]), "run `python -m clmr.pipeline.dependencies`"


def test_rewriting_dependencies_changes_nothing_when_they_are_up_to_date():
    text = (ROOT / "dvc.yaml").read_text()
    assert rewritten(text) == text
    missing = text.replace("      - src/clmr/losses.py\n", "").replace("        - src/clmr/losses.py\n", "")
    assert missing != text
    assert rewritten(missing) == text


@pytest.mark.parametrize("stage", EXPENSIVE)
def test_no_figure_code_can_rerun_an_expensive_stage(stage):
    assert not [
        path for path in declared_dependencies(PIPELINE, stage) if re.search("plotting|reporting|results.py", path)
    ]


@pytest.mark.parametrize("stage", EXPENSIVE)
def test_expensive_stages_keep_the_run_cache(stage):
    # One plain out without cache switches the run cache off for its stage; metrics and plots do not.
    assert all(isinstance(out, str) for out in definition(stage)["outs"])


@pytest.mark.parametrize("stage", COMMANDS)
def test_every_stage_says_what_it_does(stage):
    description = PIPELINE["stages"][stage].get("desc") or definition(stage)["desc"]
    assert len(description) > 20


@pytest.mark.parametrize(
    "stage", [stage for stage, command in COMMANDS.items() if "clmr.pipeline.notebooks" in command]
)
def test_notebook_stages_depend_on_code_not_on_prose(stage):
    notebook = COMMANDS[stage].split()[3]
    dependencies = declared_dependencies(PIPELINE, stage)
    assert f"build/notebooks/{notebook}.py" in dependencies
    assert f"notebooks/{notebook}.ipynb" not in dependencies


def test_no_training_stage_depends_on_an_executed_notebook():
    for stage in EXPENSIVE:
        assert not [path for path in declared_dependencies(PIPELINE, stage) if "executed" in path]


@pytest.mark.parametrize("name", PARAMS)
def test_parameter_files_are_valid_and_have_the_same_sections(name):
    read_params(PARAMS[name])
    sections = yaml.safe_load(PARAMS[name].read_text())
    assert list(sections) == list(yaml.safe_load(PARAMS["params.yaml"].read_text()))
    assert set(definition("recipes")["params"]) == set(sections)


def test_the_smoke_pipeline_is_the_same_dag():
    for section in ("corpora", "stores", "runs", "supervised_runs", "evaluations"):
        names = [list(yaml.safe_load(PARAMS[file].read_text())[section]) for file in ("params.yaml", "smoke.yaml")]
        assert names[0] == names[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda params: params["stores"]["scores_8000"].update(corpus="nope"),
            "stores.scores_8000.corpus: found 'nope'",
        ),
        (
            lambda params: params["runs"]["clmr_scores"].update(store="nope"),
            "runs.clmr_scores.store: found 'nope'",
        ),
        (lambda params: params["runs"]["clmr_scores"].update(lr=1), "runs.clmr_scores .*unknown key lr"),
        (
            lambda params: params["runs"]["clmr_scores"].update(n_steps=4),
            r"runs.clmr_scores \(over pretrain.clmr\): found unknown key n_steps",
        ),
        (
            lambda params: params["runs"]["cpc_scores"].update(temperature=0.5),
            r"runs.cpc_scores \(over pretrain.cpc\): found unknown key temperature",
        ),
        (
            lambda params: params["runs"]["cpc_scores"].update(method="x"),
            "runs.cpc_scores.method: found 'x'.* clmr, cpc",
        ),
        (lambda params: params["runs"]["cpc_scores"].pop("method"), "runs.cpc_scores: missing key method"),
        (lambda params: params["runs"].update(cpc_scores=None), "runs.cpc_scores: missing key method"),
        (lambda params: params["pretrain"].pop("cpc"), "runs.cpc_merlin.method: found 'cpc', which is not defined"),
        (lambda params: params["pretrain"].update(x={}), "a method in pretrain must be one of clmr, cpc, got 'x'"),
        (lambda params: params["pretrain"]["cpc"].pop("n_steps"), "over pretrain.cpc.*missing key n_steps"),
        (lambda params: params["pretrain"]["cpc"].update(n_steps=500), "n_steps must be in 1 to .*, got 500"),
        (
            lambda params: params["runs"]["cpc_scores"].update(encoder={"strides": [5]}),
            r"cpc_scores .*encoder: strides must be 7 numbers >= 1, one for each kernel, got \[5\]",
        ),
        (lambda params: params["runs"]["clmr_scores"].pop("store"), "runs.clmr_scores: missing key store"),
        (
            lambda params: params["evaluations"]["clmr_scores"].update(run="x"),
            "evaluations.clmr_scores.run: found 'x'",
        ),
        (
            lambda params: params["evaluations"]["clmr_scores"].update(system="cpc"),
            "evaluations.clmr_scores.system of a run by clmr must be one of clmr, random_init, got 'cpc'",
        ),
        (lambda params: params["pretrain"]["clmr"].pop("temperature"), "missing key temperature"),
        (lambda params: params["pretrain"]["clmr"].update(temperature=0.0), "temperature must be > 0, got 0.0"),
        (
            lambda params: params["supervised_runs"]["pons_scores"].update(store="nope"),
            "supervised_runs.pons_scores.store: found 'nope'",
        ),
        (
            lambda params: params["supervised_runs"]["pons_scores"].pop("model"),
            "supervised_runs.pons_scores: missing key store or model",
        ),
        (
            lambda params: params["supervised_runs"]["pons_scores"]["model"].update(kind="vgg"),
            "model.kind: found str 'vgg', allowed are sample_cnn, pons, dieleman",
        ),
        (
            lambda params: params["supervised_runs"].update(clmr_scores={}),
            r"names in supervised_runs must be other than those in runs, .* got \['clmr_scores'\]",
        ),
        (lambda params: params["supervised"].update(dropout=1), "supervised_runs.* unknown key dropout"),
        (
            lambda params: params["probe"].update(learning_rate="1e-3"),
            "probe.learning_rate: found str '1e-3'",
        ),
        (
            lambda params: params["corpora"]["scores"].update(kind="cd"),
            "corpora.scores.kind: found 'cd', allowed are",
        ),
        (lambda params: params["tagging"].update(primary_store="x"), "tagging.primary_store: found 'x'"),
        (lambda params: params.update(extra={}), "unknown key extra"),
        (
            lambda params: params["runs"].update({"a.b": {"method": "clmr", "store": "scores_8000"}}),
            "a name in runs must be letters",
        ),
    ],
)
def test_what_is_wrong_in_params_is_named(change, message, tmp_path):
    params = yaml.safe_load(PARAMS["params.yaml"].read_text())
    change(params)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(params))
    with pytest.raises(ValueError, match=message):
        read_params(path)


def test_a_shared_value_reaches_the_runs_of_its_method_that_do_not_override_it():
    params = yaml.safe_load(PARAMS["params.yaml"].read_text())
    params["runs"]["cpc_merlin"]["n_negatives"] = 7
    before = load_params(params).recipes()
    params["pretrain"]["cpc"]["n_negatives"] += 1
    after = load_params(params).recipes()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {name for name, run in params["runs"].items() if run["method"] == "cpc"} - {"cpc_merlin"}


def test_a_resolved_recipe_states_its_method_and_reads_back():
    for recipe in read_params(PARAMS["params.yaml"]).recipes().values():
        mapping = to_mapping(recipe)
        assert mapping["method"] in ("clmr", "cpc")
        assert read_recipe(json.loads(json.dumps(mapping)), "recipe") == recipe


def test_every_artefact_of_the_gallery_is_written_by_its_stage():
    for artefact in gallery.ARTEFACTS:
        written = {next(iter(entry)) for entry in definition(artefact.stage)["plots"]}
        folder = "tables" if artefact.is_table else "figures"
        assert f"results/{folder}/{artefact.name}.csv" in written
        assert artefact.is_table or f"results/figures/{artefact.name}.png" in written


def test_every_plot_of_the_tagging_stage_is_in_the_gallery():
    written = {Path(next(iter(entry))).stem for entry in definition("tagging")["plots"]}
    assert written == {artefact.name for artefact in gallery.ARTEFACTS}


def test_the_report_reads_every_stage_that_dvc_runs():
    params = yaml.safe_load(PARAMS["params.yaml"].read_text())
    recorded = set(gallery.recorded_stages(params))
    expected = set()
    for stage, entry in PIPELINE["stages"].items():
        if "foreach" in entry:
            section = entry["foreach"].strip("${}")
            expected |= {f"{stage}@{name}" for name in params[section]}
        else:
            expected.add(stage)
    assert recorded == expected - {"notebook_code", "recipes", "report"}


def test_thesis_rows_are_valid_and_carry_the_printed_scores():
    rows = {row.id: row for row in load_thesis(ROOT / "references" / "thesis.yaml")}
    assert rows["table_6_1.clmr.linear.mtat.pr_auc_tag"].value == 0.3537
    assert rows["table_6_1.sample_cnn.end_to_end.msd.roc_auc_tag"].value == 0.8842
    assert len({row.artefact for row in rows.values()}) == 11


def test_no_committed_text_names_a_machine_or_a_registry():
    forbidden = re.compile("|".join(("/wo" + "rk/", "/ro" + "ot/", "py" + "pi.org", "python" + "hosted")))
    suffixes = {".py", ".yaml", ".yml", ".toml", ".md", ".lock", ".cff", ".ipynb", ".json", ".csv"}
    skipped = {".venv", "build", "data", "checkpoints", ".git", ".dvc"}
    top = [path for path in ROOT.iterdir() if path.name not in skipped]
    for path in [file for entry in top for file in (entry.rglob("*") if entry.is_dir() else [entry])]:
        if path.suffix in suffixes:
            found = forbidden.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path}: {found.group()}"
