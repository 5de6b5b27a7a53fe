"""Embedding over several processes or nodes, ahead of the pipeline.

The processes leave the embeddings where stage ``evaluate@<name>`` keeps its unfinished work. Started
afterwards, the stage finds them there and goes on from them::

    dvc repro pretrain@clmr_scores
    torchrun --nproc-per-node 4 -m clmr.pipeline.stages.embed clmr_scores
    dvc repro
"""

from clmr.compute.allocator import keep_freed_memory
from clmr.compute.distributed import world
from clmr.compute.runtime import device
from clmr.corpora.store import open_store
from clmr.evaluation.frozen import embedded, load_encoder
from clmr.pipeline import paths
from clmr.pipeline.resuming import work_folder
from clmr.pipeline.stages import evaluate
from clmr.pipeline.stages.entry import stage_of_command_line


def main() -> None:
    """Embed the store of the evaluation that the command line names."""
    keep_freed_memory()
    stage = stage_of_command_line("evaluate", "embed in the processes that torchrun started")
    params, probe = evaluate.parameters(stage)
    store, encoder = open_store(paths.store_dir(params.store)), load_encoder(paths.checkpoint_file(params.run))
    chosen = device()
    with world(chosen) as together:
        if together.is_first:
            store.verify()
        work = work_folder(stage.name, stage.params, evaluate.CODE, evaluate.work_inputs(params, store))
        embedded(encoder, store, probe, chosen, work, together)


if __name__ == "__main__":
    main()
