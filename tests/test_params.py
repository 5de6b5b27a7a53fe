"""All of params.yaml: every scale resolves, and what is wrong is named with its place and what is allowed."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clmr.params import Params, RunParams, corpora_of, grids_of, load_params, read_params, runs_of, supervised_runs_of
from clmr.pipeline.plan import planned_stages
from clmr.pipeline.systems import system_of
from clmr.storage.layering import overlaid
from clmr.storage.overlays import WITHOUT, read_overlays, with_overlay
from clmr.storage.strict import from_mapping, to_mapping
from clmr.storage.yaml_files import read_yaml
from tests.paper.examples import THESIS

ROOT = Path(__file__).parents[1]
BASE = ROOT / "params.yaml"
FILES = {overlay.stem: overlay for overlay in sorted((ROOT / "params").glob("*.yaml"))}
OWN_MUSIC = FILES.pop("own_music")
OVERLAYS = {"embedded": None} | FILES
MAPPING = read_yaml(BASE)


def changed(change: Any) -> dict[str, Any]:
    params = deepcopy(MAPPING)
    change(params)
    return params


@pytest.mark.parametrize("scale", OVERLAYS)
def test_every_scale_resolves_and_plans_the_same_runs(scale):
    params, embedded = read_params(BASE, OVERLAYS[scale]), read_params(BASE)
    for section in ("runs", "supervised_runs", "transfers", "baselines"):
        assert list(getattr(params, section)) == list(getattr(embedded, section))
    planned, usual = ({stage.name for stage in planned_stages(one)} for one in (params, embedded))
    # Other data, and the grids that read them.
    own, dropped = set(), set()
    if scale in ("full_size", "paper"):
        own = {"store@primary_8k", "store@secondary_16k", "grid@rate_8000"}
        dropped = {"store@primary_22k", "grid@rate_22050"}
    if scale == "paper":
        kinds, sizes = ("magnatagatune", "million_song", "fma", "billboard", "gtzan"), ("large", "medium", "small")
        own |= {f"download@{kind}" for kind in kinds}
        dropped |= {"download@scores", "download@merlin", *(f"download@tunes_{size}" for size in sizes)}
    assert planned == (usual | own) - dropped


@pytest.mark.parametrize("scale", ["paper", "full_size", "embedded"])
def test_tables_of_ablations_have_the_rows_of_the_thesis(scale):
    stages = {stage.name: stage.params for stage in planned_stages(read_params(BASE, OVERLAYS[scale]))}
    tables = stages["ablation"].tables
    rates = [row.scored.varies["sample_rate_hz"] for row in tables["table_6_5"]]
    assert rates == [8_000, 12_000, 16_000, 22_050]
    for table in ("table_6_3", "table_6_4", "table_6_6") if scale != "embedded" else ("table_6_6",):
        (varied,) = THESIS.varies(table)
        printed = {getattr(row, varied) for row in THESIS.rows if row.artefact == table}
        assert printed <= {row.scored.varies[varied] for row in tables[table]}
    shown = {(row.scored.varies["augmentation"], row.scored.varies["probability"]) for row in tables["augmentation"]}
    plotted = {(row.augmentation, row.probability) for row in THESIS.rows if row.artefact in ("fig_6_3", "fig_6_4")}
    # Probability 0 is the crop alone.
    assert {(name, p) for name, p in plotted if p > 0} <= shown


def test_own_music_comes_instead_of_the_paper_with_its_recipes():
    params, usual = read_params(BASE, OWN_MUSIC), read_params(BASE)
    own = {stage.name: stage for stage in planned_stages(params)}
    assert set(own) == {
        "download@music", "store@music", "pretrain@clmr_music", "pretrain@random_init_music", "evaluate@clmr_music",
        "evaluate@random_init_music", "log_mel@music", "own_report@music",
    }  # fmt: skip
    assert (params.bases, params.probe, params.log_mel) == (usual.bases, usual.probe, usual.log_mel)
    shown = {system.stage: system.system for system in own["own_report@music"].params.systems}
    assert shown == {
        "evaluate@clmr_music": "clmr", "evaluate@random_init_music": "random_init", "log_mel@music": "log_mel",
    }  # fmt: skip


def test_own_music_may_also_stand_beside_the_paper_and_then_changes_nothing_of_it():
    (values,) = read_overlays(OWN_MUSIC).values()
    added = {section: value for section, value in values.items() if section != WITHOUT}
    own, usual = (
        {stage.name: stage for stage in planned_stages(load_params(mapping))}
        for mapping in (overlaid(MAPPING, added, "own.yaml"), MAPPING)
    )
    assert {"pretrain@clmr_music", "own_report@music"} <= set(own) - set(usual)
    # The report of the paper lists all stages, and so those that were added.
    assert all(own[name] == stage for name, stage in usual.items() if name != "report")


def test_without_publications_what_tables_show_is_not_read_but_a_misspelt_section_is_found():
    own = with_overlay(MAPPING, OWN_MUSIC)
    assert type(load_params(own | {"tagging": {"primary_store": "gone"}})) is RunParams
    assert isinstance(load_params(MAPPING), Params)
    with pytest.raises(ValueError, match="basis"):
        load_params(own | {"basis": {}})
    with pytest.raises(ValueError, match=r"published.*'book'.*'thesis'"):
        load_params(own | {"published": ["book"]})
    # Of these DVC would make stages, for which there is no plan.
    with pytest.raises(ValueError, match=r"label_efficiency must be \{\} where nothing is published"):
        load_params(MAPPING | {"published": []})
    shown = MAPPING["interpretability"] | {"activations": {}}
    with pytest.raises(ValueError, match=r"interpretability.filters must be \{\}.*got \{'clmr_primary'"):
        load_params(own | {"interpretability": shown})
    # With the thesis to publish, but without its runs, what is missing is named.
    with pytest.raises(ValueError, match="activations"):
        load_params(own | {"published": ["thesis"]})


def test_a_report_names_a_store_and_an_experiment():
    report = {"store": "none", "experiment": "own", "resampling": {"n_resamples": 2, "seed": 0}}
    with pytest.raises(ValueError, match=r"own_reports.x.store.*none"):
        load_params(changed(lambda params: params["own_reports"].update(x=report)))


def test_in_float32_every_network_computes_in_it_and_nothing_else_changes():
    params, embedded = read_params(BASE, OVERLAYS["fp32"]), read_params(BASE)
    for found in (*runs_of(params).values(), *supervised_runs_of(params).values(), *grids_of(params)["epochs"]):
        assert found.recipe.precision == "fp32", found.name
    assert params.probe.embedding_precision == "fp32"
    assert replace(params.probe, embedding_precision="bf16") == embedded.probe
    recipe = runs_of(params)["clmr_primary"].recipe
    assert replace(recipe, precision="bf16") == runs_of(embedded)["clmr_primary"].recipe


def test_smoke_scale_has_grids_of_two():
    grids = grids_of(read_params(BASE, OVERLAYS["smoke"]))
    assert {name: len(grids[name]) for name in ("batch_size", "epochs", "projector", "temperature")} == dict.fromkeys(
        ("batch_size", "epochs", "projector", "temperature"), 2
    )


def test_paper_scale_has_the_settings_of_the_thesis():
    params = read_params(BASE, OVERLAYS["paper"])
    clmr, cpc = runs_of(params)["clmr_primary"].recipe, runs_of(params)["cpc_primary"].recipe
    assert (clmr.encoder.sample_rate_hz, clmr.encoder.width, clmr.batch_size, clmr.temperature) == (
        22_050,
        128,
        96,
        0.5,
    )
    # Not in the text of the thesis, but in the code that produced it.
    assert (clmr.projection_dim, clmr.optimizer.lars.warmup_epochs) == (128, 30)
    assert (cpc.encoder.width, cpc.n_steps, cpc.n_negatives, cpc.batch_size) == (512, 20, 15, 64)
    assert supervised_runs_of(params)["pons_primary"].recipe.model.clip_duration_s == 15.0
    assert params.probe.patience_epochs == 3


def test_paper_scale_has_the_recipes_of_the_full_size_on_the_data_of_the_thesis():
    paper, full_size = (read_params(BASE, OVERLAYS[scale]) for scale in ("paper", "full_size"))
    assert runs_of(paper) == runs_of(full_size)
    assert supervised_runs_of(paper) == supervised_runs_of(full_size)
    # Corpora of other sizes take other numbers of epochs for as many steps.
    alike = [
        {name: runs for name, runs in grids_of(params).items() if not name.startswith("transfer_")}
        for params in (paper, full_size)
    ]
    assert alike[0] == alike[1]
    assert (paper.probe, paper.ablation) == (full_size.probe, full_size.ablation)
    assert (paper.scale, full_size.scale) == ("paper", "full_size")
    kinds = {name: corpus.kind for name, corpus in corpora_of(paper).items()}
    assert not {"rendered", "unlabelled"} & set(kinds.values())
    roles = {role: kinds[store.corpus] for role, store in paper.stores.items()}
    assert (roles["primary"], roles["secondary"]) == ("magnatagatune", "million_song")
    assert [roles[f"unlabelled_{size}"] for size in ("large", "medium", "small")] == ["fma", "billboard", "gtzan"]
    # Broken recordings are part of life; of those that we render, they are a mistake.
    assert {store.broken for store in paper.stores.values()} == {"skip"}
    assert {store.broken for store in full_size.stores.values()} == {"refuse"}


def test_overnight_scale_has_the_data_of_the_embedded_scale_and_equally_wide_twins():
    params, embedded = read_params(BASE, OVERLAYS["overnight"]), read_params(BASE)
    assert params.scale == "overnight"
    assert (params.corpora, params.stores) == (embedded.corpora, embedded.stores)
    # Probes keep the rates that the published tables of this scale were made with.
    assert replace(params.probe, learning_rate=embedded.probe.learning_rate) == embedded.probe
    runs, supervised = runs_of(params), supervised_runs_of(params)
    for role in ("primary", "secondary"):
        clmr, twin = runs[f"clmr_{role}"].recipe, supervised[f"sample_cnn_{role}"].recipe
        assert clmr.encoder == twin.model.encoder
        assert clmr.encoder.width > runs_of(embedded)[f"clmr_{role}"].recipe.encoder.width
        assert clmr.optimizer.for_batch_size(clmr.batch_size).kind == "adam"
    assert runs["random_init"].recipe.encoder == runs["clmr_primary"].recipe.encoder


def test_paper_scale_is_not_a_label_for_rendered_corpora():
    with pytest.raises(ValueError, match="scale must be another label while the corpora scores, merlin, tunes_large"):
        load_params(changed(lambda params: params.update(scale="paper")))


WRONG = [
    (lambda params: params["stores"]["primary"].update(corpus="nope"), "stores.primary.corpus: found 'nope'"),
    (
        lambda params: params["runs"]["clmr_primary"].update(store="x"),
        "runs.clmr_primary.store: found 'x', which is not",
    ),
    (lambda params: params["runs"]["clmr_primary"].update(evaluate_on="x"), "runs.clmr_primary.evaluate_on: found 'x'"),
    (lambda params: params["runs"]["clmr_primary"].update(lr=1), r"clmr_primary \(over clmr\): found unknown key lr"),
    (lambda params: params["runs"]["clmr_primary"].update(n_steps=4), "found unknown key n_steps, allowed are"),
    (
        lambda params: params["runs"]["cpc_primary"].update(temperature=0.5),
        r"\(over cpc\): found unknown key temperature",
    ),
    (lambda params: params["runs"]["clmr_primary"].update(temperature=0.0), "temperature must be > 0, got 0.0"),
    (lambda params: params["runs"]["clmr_primary"].update(temperature=float("inf")), "temperature must be finite"),
    (lambda params: params["runs"]["clmr_primary"].update(seeds=[0, 0]), r"seeds must be .*, got \[0, 0\]"),
    (lambda params: params["runs"]["clmr_primary"].update(seeds=[]), r"seeds must be .*, got \[\]"),
    (lambda params: params["runs"]["clmr_primary"].pop("over"), "runs.clmr_primary: missing key over; each line names"),
    (
        lambda params: params["runs"]["clmr_primary"].pop("store"),
        "runs.clmr_primary: missing key store, found over.*; each line states over, store",
    ),
    (
        lambda params: params["runs"]["clmr_primary"].pop("experiment"),
        "missing key experiment, found over.*; each line states over",
    ),
    (lambda params: params["runs"].update(cpc_primary=None), "runs.cpc_primary: missing key over"),
    (lambda params: params["runs"]["cpc_primary"].update(over="nope"), "over: found 'nope', which is no base"),
    (
        lambda params: params["runs"]["cpc_primary"].update(over="sample_cnn"),
        "method: found 'supervised', allowed are clmr",
    ),
    (lambda params: params["bases"]["clmr"].update(over="clmr"), "the base clmr is laid over itself"),
    (lambda params: params["bases"]["clmr"].pop("method"), "method: found None, allowed are clmr, cpc"),
    (lambda params: params["bases"]["clmr"].pop("temperature"), "missing key temperature; add it"),
    (
        lambda params: params["bases"]["clmr"]["augmentations"].update(polarty={"p": 0.5}),
        "found unknown key polarty, allowed",
    ),
    (lambda params: params["bases"]["clmr"]["augmentations"]["pitch"].update(p=1.5), "pitch.p must be <= 1, got 1.5"),
    (lambda params: params["bases"]["clmr"]["optimizer"].update(kind="sgd"), "kind: found str 'sgd', allowed are adam"),
    (
        lambda params: params["bases"]["cpc"]["optimizer"].update(learning_rate_factor=1),
        "unknown key learning_rate_factor",
    ),
    (
        lambda params: params["bases"]["cpc"]["optimizer"]["schedule"].update(kind="constant"),
        "found unknown key warmup_epochs, allowed are kind",
    ),
    (lambda params: params["bases"]["cpc"].update(n_steps=500), "n_steps must be in 1 to .*, got 500"),
    (
        lambda params: params["runs"]["cpc_primary"].update(encoder={"strides": [5]}),
        r"cpc_primary .*encoder: strides must be 7 numbers >= 1, one for each kernel, got \[5\]",
    ),
    (lambda params: params["supervised_runs"]["pons_primary"].update(store="x"), "pons_primary.store: found 'x'"),
    (lambda params: params["bases"]["supervised"].pop("label_fraction"), "missing key label_fraction"),
    (
        lambda params: params["bases"]["pons"]["model"].update(kind="vgg"),
        "kind: found str 'vgg', allowed are sample_cnn",
    ),
    (
        lambda params: params["supervised_runs"].update(clmr_primary=params["supervised_runs"]["pons_primary"]),
        r"names in supervised_runs must be other than those in runs, .* got \['clmr_primary'\]",
    ),
    (
        lambda params: params["transfers"]["random_init_secondary"].update(run="x"),
        "random_init_secondary.run: found 'x'",
    ),
    (
        lambda params: params["transfers"]["frozen_sample_cnn_primary"].update(heads=["linear", "linear"]),
        "transfers.frozen_sample_cnn_primary: heads must be at least one of linear, mlp, all_layers, each once",
    ),
    (lambda params: params["baselines"].update(nope={"experiment": "main"}), "baselines.nope: found 'nope'"),
    (
        lambda params: params["probe"]["learning_rate"].update(mlp="1e-3"),
        "probe.learning_rate.mlp: found str '1e-3', expected float",
    ),
    (
        lambda params: params["probe"]["learning_rate"].pop("mlp"),
        "probe: learning_rate must be a mapping with a rate for each of the heads; add one for mlp, got {'linear'",
    ),
    (
        lambda params: params["bases"]["rendered"].update(kind="cd"),
        "kind: found str 'cd', allowed are folder, render",
    ),
    (lambda params: params["tagging"].update(primary_store="x"), "tagging.primary_store: found 'x'"),
    (lambda params: params["tagging"]["t_sne"].update(run="pons_primary"), "tagging.t_sne.run: found 'pons_primary'"),
    (
        lambda params: params["supervised_runs"]["pons_primary"].update(evaluate_on="secondary"),
        "evaluate_on must be primary or left out, since supervised training predicts the tags of the store",
    ),
    (lambda params: params["runs"]["clmr_primary"].update(experiment="../x"), "experiment must be at most 60 letters"),
    (lambda params: params["runs"]["clmr_primary"].update(experiment=1), "experiment: found 1, expected a name"),
    (
        lambda params: params["baselines"]["primary"].update(experiment=""),
        "baselines.primary.experiment must be at most",
    ),
    (lambda params: params["runs"]["clmr_primary"].update(seeds=[-1]), r"seeds must be numbers >= 0, got \[-1\]"),
    (
        lambda params: params["stores"]["primary"].update(sample_rate_hz=16000),
        "rate of the store primary must be the network's 8000 Hz, got 16000",
    ),
    (
        lambda params: params["transfers"]["random_init_secondary"].update(store="primary"),
        "transfers.random_init_secondary.store must be another store than primary",
    ),
    (
        lambda params: params["tagging"]["t_sne"].update(run="clmr_secondary"),
        "t_sne.run must be a run that is evaluated on",
    ),
    (lambda params: params["tagging"]["tag_wise"].update(clmr="cpc_primary"), "tag_wise.clmr must be a run by clmr"),
    (
        lambda params: params["runs"]["clmr_primary"].update(experiment="other"),
        "tagging.t_sne.run must be a run of the experiment main, got 'clmr_primary'",
    ),
    (lambda params: params["bases"].update(a={"over": "b"}, b={"over": "a"}), "the base [ab] is laid over itself"),
    (lambda params: params["supervised_runs"].update(CLMR_primary={}), "names in supervised_runs must be other than"),
    (
        lambda params: params["ablation"]["table_6_3"].update(base="nope"),
        "ablation.table_6_3.base: found 'nope', which is not defined; defined are clmr_primary",
    ),
    (
        lambda params: params["ablation"]["table_6_5"].update(grids=["nope"]),
        "ablation.table_6_5.grids: found 'nope', which is not defined; defined are scaling, batch_size",
    ),
    (
        lambda params: params["grids"]["temperature"].update(heads=["linear", "deep"]),
        r"grids.temperature \(over crop_only\): heads must be at least one of linear, mlp, all_layers, each once",
    ),
    (
        lambda params: params["runs"]["clmr_primary"].update(heads=["mlp", "all_layers"]),
        r"clmr_primary .*heads must be linear among others: .*, got \['mlp', 'all_layers'\]",
    ),
    (lambda params: params["runs"]["clmr_primary"].update(heads=[]), r"clmr_primary .*heads must be .*, got \[\]"),
    (
        lambda params: params["supervised_runs"]["pons_primary"].update(heads=["linear"]),
        "pons_primary.heads must be left out, since supervised networks have their own",
    ),
    (lambda params: params["ablation"].pop("table_6_6"), "ablation: missing key table_6_6; add it"),
    (
        lambda params: params["grids"]["epochs"].update(over="nope"),
        "grids.epochs: over: found 'nope', which is no base; defined are played, rendered, unlabelled, clmr, ablation",
    ),
    (
        lambda params: params["grids"]["augmentation"].update(grid={"augmentations.filter.p": [1.5]}),
        r"grids.augmentation \(over crop_only\).augmentations.filter.p must be <= 1, got 1.5",
    ),
    (
        lambda params: params["grids"]["augmentation"].update(grid={"augmentations.filter.p": [-0.1]}),
        "augmentations.filter.p must be >= 0, got -0.1",
    ),
    (
        lambda params: params["grids"]["augmentation"].update(grid={"augmentations.chorus.p": [1.0]}),
        "grids.augmentation.augmentations: found unknown key chorus.p, allowed are polarity, noise",
    ),
    (
        lambda params: params["grids"]["rate_12000"].update(grid={"encoder.sample_rate_hz": [11025]}),
        r"encoder: sample_rate_hz must be one of \[8000, 12000, 16000, 22050\], got 11025",
    ),
    (
        lambda params: params["grids"]["rate_12000"].update(grid={"encoder.sample_rate_hz": [16000]}),
        "rate of the store primary_12k must be the network's 16000 Hz, got 12000",
    ),
    (lambda params: params.update(extra={}), "params.yaml: found unknown key extra, allowed are scale, corpora"),
    (lambda params: params["runs"].update({"a.b": {}}), "a name in runs must be at most 60 letters"),
    (lambda params: params["runs"].update(CLMR_primary={}), "names in runs must be different by more than capital"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_what_is_wrong_in_params_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        load_params(changed(change))


def test_what_is_not_a_mapping_is_refused():
    for text in (None, [], "clmr", 3):
        with pytest.raises(ValueError, match=r"params.yaml: found .*, expected a mapping with the keys scale"):
            load_params(text)


def test_a_base_value_reaches_the_runs_that_do_not_override_it():
    before = runs_of(load_params(MAPPING))
    params = changed(lambda params: params["bases"]["cpc"].update(epochs=99))
    after = runs_of(load_params(params))
    changed_runs = {name for name in before if before[name].recipe != after[name].recipe}
    # Lines over the same base that leave epochs to it may have come since.
    assert "cpc_primary" in changed_runs
    assert not changed_runs & {"cpc_secondary", "random_init_cpc", "clmr_primary"}


def test_a_resolved_recipe_reads_back():
    for run in [*runs_of(load_params(MAPPING)).values(), *supervised_runs_of(load_params(MAPPING)).values()]:
        assert from_mapping(type(run.recipe), to_mapping(run.recipe), "recipe") == run.recipe


def test_names_of_systems_follow_from_what_was_trained():
    params = load_params(MAPPING)
    systems = {name: system_of(run.recipe) for name, run in (runs_of(params) | supervised_runs_of(params)).items()}
    assert systems["clmr_primary"] == "clmr"
    assert systems["random_init"] == "random_init"
    assert systems["random_init_cpc"] == "random_init_cpc"
    assert systems["pons_secondary"] == "pons"
    recipe = runs_of(params)["clmr_primary"].recipe
    other = replace(recipe, encoder=runs_of(params)["cpc_primary"].recipe.encoder)
    assert system_of(other) == "clmr_cpc"
    assert system_of(replace(other, epochs=0)) == "random_init_cpc"


def with_a_hundred_runs() -> dict[str, Any]:
    """Thirty ablations, eight transfers from an unlabelled corpus among others, a grid of label fractions and seeds."""
    params = deepcopy(MAPPING)
    params["corpora"]["fma_role"] = MAPPING["corpora"]["merlin"] | {"seed": 7}
    params["stores"]["fma_role"] = MAPPING["stores"]["primary"] | {"corpus": "fma_role"}
    params["bases"]["short"] = {"over": "clmr", "epochs": 12, "augment_second_view": False}
    for index in range(30):
        params["runs"][f"another_{index}"] = {
            "over": "short", "store": "primary", "evaluate_on": "primary", "experiment": "ablation",
            "temperature": 0.1 + index / 100, "seeds": [0, 1, 2],
        }  # fmt: skip
    params["runs"]["clmr_fma_role"] = {
        "over": "clmr", "store": "fma_role", "evaluate_on": "primary", "experiment": "transfer",
    }  # fmt: skip
    for index in range(8):
        params["transfers"][f"to_{index}"] = {
            "run": "clmr_fma_role",
            "store": "secondary",
            "heads": ["linear"],
            "experiment": "transfer",
        }
    params["grids"]["label_fractions"] = {
        "over": "sample_cnn", "store": "primary", "evaluate_on": "primary", "experiment": "efficiency",
        "seeds": [0, 1, 2], "grid": {"label_fraction": [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]},
    }  # fmt: skip
    return params


def test_a_hundred_runs_resolve_one_line_each():
    params = load_params(with_a_hundred_runs())
    stages = {stage.name: stage for stage in planned_stages(params)}
    assert sum(name.startswith("evaluate@another") for name in stages) == 30
    assert stages["evaluate@clmr_fma_role"].params.store == "primary"
    assert len(stages["grid@label_fractions"].params.combinations) == 7
    assert {scored.run for scored in stages["tagging"].params.systems if scored.run} <= {
        *MAPPING["runs"], *MAPPING["supervised_runs"],
    }  # fmt: skip
    added = 2 + 30 + 1 + 8 + 4
    assert len(BASE.read_text().splitlines()) + added <= 500


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"label_fractoin": [0.1]}, "grids.x: found unknown key label_fractoin, allowed are .*label_fraction"),
        ({"label_fraction": [0.1, 1.5]}, r"grids.x \(over sample_cnn\).*label_fraction must be in \(0, 1\], got 1.5"),
        ({"label_fraction": []}, "grids.x.grid: found .*, expected a mapping of keys to lists of values"),
        ({"label_fraction": [0.1, 0.1]}, r"grids.x.grid.label_fraction must be without repetition, got \[0.1, 0.1\]"),
        ({"seeds": [0, 1]}, "grids.x.grid: found the key seeds; list them in the line, beside grid"),
        ({"store": ["primary", "secondary"]}, "grids.x.grid: found the key store, but a grid reads one store"),
        ({}, "grids.x.grid: found .*, expected a mapping of keys to lists"),
        ({"label_fraction": 0.5}, "grids.x.grid: found .*, expected a mapping of keys to lists"),
        ([{"label_fraction": [0.1]}, {}], "grids.x.grid: found {}, expected a mapping of keys to lists of values, or"),
        ([], r"grids.x.grid: found \[\], expected a mapping of keys to lists of values, or several"),
        ([{"label_fraction": [0.1, 0.5]}, {"label_fraction": [0.5]}], "must be without repetition, got 'label_.*=0.5'"),
        ([{"label_fraction": [0.1]}, {"seeds": [1]}], "grids.x.grid: found the key seeds"),
    ],
)
def test_a_grid_that_cannot_be_run_is_refused(grid, message):
    line = {
        "over": "sample_cnn",
        "store": "primary",
        "evaluate_on": "primary",
        "experiment": "efficiency",
        "grid": grid,
    }
    with pytest.raises(ValueError, match=message):
        load_params(changed(lambda params: params["grids"].update(x=line)))


def test_a_grid_may_be_over_pre_training():
    line = {
        "over": "clmr", "store": "primary", "evaluate_on": "secondary", "experiment": "ablation",
        "grid": {"temperature": [0.1, 0.5], "encoder.width": [8, 16]},
    }  # fmt: skip
    found = grids_of(load_params(changed(lambda params: params["grids"].update(x=line))))["x"]
    assert [(run.recipe.temperature, run.recipe.encoder.width) for run in found] == [
        (0.1, 8),
        (0.1, 16),
        (0.5, 8),
        (0.5, 16),
    ]
