"""Stage ``efficiency_training@<store>``: networks trained end to end on shares of the labels, one after the other.

What each run scored is kept under a digest of everything that decides it, as in a grid: with one more share, or one
more subset, only the new runs are trained.
"""

import functools
from collections.abc import Callable
from pathlib import Path

from clmr.batches.label_subsets import encoder_seed, nested_label_subsets
from clmr.compute.runtime import device, log_to_output
from clmr.corpora.store import STORE_NAME, open_store
from clmr.evaluation.end_to_end import evaluate_supervised
from clmr.evaluation.few_labels import FewLabelsProbeParams, clip_means, few_labels_probe
from clmr.evaluation.frozen import embeddings_file
from clmr.evaluation.scores import join_scores, save_score_rows
from clmr.models.encoders import load_encoder
from clmr.pipeline.command_line import run_stage
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import EfficiencyTrainingStage
from clmr.storage import paths
from clmr.storage.layering import combination_name
from clmr.storage.strict import to_mapping
from clmr.training.fine_tune import FewLabelsRecipe, Labels, Start, train_on_labels
from clmr.training.loop import run_facts


def work(stage: Stage[EfficiencyTrainingStage]) -> None:
    """Train and score every network on every share of the labels; each share has its scores in a folder of its own."""
    log = log_to_output()
    params, n_runs = stage.params, 0
    store = open_store(paths.store_dir(params.store))
    seeds = sorted({seed for recipes in params.networks.values() for recipe in recipes for seed in recipe.seeds})
    subsets = {seed: nested_label_subsets(store, params.fractions, seed) for seed in seeds}
    for system, recipes in params.networks.items():
        for recipe in recipes:
            name = combination_name({"system": system, "label_fraction": recipe.label_fraction})
            kept = []
            for seed in recipe.seeds:
                log.info("%s, seed %d", name, seed)
                labels = Labels(store, subsets[seed][recipe.label_fraction])
                kept.append(_kept(stage, recipe, seed, labels))
            join_scores(kept, paths.scores_dir(f"{stage.name}/{name}", params.experiment))
            n_runs += len(kept)
    print(f"{n_runs} networks trained and scored")


def score(
    recipe: FewLabelsRecipe,
    seed: int,
    labels: Labels,
    start: Callable[[], Start] | None,
    unfinished: Path,
    output: Path,
) -> None:
    """Write the scores of one network, trained from the start or from what an interrupted stage left.

    Args:
        recipe: The recipe.
        seed: One of its seeds.
        labels: The labels of the subset of that seed.
        start: Makes what is fine-tuned; None trains from scratch.
        unfinished: Keeps unfinished work.
        output: Receives the row of scores, and the scores of single clips of the validation and test split.
    """
    trained = train_on_labels(recipe, seed, labels, start() if start else None, unfinished, device())
    rows = evaluate_supervised(trained, recipe, seed, labels.store, device(), output)
    save_score_rows(output, [row | {"n_labelled_clips": len(trained.clips.train)} for row in rows])


def _kept(stage: Stage[EfficiencyTrainingStage], recipe: FewLabelsRecipe, seed: int, labels: Labels) -> Path:
    """The folder of what one network scored."""
    params = stage.params
    # The shares above it decide which clips a share consists of.
    decisive = run_facts(recipe, seed) | {"fractions": list(params.fractions)}
    inputs, start = [labels.store.folder / STORE_NAME], None
    if recipe.encoder_rate_factor is not None:
        own = encoder_seed(seed, params.encoder_seeds)
        checkpoint = paths.checkpoint_file(params.run, own)
        embeddings = embeddings_file(paths.embeddings_dir(f"evaluate@{params.run}"), own)
        decisive |= {"probe": to_mapping(params.probe)}
        inputs += [checkpoint, embeddings]
        start = functools.partial(probed, checkpoint, embeddings, labels, params.probe)
    return stage.kept(decisive, inputs, functools.partial(score, recipe, seed, labels, start))


def probed(checkpoint: Path, embeddings: Path, labels: Labels, params: FewLabelsProbeParams) -> Start:
    """A pre-trained encoder with the linear probe that is trained on the same labels.

    Args:
        checkpoint: The encoder.
        embeddings: Its embeddings of the store.
        labels: The labels.
        params: How the probe is trained.
    """
    probe = few_labels_probe(clip_means(embeddings), labels.store, labels.rows, params)
    return Start(load_encoder(checkpoint), probe.weights, probe.intercepts)


if __name__ == "__main__":
    run_stage(EfficiencyTrainingStage, "train networks on shares of the labels", ["efficiency_training"], work)
