"""Stage ``efficiency_probes@<store>``: probes on shares of the labels, of frozen encoders and of log-mel statistics."""

from collections.abc import Iterator, Mapping

import numpy as np

from clmr.batches.label_subsets import encoder_seed, nested_label_subsets
from clmr.corpora.store import Store, open_store
from clmr.evaluation.few_labels import clip_means, few_labels_probe, score_few_labels
from clmr.evaluation.frozen import embeddings_file
from clmr.evaluation.log_mel import log_mel_statistics
from clmr.evaluation.scores import save_score_rows
from clmr.pipeline.command_line import run_stage
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import EfficiencyProbesStage
from clmr.storage import paths
from clmr.storage.layering import combination_name

# As in clmr.paper.names, which no costly stage may import.
LOG_MEL = "log_mel"


def work(stage: Stage[EfficiencyProbesStage]) -> None:
    """Probe every system on every share of the labels; each share has its scores in a folder of its own."""
    params = stage.params
    store = open_store(paths.store_dir(params.store))
    subsets = {seed: nested_label_subsets(store, params.fractions, seed) for seed in params.subset_seeds}
    for system, by_seed in _features(params, store):
        for fraction in params.fractions:
            name = combination_name({"system": system, "label_fraction": fraction})
            folder, rows = paths.scores_dir(f"{stage.name}/{name}", params.experiment), []
            for seed, features in _distinct(by_seed, subsets, fraction):
                probe = few_labels_probe(features, store, subsets[seed][fraction], params.probe)
                rows += score_few_labels(probe, store, params.n_resamples, seed, folder)
            save_score_rows(folder, rows)
            mean = np.mean([row["pr_auc_tag"] for row in rows])
            print(f"{name}: {rows[0]['n_labelled_clips']} clips, PR-AUC {mean:.4f} (TAG, test, {len(rows)} subsets)")


def _features(params: EfficiencyProbesStage, store: Store) -> Iterator[tuple[str, dict[int, np.ndarray]]]:
    """Each system with one vector per clip for each subset's seed."""
    for system, frozen in params.frozen.items():
        read = {seed: clip_means(embeddings_file(paths.embeddings_dir(frozen.stage), seed)) for seed in frozen.seeds}
        yield system, {seed: read[encoder_seed(seed, frozen.seeds)] for seed in params.subset_seeds}
    statistics = log_mel_statistics(store, params.log_mel)
    yield LOG_MEL, dict.fromkeys(params.subset_seeds, statistics)


def _distinct(
    by_seed: Mapping[int, np.ndarray], subsets: Mapping[int, Mapping[float, np.ndarray]], fraction: float
) -> Iterator[tuple[int, np.ndarray]]:
    """Seeds with their features, without those that would repeat an earlier one: all labels are one subset."""
    seen: list[tuple[int, bytes]] = []
    for seed, features in by_seed.items():
        identity = id(features), subsets[seed][fraction].tobytes()
        if identity not in seen:
            seen.append(identity)
            yield seed, features


def main() -> None:
    """Command line of the stage."""
    run_stage(EfficiencyProbesStage, "probe encoders on shares of the labels", ["efficiency_probes"], work)


if __name__ == "__main__":
    main()
