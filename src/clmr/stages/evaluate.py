"""Stage ``evaluate@<name>``: probes one pre-trained encoder on one store."""

from pathlib import Path

from clmr import paths
from clmr.config import from_mapping
from clmr.corpora.store import open_store
from clmr.evaluation.evaluate import EvaluationParams, evaluate_encoder, load_encoder
from clmr.evaluation.probe import ProbeParams
from clmr.files import write_json
from clmr.provenance import recorded
from clmr.runtime import device
from clmr.stages.entry import print_scores, stage_of_command_line


def main() -> None:
    """Evaluate what the command line names."""
    stage = stage_of_command_line("evaluate", "probe a frozen encoder")
    where = f"params.yaml: evaluations.{stage.key}"
    params = from_mapping(EvaluationParams, stage.params["evaluations"][stage.key], where)
    probe = from_mapping(ProbeParams, stage.params["probe"], "params.yaml: probe")
    with recorded(stage.name, stage.params, Path(__file__).read_text(encoding="utf-8")):
        store = open_store(paths.store_dir(params.store))
        store.verify()
        encoder = load_encoder(paths.checkpoint_file(params.run))
        results = evaluate_encoder(encoder, store, probe, device(), paths.evaluation_dir(stage.key))
        write_json(paths.metrics_file(stage.name), results)
    print_scores(results)


if __name__ == "__main__":
    main()
