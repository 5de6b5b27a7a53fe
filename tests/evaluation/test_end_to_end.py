"""Scores of a tagger: the mean over whole segments, whatever the batches."""

from dataclasses import replace

import numpy as np
import torch

from clmr.evaluation.end_to_end import evaluate_supervised, predict, save_validation_scores
from clmr.evaluation.scores import load_clip_scores
from clmr.models.heads import END_TO_END
from clmr.models.taggers import build_tagger
from clmr.training.supervised import train_supervised
from tests.training.recipes import supervised_recipe

CPU = torch.device("cpu")


def test_prediction_is_the_mean_over_whole_segments(store):
    recipe = supervised_recipe()
    model = build_tagger(recipe.model, 4, torch.Generator().manual_seed(0)).eval()
    row = store.rows("test")[:1]
    samples = torch.from_numpy(store.clip(row[0]).astype(np.float32) / 32_768)
    expected = model(samples[:48_000].reshape(2, 24_000)).sigmoid().mean(dim=0).detach()
    found = torch.from_numpy(predict(model, recipe, store, row, CPU)[0]).float()
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    all_rows = store.rows("test")
    some = predict(model, replace(recipe, batch_size=7), store, all_rows, CPU)
    np.testing.assert_allclose(some, predict(model, recipe, store, all_rows, CPU), atol=1e-6)


def test_scores_of_the_clips_that_decided_when_to_stop_are_written_too(store, tmp_path):
    recipe = supervised_recipe(max_epochs=1)
    trained = train_supervised(recipe, 0, store, tmp_path / "work", CPU)
    save_validation_scores(trained, recipe, 0, store, CPU, tmp_path / "scores")
    evaluate_supervised(trained, recipe, 0, store, CPU, tmp_path / "scores")
    for split in ("valid", "test"):
        scores, rows = load_clip_scores(tmp_path / "scores", 0, split)
        assert rows.tolist() == store.rows(split).tolist()
        np.testing.assert_array_equal(scores[END_TO_END], predict(trained.model, recipe, store, rows, CPU))
