"""Pre-training over several processes or nodes, ahead of the pipeline.

The processes train in the folder where stage ``pretrain@<run>`` keeps its unfinished work. Started
afterwards, the stage finds the finished state there and only writes its results::

    dvc repro plan store@primary
    torchrun --nproc-per-node 4 -m clmr.pipeline.stages.pretrain pretrain@clmr_primary
    dvc repro
"""

from clmr.compute.allocator import keep_freed_memory
from clmr.compute.distributed import world
from clmr.compute.runtime import device, log_to_output
from clmr.corpora.store import STORE_NAME, open_store
from clmr.pipeline.command_line import named_stage
from clmr.pipeline.stage_params import PretrainStage
from clmr.storage import paths
from clmr.training.pretrain import pretrain


def main() -> None:
    """Train the run that the command line names, under each of its seeds."""
    keep_freed_memory()
    stage = named_stage(PretrainStage, "pre-train in the processes that torchrun started", ["pretrain"])
    recipe, store = stage.params.recipe, open_store(paths.store_dir(stage.params.recipe.store))
    chosen = device()
    with world(chosen) as together:
        if together.is_first:
            log_to_output()
        unfinished = stage.work_dir([store.folder / STORE_NAME])
        for seed in recipe.seeds:
            pretrain(recipe, seed, store, unfinished / f"seed_{seed}", chosen, together)


if __name__ == "__main__":
    main()
