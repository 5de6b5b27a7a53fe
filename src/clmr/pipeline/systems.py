"""Which systems the notebooks of results compare, and under which names: what the plan tells them.

What belongs here: from resolved runs to the rows of tables. What does not: the list of stages
(:mod:`clmr.pipeline.plan`), and scores, which stages read.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

from clmr.ablations import SINGLE_AUGMENTATIONS, augmentation_of, shown_run, table_rows, varied_value
from clmr.paper.claims import Role
from clmr.paper.planned import MAIN, AblationRow, ScalingRun, ScoredSystem, ShownNetwork, TransferRow
from clmr.params import Params, RunParams, every_run_of, grids_of, runs_of, supervised_runs_of
from clmr.runs import Run
from clmr.storage.layering import combination_name
from clmr.training.pretrain import METHODS
from clmr.transfer import PretrainedElsewhere, transfer_rows

# What the thesis trains by CPC, and by every other method; with another encoder a system has another name.
_ENCODER_OF_CPC, _ENCODER = "cpc", "sample_cnn"
# Settings by which tables tell runs apart: those that tables of the thesis vary, and the projector.
_COMPARED = ("batch_size", "epochs", "temperature", "projector", "label_fraction")
# The experiment of the scaling figure, and the keys of its grids that have a column of their own there.
_SCALING, _EPOCHS, _WIDTH = "scaling", "epochs", "encoder.width"
# The name in our tables of what a table of ablations varies.
_COLUMNS = {
    "table_6_3": "batch_size",
    "table_6_4": "epochs",
    "table_6_5": "sample_rate_hz",
    "table_6_6": "temperature",
    "table_projector": "projector",
}


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


def scoring_stage(run: Run) -> str:
    """The stage that scores a run on the store that it names; for a combination of a grid, followed by its name."""
    if run.values:
        return f"grid@{run.name}/{combination_name(run.values)}"
    return f"supervised@{run.name}" if run.is_supervised else f"evaluate@{run.name}"


def trained_here(params: RunParams, grid: list[Run]) -> list[Run]:
    """The combinations that a grid has to train: those that no line of the parameters comes to as well."""
    lines = every_run_of(params)
    return [run for run in grid if shown_run(run, lines) is run]


def main_systems(params: RunParams) -> tuple[ScoredSystem, ...]:
    """The systems of the main experiment, corpora in the order of the stores."""
    return systems_of(params, MAIN)


def systems_of(params: RunParams, experiment: str) -> tuple[ScoredSystem, ...]:
    """The systems of an experiment that a score table shows, corpora in the order of the stores."""
    # So that the first labelled corpus comes first in every table.
    order = list(dict.fromkeys(store.corpus for store in params.stores.values()))
    scored = [*_probed(params, experiment), *_supervised(params, experiment), *_log_mel(params, experiment)]
    return tuple(sorted(scored, key=lambda system: order.index(system.eval_corpus)))


def scaling_runs(params: Params) -> tuple[ScalingRun, ...]:
    """The trained encoders among the grids of the scaling experiment, and the main runs whose lines they continue."""
    runs = runs_of(params)
    grids = [run for grid in grids_of(params).values() for run in grid if run.experiment == _SCALING and _scales(run)]
    found = [_scaling_run(params, run, shown_run(run, runs)) for run in grids]
    of_grids = {_line(one) for one in found}
    further = [_scaling_run(params, run, run) for run in runs.values() if run.experiment == MAIN and _scales(run)]
    return (*found, *(one for one in further if _line(one) in of_grids))


def ablation_tables(params: Params) -> dict[str, tuple[AblationRow, ...]]:
    """The rows of each table of ablations; a base run is one system, whose ``varies`` serves all its tables."""
    runs, grids, tables = runs_of(params), grids_of(params), params.ablation.tables()
    rows = {table: table_rows(table, compared, runs, grids) for table, compared in tables.items()}
    varies: dict[str, dict[str, Any]] = {}
    for table, of_table in rows.items():
        for run in of_table:
            varies.setdefault(scoring_stage(run), {}).update(_varied(table, run, runs[tables[table].base]))
    return {
        table: tuple(_ablation_row(params, run, varies[scoring_stage(run)]) for run in of_table)
        for table, of_table in rows.items()
    }


def shown_networks(params: Params) -> tuple[ShownNetwork, ...]:
    """The networks whose filters are shown, in the order of the parameters."""
    runs = every_run_of(params)
    return tuple(_shown_network(runs[name], figure) for name, figure in params.interpretability.filters.items())


def _shown_network(run: Run, figure: str) -> ShownNetwork:
    system = system_of(run.recipe)
    trained_on = None if system.startswith("random_init") else run.recipe.store
    return ShownNetwork(run.name, system, encoder_of(run).kind, trained_on, figure)


def encoder_of(run: Run) -> Any:
    """Parameters of a run's encoder, that of a supervised network included.

    Raises:
        ValueError: If a supervised network has none.
    """
    if not run.is_supervised:
        return run.recipe.encoder
    encoder = getattr(run.recipe.model, "encoder", None)
    if encoder is None:
        raise ValueError(
            f"params.yaml: interpretability.filters or transfers: found {run.name}, whose model "
            f"{run.recipe.model.kind} has no encoder; name a run of sample_cnn"
        )
    return encoder


def prefix_of(run: Run) -> str:
    """What the names of the encoder's weights begin with in a run's checkpoint."""
    return "encoder." if run.is_supervised else ""


def transfer_table(params: Params) -> tuple[TransferRow, ...]:
    """The rows of Table 6.2, each once, though it may be in both blocks of the table."""
    return tuple(_transfer_row(params, row) for row in transfer_rows(params.transfer.grids, grids_of(params)))


def claim_systems(params: Params) -> tuple[ScoredSystem, ...]:
    """All systems that a claim may be about, each once: those of the tables of every experiment."""
    ablations = [row.scored for rows in ablation_tables(params).values() for row in rows]
    systems = [*main_systems(params), *ablations, *(row.scored for row in transfer_table(params))]
    return tuple({scored.stage: scored for scored in systems}.values())


def corpus_roles(params: Params) -> dict[str, Role]:
    """The role of each corpus that has one, as claims name it."""
    # Stores are named after roles; those of the labelled corpora are stated for the figures of tagging, too.
    stores: dict[Role, str] = {role: role for role in get_args(Role)}
    stores |= {"primary": params.tagging.primary_store, "secondary": params.tagging.secondary_store}
    # The first labelled corpus last: if there is only one, that is its role.
    return {params.stores[store].corpus: role for role, store in reversed(stores.items()) if store in params.stores}


def _varied(table: str, run: Run, base: Run) -> dict[str, Any]:
    """What a row has of the settings that its table varies, as columns of our tables."""
    if table != SINGLE_AUGMENTATIONS:
        return {_COLUMNS[table]: varied_value(table, run)}
    augmentation, probability = augmentation_of(run, base)
    return {"augmentation": augmentation, "probability": probability}


def _ablation_row(params: Params, run: Run, varies: dict[str, Any]) -> AblationRow:
    recipe = run.recipe
    applied = any(step.p > 0 for step in recipe.augmentations.steps().values())
    settings = {
        "width": recipe.encoder.width,
        "sample_rate_hz": recipe.encoder.sample_rate_hz,
        "projector": recipe.projector,
        "temperature": recipe.temperature,
        "batch_size": recipe.batch_size,
        "epochs": recipe.epochs,
        "optimizer": recipe.optimizer.for_batch_size(recipe.batch_size).kind,
        "augmented_views": (1 + recipe.augment_second_view) * applied,
    }
    return AblationRow(scored_system(params, scoring_stage(run), run, run.evaluate_on, varies), settings)


def _transfer_row(params: Params, row: PretrainedElsewhere) -> TransferRow:
    recipe, shown = row.run.recipe, shown_run(row.run, runs_of(params))
    blocks = {"same_steps": row.same_steps, "same_epochs": row.same_epochs}
    varies = {key: True for key in blocks if blocks[key]}
    return TransferRow(
        scored_system(params, scoring_stage(shown), shown, row.run.evaluate_on, varies),
        train_store=recipe.store,
        splits=recipe.splits,
        clip_samples=recipe.encoder.clip_samples,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        width=recipe.encoder.width,
    )


def _line(run: ScalingRun) -> tuple[str, str, str]:
    """What the runs of a line of the scaling figure share, whatever their width."""
    return run.scored.system, run.train_store, run.scored.store


def _scales(run: Run) -> bool:
    """Whether it has a place in the figure: supervised training has no views to count, and a log axis has no zero."""
    return run.recipe.method in METHODS.targets and run.recipe.epochs > 0


def _scaling_run(params: RunParams, run: Run, shown: Run) -> ScalingRun:
    """A point of the scaling figure: a run, and where its scores are shown from."""
    recipe, encoder = run.recipe, run.recipe.encoder
    settings = {key: value for key, value in run.values.items() if key not in (_EPOCHS, _WIDTH)}
    return ScalingRun(
        scored_system(params, scoring_stage(shown), shown, run.evaluate_on, _compared(run)),
        settings,
        train_store=recipe.store,
        splits=recipe.splits,
        clip_samples=encoder.clip_samples,
        n_views=recipe.run_class.n_crops,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        width=encoder.width,
    )


def _probed(params: RunParams, experiment: str) -> Iterator[ScoredSystem]:
    every = every_run_of(params)
    for run in runs_of(params).values():
        if run.experiment == experiment:
            yield scored_system(params, scoring_stage(run), run, run.evaluate_on, _compared(run))
    for name, transfer in params.transfers.items():
        if transfer.experiment == experiment:
            run = every[transfer.run]
            scored = scored_system(params, f"probe_transfer@{name}", run, transfer.store, _compared(run))
            yield replace(scored, experiment=experiment)


def _supervised(params: RunParams, experiment: str) -> Iterator[ScoredSystem]:
    for run in supervised_runs_of(params).values():
        if run.experiment == experiment:
            yield scored_system(params, scoring_stage(run), run, run.recipe.store, _compared(run))


def _log_mel(params: RunParams, experiment: str) -> Iterator[ScoredSystem]:
    for store, baseline in params.baselines.items():
        if baseline.experiment == experiment:
            corpus = params.stores[store].corpus
            yield ScoredSystem(f"log_mel@{store}", "log_mel", None, None, corpus, store, experiment=experiment)


def scored_system(params: RunParams, stage: str, run: Run, store: str, varies: dict[str, Any]) -> ScoredSystem:
    """A run as a stage scored it on a store.

    Args:
        params: All parameters.
        stage: The stage, followed by the name of its folder if it has several.
        run: The run.
        store: The store whose tags were predicted.
        varies: Settings by which tables tell runs apart.
    """
    pretrained = not run.is_supervised and run.recipe.epochs > 0
    trained_on = params.stores[run.recipe.store].corpus if pretrained else None
    evaluated_on = params.stores[store].corpus
    return ScoredSystem(stage, system_of(run.recipe), run.name, trained_on, evaluated_on, store, varies, run.experiment)


def _compared(run: Run) -> dict[str, Any]:
    """Settings by which the tables of the main experiment tell runs apart."""
    return {key: getattr(run.recipe, key) for key in _COMPARED if hasattr(run.recipe, key)}
