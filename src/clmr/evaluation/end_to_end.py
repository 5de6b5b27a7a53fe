"""Scores of a tagger that was trained end to end, on the test split."""

import functools
from pathlib import Path

import numpy as np
import torch
from torch import nn

from clmr.batches.labelled import n_batches
from clmr.batches.reading import audio_reader, read_ahead
from clmr.batches.segments import long_enough, segment_starts
from clmr.compute.precision import autocast
from clmr.compute.progress import progress
from clmr.compute.runtime import device
from clmr.compute.side_by_side import seeds_side_by_side
from clmr.corpora.store import Store, open_store
from clmr.evaluation.embed import mean_over_segments
from clmr.evaluation.metrics import summary_of
from clmr.evaluation.scores import ScoreRow, save_clip_scores
from clmr.models.heads import END_TO_END
from clmr.training.supervised import SCORED_AT_ONCE, SupervisedRecipe, Trained, train_supervised


def supervised_seeds(
    recipe: SupervisedRecipe, store: Store, resume_dir: Path, output_dir: Path
) -> dict[int, tuple[Trained, list[ScoreRow]]]:
    """The trained tagger of each seed of a recipe, and its scores; on a CPU seeds are trained side by side.

    Args:
        recipe: The recipe.
        store: A labelled corpus.
        resume_dir: Folder of unfinished states, each in a folder of its own.
        output_dir: Receives the scores of the validation and test clips.
    """
    work = functools.partial(_supervised_seed, recipe, store.folder, resume_dir, output_dir)
    return seeds_side_by_side(work, recipe.seeds)


def _supervised_seed(
    recipe: SupervisedRecipe, store_dir: Path, resume_dir: Path, output_dir: Path, seed: int
) -> tuple[Trained, list[ScoreRow]]:
    store = open_store(store_dir)
    trained = train_supervised(recipe, seed, store, resume_dir / f"seed_{seed}", device())
    save_validation_scores(trained, recipe, seed, store, device(), output_dir)
    return trained, evaluate_supervised(trained, recipe, seed, store, device(), output_dir)


def evaluate_supervised(
    trained: Trained, recipe: SupervisedRecipe, seed: int, store: Store, device: torch.device, output_dir: Path
) -> list[ScoreRow]:
    """Scores on the test split, one row with the head ``end_to_end``; scores of clips are written to ``output_dir``.

    Adds to the columns of score tables: epochs until the best weights, parameters of the model, clips
    left out of any split because they are shorter than the input, and tags that no training clip has.

    Args:
        trained: Result of :func:`clmr.training.supervised.train_supervised`.
        recipe: The recipe it was trained by.
        seed: The seed it was trained with; also seeds the bootstrap, and names the file.
        store: The store it was trained on.
        device: Where to compute.
        output_dir: Receives the scores of the test clips.

    Raises:
        ValueError: If no test clip is as long as the model's input.
    """
    test = store.rows("test")
    rows = long_enough(store, test, recipe.model.clip_samples)
    scores = predict(trained.model, recipe, store, rows, device)
    save_clip_scores(output_dir, seed, {END_TO_END: scores}, rows)
    # Counted, since short clips are left out silently otherwise: systems with long inputs see fewer clips.
    counts = {
        "epochs": trained.best_epoch,
        "n_parameters": sum(parameter.numel() for parameter in trained.model.parameters()),
        "n_clips_excluded": trained.clips.n_excluded + len(test) - len(rows),
        "n_tags_without_positives": trained.clips.n_tags_without_positives,
    }
    found = summary_of(store, rows, scores, recipe.n_resamples, seed)
    return [{"head": END_TO_END, "seed": seed} | found | counts]


def save_validation_scores(
    trained: Trained, recipe: SupervisedRecipe, seed: int, store: Store, device: torch.device, output_dir: Path
) -> None:
    """Write the scores of the validation clips, for what is chosen by them; arguments are those of the evaluation."""
    rows = trained.clips.valid
    scores = predict(trained.model, recipe, store, rows, device)
    save_clip_scores(output_dir, seed, {END_TO_END: scores}, rows, "valid")


@torch.inference_mode()
def predict(
    model: nn.Module, recipe: SupervisedRecipe, store: Store, rows: np.ndarray, device: torch.device
) -> np.ndarray:
    """Mean sigmoid score over all whole, non-overlapping segments of each clip, shape (clips, K), float64.

    Source: Lee et al. 2018 average over the segments of a clip; the current released code averages sigmoid scores.
    Differs: the released code drops the last segment of every clip, even a whole one; here it counts.

    Args:
        model: Map from audio (B, T) to logits (B, K), in evaluation mode, on ``device``.
        recipe: Its recipe.
        store: The audio.
        rows: Clips, ascending, each at least as long as the model's input.
        device: Where to compute.
    """
    n_samples = recipe.model.clip_samples
    starts, clips = segment_starts(store, n_samples, rows)
    # Every segment is scored: the released code drops the last batch if it is not full.
    batches = np.array_split(starts, n_batches(len(starts), SCORED_AT_ONCE))
    reader = audio_reader(store, device)
    audios = read_ahead(lambda step: reader.read(batches[step], n_samples), len(batches))
    probabilities = []
    for audio in progress(audios, "clips", total=len(batches), unit="batch"):
        with autocast(device, recipe.precision):
            logits = model(audio)
        # Sigmoid first: in a mean of logits one very confident segment would outvote all others.
        probabilities.append(logits.double().sigmoid().cpu())
    scores, _ = mean_over_segments(torch.cat(probabilities), clips)
    return scores
