"""Stages ``evaluate@<run>`` and ``probe_transfer@<name>``: frozen encoders, probed on one store."""

import functools
from pathlib import Path

from clmr.compute.runtime import device
from clmr.compute.side_by_side import seeds_side_by_side
from clmr.corpora.store import STORE_NAME, open_store
from clmr.evaluation.frozen import Folders, evaluate_encoder
from clmr.evaluation.scores import ScoreRow, compared, save_score_rows
from clmr.models.frozen_encoders import load_frozen_encoder
from clmr.pipeline.command_line import print_scores, run_stage
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import EvaluateStage
from clmr.storage import paths

GROUPS = ("evaluate", "probe_transfer")


def work(stage: Stage[EvaluateStage]) -> None:
    """Embed the store with the encoder of each seed, train heads, and score the test split."""
    params = stage.params
    store, scores = paths.store_dir(params.store), paths.scores_dir(stage.name, params.experiment)
    with stage.resumable(work_inputs(stage, store)) as unfinished:
        folders = Folders(unfinished, paths.embeddings_dir(stage.name), scores)
        found = seeds_side_by_side(functools.partial(evaluate_seed, params, folders), params.seeds)
    rows = [row for of_seed in found.values() for row in of_seed]
    save_score_rows(scores, rows)
    stage.write_metrics(compared(rows))
    print_scores(rows)


def evaluate_seed(params: EvaluateStage, folders: Folders, seed: int) -> list[ScoreRow]:
    """Scores of the encoder of one seed.

    Args:
        params: Parameters of the stage.
        folders: Where to write.
        seed: One of its seeds.
    """
    encoder = load_frozen_encoder(paths.checkpoint_file(params.run, seed), params.encoder, params.prefix)
    return evaluate_encoder(encoder, open_store(paths.store_dir(params.store)), params.probe, seed, device(), folders)


def work_inputs(stage: Stage[EvaluateStage], store: Path) -> list[Path]:
    """Files that identify encoders and audio, to which unfinished work is tied."""
    # A store's store.json holds the checksums of its tables, which hold those of the clips.
    checkpoints = [paths.checkpoint_file(stage.params.run, seed) for seed in stage.params.seeds]
    return [*checkpoints, store / STORE_NAME]


def main() -> None:
    """Command line of the stage."""
    run_stage(EvaluateStage, "probe frozen encoders", GROUPS, work)


if __name__ == "__main__":
    main()
