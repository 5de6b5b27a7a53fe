"""Stages of label efficiency: every system and share has scores of its clips, and nothing is trained twice."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from clmr.evaluation.embed import embed
from clmr.evaluation.few_labels import FewLabelsProbeParams
from clmr.evaluation.frozen import embeddings_file
from clmr.evaluation.log_mel import LogMelParams
from clmr.evaluation.scores import load_clip_scores, load_score_rows
from clmr.models.encoders import save_encoder
from clmr.models.initialisation import initialised
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import EfficiencyProbesStage, EfficiencyTrainingStage, FrozenEncoder
from clmr.pipeline.stages import efficiency_probes, efficiency_training
from clmr.storage import paths
from clmr.storage.strict import from_mapping, to_mapping
from clmr.storage.tensors import save_tensors
from clmr.training.fine_tune import FewLabelsRecipe
from tests.training.recipes import SAMPLE_CNN
from tests.training.test_fine_tune import recipe

FRACTIONS = (0.25, 1.0)
LOG_MEL = LogMelParams(16, 0.064, (0.1,), 50, n_resamples=20, seed=0)
PROBES = EfficiencyProbesStage(
    store="tones",
    fractions=FRACTIONS,
    subset_seeds=(0, 1),
    frozen={"clmr": FrozenEncoder("evaluate@x", (0, 1)), "random_init": FrozenEncoder("evaluate@x", (0,))},
    probe=FewLabelsProbeParams((0.01, 1.0), 30),
    log_mel=LOG_MEL,
    n_resamples=20,
    experiment="efficiency",
)


@pytest.fixture
def tones(store, repository, monkeypatch):
    """The repository with the store of tones, two encoders, and what they make of it.

    Networks are trained in this process, where they are counted.
    """
    monkeypatch.setenv("CLMR_WORKERS", "1")
    shutil.copytree(store.folder, paths.store_dir("tones"))
    for seed in (0, 1):
        encoder = initialised(SAMPLE_CNN.build, torch.Generator().manual_seed(seed)).eval()
        save_encoder(paths.checkpoint_file("x", seed), encoder, {})
        found = embed(encoder, store, 16, torch.device("cpu"), "fp32")
        tensors = {"values": torch.from_numpy(found.values), "clips": torch.from_numpy(found.clips)}
        save_tensors(embeddings_file(paths.embeddings_dir("evaluate@x"), seed), tensors, {})
    return store


def folder_of(stage: str, system: str, fraction: float):
    return paths.scores_dir(f"{stage}/system={system},label_fraction={fraction}", "efficiency")


def test_probes_leave_scores_of_every_system_and_share(tones):
    efficiency_probes.work(Stage("efficiency_probes@tones", "tones", PROBES, {"clmr.x": "a"}))
    seeds, clips = {}, {}
    for system in ("clmr", "random_init", "log_mel"):
        for fraction in FRACTIONS:
            folder = folder_of("efficiency_probes@tones", system, fraction)
            rows = load_score_rows(folder)
            seeds[system, fraction] = [row["seed"] for row in rows]
            clips[system, fraction] = [row["n_labelled_clips"] for row in rows]
            by_head, scored = load_clip_scores(folder, rows[-1]["seed"])
            np.testing.assert_array_equal(scored, tones.rows("test"))
            assert set(by_head) == {"linear"}
    # With all labels there is one subset: another score takes another encoder.
    assert seeds["clmr", 0.25] == seeds["clmr", 1.0] == seeds["log_mel", 0.25] == [0, 1]
    assert seeds["random_init", 1.0] == seeds["log_mel", 1.0] == [0]
    assert clips["clmr", 0.25] == [6, 6]
    assert clips["log_mel", 1.0] == [24]


def training(*fractions: float) -> Stage[EfficiencyTrainingStage]:
    shared = {"max_epochs": 1, "seeds": [0, 1]}
    networks: dict[str, tuple[FewLabelsRecipe, ...]] = {
        "sample_cnn": tuple(recipe(**shared, label_fraction=share) for share in fractions),
        "clmr_fine_tuned": (recipe(**shared, encoder_rate_factor=0.1),),
    }
    params = EfficiencyTrainingStage("tones", FRACTIONS, networks, "x", (0,), SAMPLE_CNN, PROBES.probe, "efficiency")
    assert from_mapping(EfficiencyTrainingStage, to_mapping(params), "stage") == params
    return Stage("efficiency_training@tones", "tones", params, {"clmr.x": "a"})


def test_networks_are_trained_once_and_leave_scores_of_their_clips(tones, monkeypatch):
    runs, train = [], efficiency_training.train_on_labels

    def counted(one, seed, labels, start, *rest):
        runs.append((seed, len(labels.rows), start is not None))
        return train(one, seed, labels, start, *rest)

    monkeypatch.setattr(efficiency_training, "train_on_labels", counted)
    efficiency_training.work(training(0.25))
    assert runs == [(0, 6, False), (1, 6, False), (0, 6, True), (1, 6, True)]
    for system in ("sample_cnn", "clmr_fine_tuned"):
        folder = folder_of("efficiency_training@tones", system, 0.25)
        assert [(row["head"], row["seed"], row["n_labelled_clips"]) for row in load_score_rows(folder)] == [
            ("end_to_end", 0, 6),
            ("end_to_end", 1, 6),
        ]
        np.testing.assert_array_equal(load_clip_scores(folder, 1)[1], tones.rows("test"))
    # With one more share, only that is trained.
    efficiency_training.work(training(0.25, 1.0))
    assert runs[4:] == [(0, 24, False), (1, 24, False)]
    # Where all are to be trained, those that take longest come first.
    efficiency_training.work(replace(training(0.25, 1.0), code={"clmr.x": "b"}))
    assert runs[6:8] == [(0, 24, False), (1, 24, False)]
    assert len(runs[6:]) == 6
