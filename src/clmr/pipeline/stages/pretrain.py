"""Pre-training over several processes or nodes, ahead of the pipeline.

The processes train in the folder where stage ``pretrain@<run>`` keeps its unfinished work. Started
afterwards, the stage finds the finished state there and goes on from it::

    dvc repro recipes notebook_code store@scores_8000
    torchrun --nproc-per-node 4 -m clmr.pipeline.stages.pretrain clmr_scores
    dvc repro
"""

from clmr.compute.allocator import keep_freed_memory
from clmr.compute.distributed import world
from clmr.compute.runtime import device, log_to_output
from clmr.corpora.store import STORE_NAME, open_store
from clmr.pipeline import paths
from clmr.pipeline.resuming import work_folder
from clmr.pipeline.stages.entry import stage_of_command_line
from clmr.training.pretrain import pretrain, read_recipe


def main() -> None:
    """Train the run that the command line names."""
    keep_freed_memory()
    stage = stage_of_command_line("pretrain", "pre-train in the processes that torchrun started")
    recipe = read_recipe(stage.params["recipe"], f"recipe of {stage.key}")
    store = open_store(paths.store_dir(recipe.store))
    code = paths.notebook_code_file("02_pretraining").read_text(encoding="utf-8")
    chosen = device()
    with world(chosen) as together:
        if together.is_first:
            store.verify()
            log_to_output()
        work = work_folder(stage.name, stage.params, code, [store.folder / STORE_NAME])
        pretrain(recipe, store, work, chosen, together)


if __name__ == "__main__":
    main()
