"""Stage ``grid@<name>``: small runs that differ in a few values, trained and scored one after the other.

One process does them all, so that no run pays for the start of a stage. What a run scored is kept under a digest of
everything that decides it: when a value of the grid is added or changed, only the new runs are trained, and two
combinations that come to the same recipe are trained once.
"""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clmr.compute.runtime import device, log_to_output
from clmr.corpora.store import STORE_NAME, Store, open_store
from clmr.evaluation.end_to_end import evaluate_supervised
from clmr.evaluation.frozen import Folders, evaluate_encoder
from clmr.evaluation.probe import ProbeParams
from clmr.evaluation.scores import join_scores, save_score_rows
from clmr.pipeline.command_line import run_stage
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import GridStage
from clmr.storage import paths
from clmr.storage.files import write_json
from clmr.storage.strict import to_mapping
from clmr.training.loop import run_facts
from clmr.training.pretrain import pretrain
from clmr.training.supervised import SupervisedRecipe, train_supervised


def work(stage: Stage[GridStage]) -> None:
    """Train and score every combination under each of its seeds; each has its scores in a folder of its own."""
    log = log_to_output()
    params, n_runs = stage.params, 0
    roles = dict.fromkeys(role for one in params.combinations for role in (one.recipe.store, params.evaluate_on))
    stores = {role: open_store(paths.store_dir(role)) for role in roles}
    for combination in params.combinations:
        kept = []
        for seed in combination.recipe.seeds:
            log.info("%s, seed %d", combination.name, seed)
            kept.append(_kept(stage, combination.recipe, seed, stores))
        join_scores(kept, paths.scores_dir(f"{stage.name}/{combination.name}", params.experiment))
        n_runs += len(kept)
    # Written for a grid without combinations, too: all may be shown from runs that come to the same.
    values = {one.name: one.values for one in params.combinations}
    write_json(paths.combinations_file(stage.name, params.experiment), values)
    print(f"{len(params.combinations)} combinations, {n_runs} runs")


def score(
    recipe: Any, seed: int, store: Store, tagged: Store, probe: ProbeParams, unfinished: Path, output: Path
) -> None:
    """Write the scores of one run, trained from the start or from what an interrupted stage left.

    Args:
        recipe: Recipe of pre-training, whose encoder is then probed, or of supervised training.
        seed: One of its seeds.
        store: Store that it reads.
        tagged: Store whose tags are predicted; the same for supervised training.
        probe: How heads are trained on a pre-trained encoder.
        unfinished: Keeps unfinished work.
        output: Receives rows of scores, and the scores of single clips of the validation and test split.
    """
    # Encoders that were pre-trained are probed; supervised networks score themselves.
    if isinstance(recipe, SupervisedRecipe):
        trained = train_supervised(recipe, seed, store, unfinished, device())
        rows = evaluate_supervised(trained, recipe, seed, store, device(), output)
    else:
        encoder = pretrain(recipe, seed, store, unfinished, device()).encoder
        encoder.requires_grad_(False)
        folders = Folders(unfinished, unfinished / "embeddings", output)
        rows = evaluate_encoder(encoder, tagged, probe, seed, device(), folders)
    save_score_rows(output, rows)


def _kept(stage: Stage[GridStage], recipe: Any, seed: int, stores: Mapping[str, Store]) -> Path:
    """The folder of what one run scored, read from the stores of its roles."""
    store, tagged, probe = stores[recipe.store], stores[stage.params.evaluate_on], stage.params.probe
    decisive = run_facts(recipe, seed) | {"probe": to_mapping(probe)}
    inputs = [store.folder / STORE_NAME, tagged.folder / STORE_NAME]
    return stage.kept(decisive, inputs, functools.partial(score, recipe, seed, store, tagged, probe))


if __name__ == "__main__":
    run_stage(GridStage, "train and score the runs of a grid", ["grid"], work)
