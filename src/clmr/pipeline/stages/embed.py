"""Embedding over several processes or nodes, ahead of the pipeline.

The processes write the embeddings to the folder where stage ``evaluate@<run>`` keeps its unfinished work.
Started afterwards, the stage finds them there and continues with the probes::

    dvc repro pretrain@clmr_primary
    torchrun --nproc-per-node 4 -m clmr.pipeline.stages.embed evaluate@clmr_primary
    dvc repro
"""

from clmr.compute.allocator import keep_freed_memory
from clmr.compute.distributed import world
from clmr.compute.runtime import device
from clmr.corpora.store import open_store
from clmr.evaluation.frozen import embeddings_file, kept_embeddings
from clmr.models.frozen_encoders import load_frozen_encoder
from clmr.pipeline.command_line import named_stage
from clmr.pipeline.stage_params import EvaluateStage
from clmr.pipeline.stages import evaluate
from clmr.storage import paths


def main() -> None:
    """Embed the store of the evaluation that the command line names, with the encoder of each seed."""
    keep_freed_memory()
    stage = named_stage(EvaluateStage, "embed in the processes that torchrun started", evaluate.GROUPS)
    params, store = stage.params, open_store(paths.store_dir(stage.params.store))
    chosen = device()
    with world(chosen) as together:
        unfinished = stage.work_dir(evaluate.work_inputs(stage, store.folder))
        for seed in params.seeds:
            encoder = load_frozen_encoder(paths.checkpoint_file(params.run, seed), params.encoder, params.prefix)
            kept_embeddings(encoder, store, params.probe, chosen, embeddings_file(unfinished, seed), together)


if __name__ == "__main__":
    main()
