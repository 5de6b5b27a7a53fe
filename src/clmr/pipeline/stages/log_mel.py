"""Stage ``log_mel@<store>``: the baseline without any learned representation."""

from pathlib import Path

from clmr.compute.allocator import keep_freed_memory
from clmr.corpora.store import open_store
from clmr.evaluation.frozen import evaluate_log_mel
from clmr.evaluation.log_mel import LogMelParams
from clmr.evaluation.probe import ProbeParams
from clmr.pipeline import paths
from clmr.pipeline.provenance import recorded
from clmr.pipeline.stages.entry import print_scores, stage_of_command_line
from clmr.storage.files import write_json
from clmr.storage.strict import from_mapping


def main() -> None:
    """Evaluate log-mel statistics on the store that the command line names."""
    keep_freed_memory()
    stage = stage_of_command_line("log_mel", "logistic regression on log-mel statistics")
    params = from_mapping(LogMelParams, stage.params["log_mel"], "params.yaml: log_mel")
    probe = from_mapping(ProbeParams, stage.params["probe"], "params.yaml: probe")
    with recorded(stage.name, stage.params, Path(__file__).read_text(encoding="utf-8")):
        store = open_store(paths.store_dir(stage.key))
        store.verify()
        results = evaluate_log_mel(store, params, probe, paths.evaluation_dir(f"log_mel_{stage.key}"))
        write_json(paths.metrics_file(stage.name), results)
    print_scores(results)


if __name__ == "__main__":
    main()
