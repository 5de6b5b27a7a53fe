"""Stage ``plan``: checks all of ``params.yaml`` and writes one file for each stage, on which the stage depends.

The file holds the parameters that the stage may see, resolved, and a digest of each module that it runs. So
changing a base value reruns the runs it reaches and leaves alone those that override it, and editing a module
reruns the stages that use it. Only here are the stages listed with their entry points and their parameters.
"""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from clmr.efficiency import EFFICIENCY
from clmr.models.heads import HeadKind
from clmr.paper.figure_params import ResamplingParams
from clmr.paper.planned import MAIN, PublishedStage
from clmr.params import Params, RunParams, corpora_of, every_run_of, grids_of, load_params, runs_of, supervised_runs_of
from clmr.pipeline.code import code_digests
from clmr.pipeline.efficiency import efficiency_systems, probes_stage, training_stage
from clmr.pipeline.stage import note_imitated_bf16
from clmr.pipeline.stage_params import (
    AblationStage,
    ActivationsStage,
    ClaimsStage,
    Combination,
    DownloadStage,
    EfficiencyStage,
    EvaluateStage,
    FiltersStage,
    GridStage,
    InterpretabilityStage,
    ListeningStage,
    LogMelStage,
    OwnReportStage,
    PretrainStage,
    ReportStage,
    StoreStage,
    SupervisedStage,
    TaggingStage,
    TransferStage,
)
from clmr.pipeline.systems import (
    ablation_tables,
    claim_systems,
    corpus_roles,
    encoder_of,
    main_systems,
    prefix_of,
    scaling_runs,
    shown_networks,
    systems_of,
    trained_here,
    transfer_table,
)
from clmr.runs import Run
from clmr.storage import paths
from clmr.storage.files import write_json
from clmr.storage.layering import combination_name
from clmr.storage.strict import to_mapping
from clmr.storage.yaml_files import read_yaml


@dataclass(frozen=True)
class PlannedStage:
    """A stage as it is about to be written.

    Attributes:
        name: Name as DVC has it; those that publish the thesis's tables and figures without ``@thesis``.
        entry: The notebook, without suffix, or the module that it runs.
        params: The parameters it may see, an instance of its class in :mod:`clmr.pipeline.stage_params`.
    """

    name: str
    entry: str
    params: Any

    @property
    def notebook(self) -> str | None:
        """The notebook that the stage runs, if it runs one."""
        return None if self.entry.startswith("clmr.") else self.entry

    def content(self) -> dict[str, Any]:
        """The plan's file for this stage."""
        entry = str(paths.source_notebook(self.entry)) if self.notebook else self.entry
        return {
            "stage": self.name,
            "params": to_mapping(self.params),
            "code": code_digests(entry, self.params),
        }


def planned_stages(params: RunParams) -> list[PlannedStage]:
    """All stages except the plan itself, in the order in which readers see them."""
    computing = [*_data(params), *_training(params), *_evaluations(params)]
    if not isinstance(params, Params):
        return [*computing, *_own_reports(params)]
    # Results last: they list the stages before them.
    computing += [*_label_efficiency(params), *_insights(params), *_own_reports(params)]
    stages = [*computing, *_results(params)]
    published = tuple(PublishedStage(stage.name, stage.notebook) for stage in stages)
    return [*stages, PlannedStage("report", "09_report", ReportStage(params.scale, published))]


def _results(params: Params) -> Iterator[PlannedStage]:
    yield PlannedStage("tagging", "04_tagging", _tagging(params))
    yield PlannedStage("claims", "clmr.pipeline.stages.claims", _claims(params))
    yield PlannedStage("ablation", "05_ablation", _ablation(params))
    yield PlannedStage("transfer", "06_transfer", TransferStage(params.scale, transfer_table(params)))
    yield PlannedStage("efficiency", "07_efficiency", _efficiency(params))
    yield PlannedStage("interpretability", "08_interpretability", _interpretability(params))
    yield PlannedStage("listening", "clmr.pipeline.stages.listening", _listening(params))


def _data(params: RunParams) -> Iterator[PlannedStage]:
    for name, corpus in corpora_of(params).items():
        yield PlannedStage(f"download@{name}", "01_download", DownloadStage(corpus))
    for name, store in params.stores.items():
        yield PlannedStage(f"store@{name}", "clmr.pipeline.stages.store", StoreStage(store))


def _training(params: RunParams) -> Iterator[PlannedStage]:
    for run in runs_of(params).values():
        yield PlannedStage(f"pretrain@{run.name}", "02_pretraining", PretrainStage(run.recipe, run.experiment))
    for run in supervised_runs_of(params).values():
        yield PlannedStage(f"supervised@{run.name}", "03_supervised", SupervisedStage(run.recipe, run.experiment))


def _evaluations(params: RunParams) -> Iterator[PlannedStage]:
    every = every_run_of(params)
    for run in runs_of(params).values():
        own = _evaluation(params, run, run.heads, run.evaluate_on, run.experiment)
        yield PlannedStage(f"evaluate@{run.name}", "clmr.pipeline.stages.evaluate", own)
    for name, transfer in params.transfers.items():
        own = _evaluation(params, every[transfer.run], transfer.heads, transfer.store, transfer.experiment)
        yield PlannedStage(f"probe_transfer@{name}", "clmr.pipeline.stages.evaluate", own)
    for store, baseline in params.baselines.items():
        log_mel = LogMelStage(params.log_mel, store, baseline.experiment)
        yield PlannedStage(f"log_mel@{store}", "clmr.pipeline.stages.log_mel", log_mel)
    for name, grid in grids_of(params).items():
        yield PlannedStage(f"grid@{name}", "clmr.pipeline.stages.grid", _grid(params, grid))


def _insights(params: Params) -> Iterator[PlannedStage]:
    runs, own = runs_of(params), params.interpretability
    for name, activated in own.activations.by_name().items():
        recipe, probe = runs[activated.run].recipe, params.probe
        # As probes hear the store, so that features here are those that tags are predicted from.
        how = probe.embedding_batch_size, probe.embedding_precision
        heard = ActivationsStage(activated.run, recipe.seeds[0], recipe.encoder, activated.store, *how)
        yield PlannedStage(f"activations@{name}", "clmr.pipeline.stages.activations", heard)
    every = every_run_of(params)
    for name in own.filters:
        run, seed = every[name], every[name].recipe.seeds[0]
        shown = FiltersStage(name, seed, encoder_of(run), prefix_of(run), own.layers, own.ascent)
        yield PlannedStage(f"filters@{name}", "clmr.pipeline.stages.filters", shown)


def _label_efficiency(params: Params) -> Iterator[PlannedStage]:
    for store, line in params.label_efficiency.items():
        probes, training = probes_stage(params, store, line), training_stage(params, store, line)
        yield PlannedStage(f"efficiency_probes@{store}", "clmr.pipeline.stages.efficiency_probes", probes)
        yield PlannedStage(f"efficiency_training@{store}", "clmr.pipeline.stages.efficiency_training", training)


def _own_reports(params: RunParams) -> Iterator[PlannedStage]:
    for name, report in params.own_reports.items():
        own = OwnReportStage(params.scale, report, systems_of(params, report.experiment))
        yield PlannedStage(f"own_report@{name}", "clmr.pipeline.stages.own_report", own)


def _evaluation(params: RunParams, run: Run, heads: tuple[HeadKind, ...], store: str, experiment: str) -> EvaluateStage:
    probe = replace(params.probe, heads=heads)
    return EvaluateStage(run.name, run.recipe.seeds, encoder_of(run), prefix_of(run), probe, store, experiment)


def _grid(params: RunParams, grid: list[Run]) -> GridStage:
    own = [
        Combination(combination_name(run.values), dict(run.values), run.recipe) for run in trained_here(params, grid)
    ]
    # Supervised networks have no heads to train, and their section of the parameters is not read.
    probe = replace(params.probe, heads=grid[0].heads or params.probe.heads)
    return GridStage(tuple(own), probe, grid[0].evaluate_on, grid[0].experiment)


def _tagging(params: Params) -> TaggingStage:
    curves = [run.name for run in runs_of(params).values() if run.experiment == MAIN and run.recipe.epochs]
    shown = (params.tagging.primary_store, params.tagging.secondary_store)
    corpora = {name: params.stores[name].corpus for name in shown}
    return TaggingStage(
        params.scale, params.tagging, main_systems(params), scaling_runs(params), tuple(curves), corpora
    )


def _ablation(params: Params) -> AblationStage:
    base = runs_of(params)[params.ablation.table_6_3.base].recipe
    return AblationStage(params.scale, params.ablation, ablation_tables(params), base.store, base.encoder)


def _claims(params: Params) -> ClaimsStage:
    # Claims are about shares of the labels, too; the run on all labels is one of the main systems.
    shares = (scored for scored in efficiency_systems(params) if scored.experiment == EFFICIENCY)
    return ClaimsStage(params.claims, (*claim_systems(params), *shares), corpus_roles(params))


def _efficiency(params: Params) -> EfficiencyStage:
    shared = params.efficiency
    resampling = ResamplingParams(shared.crossover_resamples, shared.crossover_seed)
    return EfficiencyStage(params.scale, efficiency_systems(params), corpus_roles(params), resampling)


def _interpretability(params: Params) -> InterpretabilityStage:
    own = params.interpretability
    corpora = {one.store: params.stores[one.store].corpus for one in own.activations.by_name().values()}
    return InterpretabilityStage(params.scale, own, shown_networks(params), corpora)


def _listening(params: Params) -> ListeningStage:
    activations = params.interpretability.activations
    run = runs_of(params)[activations.primary.run]
    corpora = {one.store: params.stores[one.store].corpus for one in (activations.primary, activations.out_of_domain)}
    probe = replace(params.probe, heads=("linear",))
    return ListeningStage(
        params.scale, params.listening, run.name, corpora, run.evaluate_on, run.recipe.seeds[0], probe
    )


def main() -> None:
    """Write the plan; if the parameters are not valid, say why in a sentence and write nothing."""
    try:
        stages = planned_stages(load_params(read_yaml(paths.params_file())))
    except ValueError as error:
        sys.exit(f"params.yaml is not valid.\n{error}")
    contents = {stage.name: stage.content() for stage in stages}
    # Here, before hours of work; stages say it again.
    try:
        note_imitated_bf16(contents)
    except ValueError as error:
        sys.exit(str(error))
    # Removed first, so that a stage that was renamed leaves no plan behind.
    shutil.rmtree(paths.plan_file("plan").parents[1], ignore_errors=True)
    for name, content in contents.items():
        write_json(paths.plan_file(name), content)
    print(f"{len(stages)} stages planned")


if __name__ == "__main__":
    main()
