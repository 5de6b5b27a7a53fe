"""Stage ``evaluate@<name>``: probes one pre-trained encoder on one store."""

import argparse
from pathlib import Path

from clmr import paths
from clmr.config import from_mapping
from clmr.corpora.store import open_store
from clmr.declared import declared_params
from clmr.evaluation.evaluate import EvaluationParams, evaluate_encoder, load_encoder
from clmr.evaluation.probe import ProbeParams
from clmr.files import write_json
from clmr.provenance import recorded
from clmr.runtime import device


def main() -> None:
    """Evaluate what the command line names."""
    parser = argparse.ArgumentParser(description="probe a frozen encoder")
    parser.add_argument("name", help="key of evaluations: in params.yaml")
    name = parser.parse_args().name
    stage = f"evaluate@{name}"
    declared = declared_params(stage)
    params = from_mapping(EvaluationParams, declared["evaluations"][name], f"params.yaml: evaluations.{name}")
    probe = from_mapping(ProbeParams, declared["probe"], "params.yaml: probe")
    with recorded(stage, declared, Path(__file__).read_text(encoding="utf-8")):
        store = open_store(paths.store_dir(params.store))
        store.verify()
        encoder = load_encoder(paths.checkpoint_file(params.run))
        results = evaluate_encoder(encoder, store, probe, device(), paths.evaluation_dir(name))
        write_json(paths.metrics_file(stage), results)
    for head, scores in results.items():
        print(f"{head}: ROC-AUC {scores['roc_auc_tag']:.4f}, PR-AUC {scores['pr_auc_tag']:.4f} (TAG, test)")


if __name__ == "__main__":
    main()
