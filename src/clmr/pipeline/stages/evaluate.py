"""Stage ``evaluate@<name>``: probes one pre-trained encoder on one store."""

from pathlib import Path

from clmr.compute.allocator import keep_freed_memory
from clmr.compute.runtime import device
from clmr.corpora.store import STORE_NAME, Store, open_store
from clmr.evaluation.frozen import EvaluationParams, evaluate_encoder, load_encoder
from clmr.evaluation.probe import ProbeParams
from clmr.pipeline import paths
from clmr.pipeline.provenance import recorded
from clmr.pipeline.resuming import resumable
from clmr.pipeline.stages.entry import Stage, print_scores, stage_of_command_line
from clmr.storage.files import write_json
from clmr.storage.strict import from_mapping

CODE = Path(__file__).read_text(encoding="utf-8")


def main() -> None:
    """Evaluate what the command line names."""
    keep_freed_memory()
    stage = stage_of_command_line("evaluate", "probe a frozen encoder")
    params, probe = parameters(stage)
    with recorded(stage.name, stage.params, CODE):
        store = open_store(paths.store_dir(params.store))
        store.verify()
        encoder = load_encoder(paths.checkpoint_file(params.run))
        with resumable(stage.name, stage.params, CODE, work_inputs(params, store)) as work:
            results = evaluate_encoder(encoder, store, probe, device(), work, paths.evaluation_dir(stage.key))
        write_json(paths.metrics_file(stage.name), results)
    print_scores(results)


def parameters(stage: Stage) -> tuple[EvaluationParams, ProbeParams]:
    """What is evaluated, and how."""
    where = f"params.yaml: evaluations.{stage.key}"
    params = from_mapping(EvaluationParams, stage.params["evaluations"][stage.key], where)
    return params, from_mapping(ProbeParams, stage.params["probe"], "params.yaml: probe")


def work_inputs(params: EvaluationParams, store: Store) -> list[Path]:
    """Files that identify encoder and audio, to which unfinished work is tied."""
    return [paths.checkpoint_file(params.run), store.folder / STORE_NAME]


if __name__ == "__main__":
    main()
