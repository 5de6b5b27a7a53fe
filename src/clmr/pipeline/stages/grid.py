"""Stage ``grid@<name>``: small runs that differ in a few values, trained and scored side by side on a CPU.

One stage does them all, so that no run pays for the start of one. What a run scored is kept under a digest of
everything that decides it: when a value of the grid is added or changed, only the new runs are trained, and two
combinations that come to the same recipe are trained once.
"""

import functools
import logging
from pathlib import Path
from typing import Any

from clmr.compute.runtime import device, log_to_output
from clmr.corpora.store import STORE_NAME, open_store
from clmr.evaluation.end_to_end import evaluate_supervised, save_validation_scores
from clmr.evaluation.frozen import Folders, evaluate_encoder
from clmr.evaluation.probe import ProbeParams
from clmr.evaluation.scores import join_scores, save_score_rows
from clmr.pipeline.command_line import run_stage
from clmr.pipeline.stage import Part, Stage
from clmr.pipeline.stage_params import GridStage
from clmr.storage import paths
from clmr.storage.files import write_json
from clmr.storage.strict import to_mapping
from clmr.training.loop import run_facts
from clmr.training.pretrain import pretrain
from clmr.training.supervised import SupervisedRecipe, train_supervised


def work(stage: Stage[GridStage]) -> None:
    """Train and score every combination under each of its seeds; each has its scores in a folder of its own."""
    log_to_output()
    params = stage.params
    parts = {
        (one.name, seed): _part(params, one.name, one.recipe, seed)
        for one in sorted(params.combinations, key=lambda one: _n_epochs(one.recipe), reverse=True)
        for seed in one.recipe.seeds
    }
    kept = stage.kept_side_by_side(parts)
    for one in params.combinations:
        folders = [kept[one.name, seed] for seed in one.recipe.seeds]
        join_scores(folders, paths.scores_dir(f"{stage.name}/{one.name}", params.experiment))
    # Written for a grid without combinations, too: all may be shown from runs that come to the same.
    values = {one.name: one.values for one in params.combinations}
    write_json(paths.combinations_file(stage.name, params.experiment), values)
    print(f"{len(params.combinations)} combinations, {len(parts)} runs")


def score(
    name: str, recipe: Any, seed: int, evaluate_on: str, probe: ProbeParams, unfinished: Path, output: Path
) -> None:
    """Write the scores of one run, trained from the start or from what an interrupted stage left.

    Args:
        name: Of the combination.
        recipe: Recipe of pre-training, whose encoder is then probed, or of supervised training.
        seed: One of its seeds.
        evaluate_on: Store whose tags are predicted; the one that it reads for supervised training.
        probe: How heads are trained on a pre-trained encoder.
        unfinished: Keeps unfinished work.
        output: Receives rows of scores, and the scores of single clips of the validation and test split.
    """
    logging.getLogger("clmr").info("%s, seed %d", name, seed)
    store = open_store(paths.store_dir(recipe.store))
    # Encoders that were pre-trained are probed; supervised networks score themselves.
    if isinstance(recipe, SupervisedRecipe):
        trained = train_supervised(recipe, seed, store, unfinished, device())
        save_validation_scores(trained, recipe, seed, store, device(), output)
        rows = evaluate_supervised(trained, recipe, seed, store, device(), output)
    else:
        encoder = pretrain(recipe, seed, store, unfinished, device()).encoder
        encoder.requires_grad_(False)
        tagged = store if evaluate_on == recipe.store else open_store(paths.store_dir(evaluate_on))
        folders = Folders(unfinished, unfinished / "embeddings", output)
        rows = evaluate_encoder(encoder, tagged, probe, seed, device(), folders)
    save_score_rows(output, rows)


def _part(params: GridStage, name: str, recipe: Any, seed: int) -> Part:
    """What one run scores."""
    decisive = run_facts(recipe, seed) | {"probe": to_mapping(params.probe)}
    inputs = [paths.store_dir(role) / STORE_NAME for role in (recipe.store, params.evaluate_on)]
    return Part(decisive, inputs, functools.partial(score, name, recipe, seed, params.evaluate_on, params.probe))


def _n_epochs(recipe: Any) -> int:
    """By which runs are sorted: if a long one came last, other cores would wait for it."""
    return recipe.max_epochs if isinstance(recipe, SupervisedRecipe) else recipe.epochs


def main() -> None:
    """Command line of the stage."""
    run_stage(GridStage, "train and score the runs of a grid", ["grid"], work)


if __name__ == "__main__":
    main()
