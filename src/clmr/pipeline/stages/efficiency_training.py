"""Stage ``efficiency_training@<store>``: networks trained end to end on shares of the labels, side by side on a CPU.

What each run scored is kept under a digest of everything that decides it, as in a grid: with one more share, or one
more subset, only the new runs are trained.
"""

import functools
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np

from clmr.batches.label_subsets import encoder_seed, nested_label_subsets
from clmr.compute.runtime import device, log_to_output
from clmr.corpora.store import STORE_NAME, open_store
from clmr.evaluation.end_to_end import evaluate_supervised
from clmr.evaluation.few_labels import FewLabelsProbeParams, clip_means, few_labels_probe
from clmr.evaluation.frozen import embeddings_file
from clmr.evaluation.scores import join_scores, save_score_rows
from clmr.models.encoders import load_encoder
from clmr.pipeline.command_line import run_stage
from clmr.pipeline.stage import Part, Stage
from clmr.pipeline.stage_params import EfficiencyTrainingStage
from clmr.storage import paths
from clmr.storage.layering import combination_name
from clmr.storage.strict import to_mapping
from clmr.training.fine_tune import FewLabelsRecipe, Labels, Start, train_on_labels
from clmr.training.loop import run_facts


def work(stage: Stage[EfficiencyTrainingStage]) -> None:
    """Train and score every network on every share of the labels; each share has its scores in a folder of its own."""
    log_to_output()
    params = stage.params
    store = open_store(paths.store_dir(params.store))
    seeds = sorted({seed for recipes in params.networks.values() for recipe in recipes for seed in recipe.seeds})
    subsets = {seed: nested_label_subsets(store, params.fractions, seed) for seed in seeds}
    recipes = {
        combination_name({"system": system, "label_fraction": recipe.label_fraction}): recipe
        for system, of_system in params.networks.items()
        for recipe in of_system
    }
    rows = {
        (name, seed): subsets[seed][recipe.label_fraction] for name, recipe in recipes.items() for seed in recipe.seeds
    }
    # If a long one came last, other cores would wait for it.
    longest_first = sorted(rows, key=lambda one: _most_crops(recipes[one[0]], len(rows[one])), reverse=True)
    parts = {(name, seed): _part(params, name, recipes[name], seed, rows[name, seed]) for name, seed in longest_first}
    kept = stage.kept_side_by_side(parts)
    for name, recipe in recipes.items():
        folders = [kept[name, seed] for seed in recipe.seeds]
        join_scores(folders, paths.scores_dir(f"{stage.name}/{name}", params.experiment))
    print(f"{len(parts)} networks trained and scored")


def score(
    name: str,
    recipe: FewLabelsRecipe,
    seed: int,
    rows: np.ndarray,
    start: Callable[[Labels], Start] | None,
    unfinished: Path,
    output: Path,
) -> None:
    """Write the scores of one network, trained from the start or from what an interrupted stage left.

    Args:
        name: Of the system and its share of the labels.
        recipe: The recipe.
        seed: One of its seeds.
        rows: Clips of the subset of that seed, whose labels are used.
        start: Makes what is fine-tuned; None trains from scratch.
        unfinished: Keeps unfinished work.
        output: Receives the row of scores, and the scores of single test clips.
    """
    logging.getLogger("clmr").info("%s, seed %d", name, seed)
    labels = Labels(open_store(paths.store_dir(recipe.store)), rows)
    trained = train_on_labels(recipe, seed, labels, start(labels) if start else None, unfinished, device())
    scored = evaluate_supervised(trained, recipe, seed, labels.store, device(), output)
    save_score_rows(output, [row | {"n_labelled_clips": len(trained.clips.train)} for row in scored])


def _part(params: EfficiencyTrainingStage, name: str, recipe: FewLabelsRecipe, seed: int, rows: np.ndarray) -> Part:
    """What one network scores."""
    # The shares above it decide which clips a share consists of.
    decisive = run_facts(recipe, seed) | {"fractions": list(params.fractions)}
    inputs, start = [paths.store_dir(params.store) / STORE_NAME], None
    if recipe.encoder_rate_factor is not None:
        own = encoder_seed(seed, params.encoder_seeds)
        checkpoint = paths.checkpoint_file(params.run, own)
        embeddings = embeddings_file(paths.embeddings_dir(f"evaluate@{params.run}"), own)
        decisive |= {"probe": to_mapping(params.probe)}
        inputs += [checkpoint, embeddings]
        start = functools.partial(probed, checkpoint, embeddings, params.probe)
    return Part(decisive, inputs, functools.partial(score, name, recipe, seed, rows, start))


def _most_crops(recipe: FewLabelsRecipe, n_clips: int) -> int:
    """About as many crops as a network is trained on if nothing stops it early."""
    return recipe.max_epochs * max(recipe.crops_per_epoch, n_clips)


def probed(checkpoint: Path, embeddings: Path, params: FewLabelsProbeParams, labels: Labels) -> Start:
    """A pre-trained encoder with the linear probe that is trained on the same labels.

    Args:
        checkpoint: The encoder.
        embeddings: Its embeddings of the store.
        params: How the probe is trained.
        labels: The labels.
    """
    probe = few_labels_probe(clip_means(embeddings), labels.store, labels.rows, params)
    return Start(load_encoder(checkpoint), probe.weights, probe.intercepts)


def main() -> None:
    """Command line of the stage."""
    run_stage(EfficiencyTrainingStage, "train networks on shares of the labels", ["efficiency_training"], work)


if __name__ == "__main__":
    main()
