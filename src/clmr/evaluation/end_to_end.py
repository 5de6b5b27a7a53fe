"""What a tagger trained end to end is worth on the test split."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from clmr.batches.labelled import n_batches
from clmr.batches.reading import audio_reader, read_ahead
from clmr.batches.segments import long_enough, segment_starts
from clmr.compute.precision import autocast
from clmr.compute.progress import progress
from clmr.corpora.store import Store
from clmr.evaluation.embed import mean_over_segments
from clmr.evaluation.metrics import summary_of
from clmr.evaluation.scores import ScoreRow, save_clip_scores
from clmr.models.heads import END_TO_END
from clmr.training.supervised import SupervisedRecipe, Trained


def evaluate_supervised(
    trained: Trained, recipe: SupervisedRecipe, seed: int, store: Store, device: torch.device, output_dir: Path
) -> list[ScoreRow]:
    """Scores on the test split, one row with the head ``end_to_end``; scores of clips are written to ``output_dir``.

    Besides the columns of score tables: epochs until the best weights, parameters of the model, clips
    left out of any split because they are shorter than the input, and tags that no training clip has.

    Args:
        trained: What :func:`clmr.training.supervised.train_supervised` gave.
        recipe: By this recipe.
        seed: With this seed, which also is that of the bootstrap and names the file.
        store: On this store.
        device: Where to compute.
        output_dir: Gets the scores of the test clips.

    Raises:
        ValueError: If no test clip is as long as the model's input.
    """
    test = store.rows("test")
    rows = long_enough(store, test, recipe.model.clip_samples)
    scores = predict(trained.model, recipe, store, rows, device)
    save_clip_scores(output_dir, seed, {END_TO_END: scores}, rows)
    counts = {
        "epochs": trained.best_epoch,
        "n_parameters": sum(parameter.numel() for parameter in trained.model.parameters()),
        "n_clips_excluded": trained.clips.n_excluded + len(test) - len(rows),
        "n_tags_without_positives": trained.clips.n_tags_without_positives,
    }
    found = summary_of(store, rows, scores, recipe.n_resamples, seed)
    return [{"head": END_TO_END, "seed": seed} | found | counts]


@torch.inference_mode()
def predict(
    model: nn.Module, recipe: SupervisedRecipe, store: Store, rows: np.ndarray, device: torch.device
) -> np.ndarray:
    """Mean sigmoid score over all whole, non-overlapping segments of each clip, shape (clips, K), float64.

    Source: Lee et al. 2018; thesis section 3.6 for the probes.
    Differs: as for the probes, the mean is of probabilities, and a clip's last whole segment counts.

    Args:
        model: Map from audio (B, T) to logits (B, K), in evaluation mode, on ``device``.
        recipe: Its recipe.
        store: The audio.
        rows: Clips, ascending, each at least as long as the model's input.
        device: Where to compute.
    """
    n_samples = recipe.model.clip_samples
    starts, clips = segment_starts(store, n_samples, rows)
    batches = np.array_split(starts, n_batches(len(starts), recipe.batch_size))
    reader = audio_reader(store, device)
    audios = read_ahead(lambda step: reader.read(batches[step], n_samples), len(batches))
    probabilities = []
    for audio in progress(audios, "test clips", total=len(batches), unit="batch"):
        with autocast(device, recipe.precision):
            logits = model(audio)
        # Of each segment: a mean of logits would let one sure segment outvote all others.
        probabilities.append(logits.double().sigmoid().cpu())
    scores, _ = mean_over_segments(torch.cat(probabilities), clips)
    return scores
