"""Stage ``log_mel@<store>``: the baseline without any learned representation."""

import argparse
from pathlib import Path

from clmr import paths
from clmr.config import from_mapping
from clmr.corpora.store import open_store
from clmr.declared import declared_params
from clmr.evaluation.evaluate import evaluate_log_mel
from clmr.evaluation.log_mel import LogMelParams
from clmr.evaluation.probe import ProbeParams
from clmr.files import write_json
from clmr.provenance import recorded


def main() -> None:
    """Evaluate log-mel statistics on the store that the command line names."""
    parser = argparse.ArgumentParser(description="logistic regression on log-mel statistics")
    parser.add_argument("store", help="key of stores: in params.yaml")
    name = parser.parse_args().store
    stage = f"log_mel@{name}"
    declared = declared_params(stage)
    params = from_mapping(LogMelParams, declared["log_mel"], "params.yaml: log_mel")
    probe = from_mapping(ProbeParams, declared["probe"], "params.yaml: probe")
    with recorded(stage, declared, Path(__file__).read_text(encoding="utf-8")):
        store = open_store(paths.store_dir(name))
        store.verify()
        results = evaluate_log_mel(store, params, probe, paths.evaluation_dir(f"log_mel_{name}"))
        write_json(paths.metrics_file(stage), results)
    scores = results["linear"]
    print(f"log-mel: ROC-AUC {scores['roc_auc_tag']:.4f}, PR-AUC {scores['pr_auc_tag']:.4f} (TAG, test)")


if __name__ == "__main__":
    main()
