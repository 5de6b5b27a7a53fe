"""Stage ``plan``: checks all of ``params.yaml`` and writes one file for each stage, on which the stage depends.

The file holds the parameters that the stage may see, resolved, and a digest of each module that it runs. So
changing a base value reruns the runs it reaches and leaves alone those that override it, and editing a module
reruns the stages that use it. Only here are the stages listed with their entry points and their parameters.
"""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clmr.paper.planned import PublishedStage, ScalingRun, ScoredSystem
from clmr.params import MAIN, Params, Run, corpora_of, grids_of, load_params, runs_of, supervised_runs_of
from clmr.pipeline.code import code_digests
from clmr.pipeline.stage_params import (
    Combination,
    DownloadStage,
    EvaluateStage,
    GridStage,
    LogMelStage,
    PretrainStage,
    ReportStage,
    StoreStage,
    SupervisedStage,
    TaggingStage,
)
from clmr.storage import paths
from clmr.storage.files import write_json
from clmr.storage.strict import to_mapping
from clmr.storage.yaml_files import read_yaml
from clmr.training.pretrain import METHODS

# What the thesis trains by CPC, and by every other method; with another encoder a system has another name.
_ENCODER_OF_CPC, _ENCODER = "cpc", "sample_cnn"
# Settings by which tables tell runs apart: those that tables of the thesis vary, and the projector.
_COMPARED = ("batch_size", "epochs", "temperature", "projector", "label_fraction")
# The experiment of the scaling figure, and the keys of its grids that have a column of their own there.
_SCALING, _EPOCHS, _WIDTH = "scaling", "epochs", "encoder.width"


@dataclass(frozen=True)
class PlannedStage:
    """A stage as it is about to be written.

    Attributes:
        name: Name as DVC has it.
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


def planned_stages(params: Params) -> list[PlannedStage]:
    """All stages except the plan itself, in the order in which readers see them."""
    # Results last: they list the stages before them.
    computing = [*_data(params), *_training(params), *_evaluations(params)]
    tagging = PlannedStage("tagging", "04_tagging", _tagging(params))
    published = [PublishedStage(stage.name, stage.notebook) for stage in (*computing, tagging)]
    report = PlannedStage("report", "09_report", ReportStage(params.scale, tuple(published)))
    return [*computing, tagging, report]


def system_of(recipe: Any) -> str:
    """Identifier of the system that a recipe trains, or leaves untrained.

    It is derived, so that no line of the parameters can pass off a trained encoder as an untrained one, or one
    architecture as another.
    """
    if recipe.method == "supervised":
        return recipe.model.kind
    encoder = recipe.encoder.kind
    if not recipe.epochs:
        return "random_init" if encoder == _ENCODER else f"random_init_{encoder}"
    usual = _ENCODER_OF_CPC if recipe.method == "cpc" else _ENCODER
    return recipe.method if encoder == usual else f"{recipe.method}_{encoder}"


def _data(params: Params) -> Iterator[PlannedStage]:
    for name, corpus in corpora_of(params).items():
        yield PlannedStage(f"download@{name}", "01_download", DownloadStage(corpus))
    for name, store in params.stores.items():
        yield PlannedStage(f"store@{name}", "clmr.pipeline.stages.store", StoreStage(store))


def _training(params: Params) -> Iterator[PlannedStage]:
    for run in runs_of(params).values():
        yield PlannedStage(f"pretrain@{run.name}", "02_pretraining", PretrainStage(run.recipe, run.experiment))
    for run in supervised_runs_of(params).values():
        yield PlannedStage(f"supervised@{run.name}", "03_supervised", SupervisedStage(run.recipe, run.experiment))


def _evaluations(params: Params) -> Iterator[PlannedStage]:
    runs = runs_of(params)
    for run in runs.values():
        own = _evaluation(params, run, run.evaluate_on, run.experiment)
        yield PlannedStage(f"evaluate@{run.name}", "clmr.pipeline.stages.evaluate", own)
    for name, transfer in params.transfers.items():
        own = _evaluation(params, runs[transfer.run], transfer.store, transfer.experiment)
        yield PlannedStage(f"probe_transfer@{name}", "clmr.pipeline.stages.evaluate", own)
    for store, baseline in params.baselines.items():
        log_mel = LogMelStage(params.log_mel, store, baseline.experiment)
        yield PlannedStage(f"log_mel@{store}", "clmr.pipeline.stages.log_mel", log_mel)
    for name, grid in grids_of(params).items():
        yield PlannedStage(f"grid@{name}", "clmr.pipeline.stages.grid", _grid(params, grid))


def _evaluation(params: Params, run: Run, store: str, experiment: str) -> EvaluateStage:
    recipe = run.recipe
    return EvaluateStage(run.name, recipe.seeds, recipe.encoder, params.probe, store, experiment)


def _grid(params: Params, runs: list[Run]) -> GridStage:
    own = tuple(Combination(dict(run.values), run.recipe) for run in runs)
    return GridStage(own, params.probe, runs[0].evaluate_on, runs[0].experiment)


def _tagging(params: Params) -> TaggingStage:
    runs, supervised = runs_of(params), supervised_runs_of(params)
    curves = tuple(run.name for run in runs.values() if run.experiment == MAIN and run.recipe.epochs)
    shown = (params.tagging.primary_store, params.tagging.secondary_store)
    corpora = {name: params.stores[name].corpus for name in shown}
    # Corpora in the order of the stores, so that the first labelled corpus comes first in every table.
    order = list(dict.fromkeys(store.corpus for store in params.stores.values()))
    scored = [*_probed(params, runs), *_supervised(params, supervised), *_log_mel(params)]
    scored.sort(key=lambda system: order.index(system.eval_corpus))
    return TaggingStage(params.scale, params.tagging, tuple(scored), tuple(_scaling(params, runs)), curves, corpora)


def _scaling(params: Params, runs: dict[str, Run]) -> list[ScalingRun]:
    """The trained encoders among the grids of the scaling experiment, and the main runs whose lines they continue."""
    grids = {name: grid for name, grid in grids_of(params).items() if grid[0].experiment == _SCALING}
    found = [_scaling_run(params, f"grid@{name}", run) for name, grid in grids.items() for run in grid if _scales(run)]
    of_grids = {(one.scored.system, one.train_store, one.scored.store) for one in found}
    main = [run for run in runs.values() if run.experiment == MAIN and _scales(run)]
    further = [_scaling_run(params, f"evaluate@{run.name}", run) for run in main]
    return found + [one for one in further if (one.scored.system, one.train_store, one.scored.store) in of_grids]


def _scales(run: Run) -> bool:
    """Whether it has a place in the figure: supervised training has no views to count, and a log axis has no zero."""
    return run.recipe.method in METHODS.targets and run.recipe.epochs > 0


def _scaling_run(params: Params, stage: str, run: Run) -> ScalingRun:
    recipe, encoder = run.recipe, run.recipe.encoder
    scored = _scored(params, stage, run, params.stores[recipe.store].corpus, run.evaluate_on)
    settings = {key: value for key, value in run.values.items() if key not in (_EPOCHS, _WIDTH)}
    return ScalingRun(
        scored,
        run.experiment,
        settings,
        train_store=recipe.store,
        splits=recipe.splits,
        clip_samples=encoder.clip_samples,
        n_views=recipe.run_class.n_crops,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        width=encoder.width,
    )


def _probed(params: Params, runs: dict[str, Run]) -> Iterator[ScoredSystem]:
    evaluated = [(f"evaluate@{name}", run, run.evaluate_on, run.experiment) for name, run in runs.items()]
    evaluated += [
        (f"probe_transfer@{name}", runs[transfer.run], transfer.store, transfer.experiment)
        for name, transfer in params.transfers.items()
    ]
    for stage, run, store, experiment in evaluated:
        if experiment == MAIN:
            trained_on = params.stores[run.recipe.store].corpus if run.recipe.epochs else None
            yield _scored(params, stage, run, trained_on, store)


def _supervised(params: Params, runs: dict[str, Run]) -> Iterator[ScoredSystem]:
    for name, run in runs.items():
        if run.experiment == MAIN:
            yield _scored(params, f"supervised@{name}", run, None, run.recipe.store)


def _log_mel(params: Params) -> Iterator[ScoredSystem]:
    for store, baseline in params.baselines.items():
        if baseline.experiment == MAIN:
            yield ScoredSystem(f"log_mel@{store}", "log_mel", None, None, params.stores[store].corpus, store, {})


def _scored(params: Params, stage: str, run: Run, trained_on: str | None, store: str) -> ScoredSystem:
    compared = {key: getattr(run.recipe, key) for key in _COMPARED if hasattr(run.recipe, key)}
    # A grid's values too, by which its rows of scores are told apart.
    varies = compared | dict(run.values)
    return ScoredSystem(stage, system_of(run.recipe), run.name, trained_on, params.stores[store].corpus, store, varies)


def main() -> None:
    """Write the plan; if the parameters are not valid, say why in a sentence and write nothing."""
    try:
        stages = planned_stages(load_params(read_yaml(paths.params_file())))
    except ValueError as error:
        sys.exit(f"params.yaml is not valid.\n{error}")
    # Removed first, so that a stage that was renamed leaves no plan behind.
    shutil.rmtree(paths.plan_file("plan").parents[1], ignore_errors=True)
    for stage in stages:
        write_json(paths.plan_file(stage.name), stage.content())
    print(f"{len(stages)} stages planned")


if __name__ == "__main__":
    main()
