"""Stage ``grid@<name>``: small runs that differ in a few values, trained and scored one after the other.

One process does them all, so that no run pays for the start of a stage. The scores of a run are kept under a digest
of everything that decides them: when a value of the grid is added or changed, only the new runs are trained.
"""

import functools
from pathlib import Path
from typing import Any

from clmr.compute.runtime import device, log_to_output
from clmr.corpora.store import STORE_NAME, Store, open_store
from clmr.evaluation.end_to_end import evaluate_supervised
from clmr.evaluation.frozen import Folders, evaluate_encoder
from clmr.evaluation.probe import ProbeParams
from clmr.evaluation.scores import ScoreRow, save_score_rows
from clmr.pipeline.command_line import run_stage
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import GridStage
from clmr.storage import paths
from clmr.storage.strict import to_mapping
from clmr.training.loop import run_facts
from clmr.training.pretrain import pretrain
from clmr.training.supervised import SupervisedRecipe, train_supervised


def work(stage: Stage[GridStage]) -> None:
    """Train and score every combination under each of its seeds; rows say which values a combination has."""
    log = log_to_output()
    params, rows = stage.params, []
    roles = params.combinations[0].recipe.store, params.evaluate_on
    store, tagged = (open_store(paths.store_dir(role)) for role in roles)
    inputs = [store.folder / STORE_NAME, tagged.folder / STORE_NAME]
    for combination in params.combinations:
        for seed in combination.recipe.seeds:
            log.info("%s, seed %d", ", ".join(f"{key} {value}" for key, value in combination.values.items()), seed)
            decisive = run_facts(combination.recipe, seed) | {"probe": to_mapping(params.probe)}
            score = functools.partial(scored, combination.recipe, seed, store, tagged, params.probe)
            found = stage.kept(decisive, inputs, score)
            rows += [row | {"values": dict(combination.values)} for row in found]
    save_score_rows(paths.scores_dir(stage.name, params.experiment), rows)
    print(f"{len(params.combinations)} combinations, {len(rows)} rows of scores")


def scored(recipe: Any, seed: int, store: Store, tagged: Store, probe: ProbeParams, folder: Path) -> list[ScoreRow]:
    """Scores of one run, trained from the start or from what an interrupted stage left in the folder.

    Args:
        recipe: Recipe of pre-training, whose encoder is then probed, or of supervised training.
        seed: One of its seeds.
        store: Store that it reads.
        tagged: Store whose tags are predicted; the same for supervised training.
        probe: How heads are trained on a pre-trained encoder.
        folder: Keeps unfinished work.
    """
    # Encoders that were pre-trained are probed; supervised networks score themselves.
    if isinstance(recipe, SupervisedRecipe):
        trained = train_supervised(recipe, seed, store, folder, device())
        return evaluate_supervised(trained, recipe, seed, store, device(), folder / "scores")
    encoder = pretrain(recipe, seed, store, folder, device()).encoder
    encoder.requires_grad_(False)
    folders = Folders(folder, folder / "embeddings", folder / "scores")
    return evaluate_encoder(encoder, tagged, probe, seed, device(), folders)


if __name__ == "__main__":
    run_stage(GridStage, "train and score the runs of a grid", ["grid"], work)
