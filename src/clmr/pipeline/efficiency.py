"""Label efficiency in the plan: the parameters of its stages, and the systems that they score.

What belongs here: names of stages and folders. What does not: recipes (:mod:`clmr.efficiency`).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from clmr.efficiency import EFFICIENCY, FINE_TUNED, LabelEfficiencyLine, NetworkKind, network_recipes
from clmr.paper.names import LOG_MEL
from clmr.paper.planned import ScoredSystem
from clmr.params import Params, runs_of, supervised_runs_of
from clmr.pipeline.stage_params import EfficiencyProbesStage, EfficiencyTrainingStage, FrozenEncoder
from clmr.pipeline.systems import scored_system, scoring_stage, system_of
from clmr.runs import Run
from clmr.storage.layering import combination_name
from clmr.storage.strict import require
from clmr.training.fine_tune import FewLabelsRecipe


def probes_stage(params: Params, store: str, line: LabelEfficiencyLine) -> EfficiencyProbesStage:
    """Parameters of the stage that probes on shares of a store's labels."""
    runs, shared = runs_of(params), params.efficiency
    pretrained, untrained = runs[line.pretrained], _untrained(params, line)
    frozen = {
        system_of(pretrained.recipe): FrozenEncoder(f"evaluate@{line.pretrained}", pretrained.recipe.seeds),
        system_of(untrained.recipe): FrozenEncoder(
            f"{line.untrained.stage}@{line.untrained.name}", untrained.recipe.seeds
        ),
    }
    return EfficiencyProbesStage(
        store,
        shared.fractions,
        shared.subset_seeds,
        frozen,
        shared.probe,
        params.log_mel,
        shared.n_resamples,
        EFFICIENCY,
    )


def training_stage(params: Params, store: str, line: LabelEfficiencyLine) -> EfficiencyTrainingStage:
    """Parameters of the stage that trains networks on shares of a store's labels."""
    recipe = runs_of(params)[line.pretrained].recipe
    networks: dict[str, tuple[FewLabelsRecipe, ...]] = {str(kind): own for kind, own in _recipes(params, store).items()}
    shared = params.efficiency
    return EfficiencyTrainingStage(
        store, shared.fractions, networks, line.pretrained, recipe.seeds, recipe.encoder, shared.probe, EFFICIENCY
    )


def efficiency_systems(params: Params) -> tuple[ScoredSystem, ...]:
    """Every system on every share of the labels, stores in their order, shares ascending."""
    return tuple(
        scored
        for store in params.stores
        if store in params.label_efficiency
        for scored in sorted(_of_store(params, store), key=lambda scored: float(scored.varies["label_fraction"]))
    )


def _of_store(params: Params, store: str) -> Iterator[ScoredSystem]:
    line, runs, corpus = params.label_efficiency[store], runs_of(params), params.stores[store].corpus
    for run in (runs[line.pretrained], _untrained(params, line)):
        for fraction in params.efficiency.fractions:
            stage = _folder("efficiency_probes", store, system_of(run.recipe), fraction)
            yield _on_share(scored_system(params, stage, run, store, {}), fraction)
    for fraction in params.efficiency.fractions:
        stage = _folder("efficiency_probes", store, LOG_MEL, fraction)
        yield _on_share(ScoredSystem(stage, LOG_MEL, None, None, corpus, store), fraction)
    supervised, recipes = supervised_runs_of(params)[line.supervised], _recipes(params, store)
    for kind, of_kind in recipes.items():
        run = runs[line.pretrained] if kind == FINE_TUNED else supervised
        for recipe in of_kind:
            stage = _folder("efficiency_training", store, kind, recipe.label_fraction)
            found = scored_system(params, stage, run, store, {})
            yield _on_share(replace(found, system=kind), recipe.label_fraction)
    # All labels: the run of the main experiment, which is not trained again.
    whole = {"label_fraction": supervised.recipe.label_fraction}
    if whole["label_fraction"] in params.efficiency.fractions:
        yield scored_system(params, scoring_stage(supervised), supervised, store, whole)


def _on_share(scored: ScoredSystem, fraction: float) -> ScoredSystem:
    varies: dict[str, Any] = {"label_fraction": fraction}
    return replace(scored, varies=varies, experiment=EFFICIENCY)


def _folder(group: str, store: str, system: str, fraction: float) -> str:
    """The stage, followed by the name of the folder of one system on one share."""
    return f"{group}@{store}/{combination_name({'system': system, 'label_fraction': fraction})}"


def _recipes(params: Params, store: str) -> dict[NetworkKind, tuple[FewLabelsRecipe, ...]]:
    line = params.label_efficiency[store]
    pretrained, supervised = runs_of(params)[line.pretrained], supervised_runs_of(params)[line.supervised]
    return network_recipes(params, params.efficiency, store, line, pretrained, supervised)


def _untrained(params: Params, line: LabelEfficiencyLine) -> Run:
    name, runs = line.untrained.name, runs_of(params)
    run = name if line.untrained.stage == "evaluate" else params.transfers[name].run
    require(run in runs, "params.yaml: label_efficiency: the run of untrained", run, f"one of {', '.join(runs)}")
    return runs[run]
