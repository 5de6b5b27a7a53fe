"""Self-supervised pre-training of an encoder, by any of the methods."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from clmr.batches.crops import track_crops
from clmr.compute.distributed import ALONE, World
from clmr.corpora.store import Store
from clmr.models.initialisation import created
from clmr.storage.strict import from_mapping
from clmr.training.clmr import CLMRRecipe, CLMRRun
from clmr.training.cpc import CPCRecipe, CPCRun
from clmr.training.loop import PretrainRun

Recipe = CLMRRecipe | CPCRecipe
METHODS: dict[str, type[PretrainRun]] = {"clmr": CLMRRun, "cpc": CPCRun}
"""Methods by the name that a recipe has for them."""

_LOG = logging.getLogger("clmr")
_STATE_NAME = "state.safetensors"


@dataclass(frozen=True)
class Pretrained:
    """Outcome of a run.

    Attributes:
        encoder: The encoder, in evaluation mode.
        curve: One row per epoch: epoch, loss, accuracy of the contrastive task, learning_rate at its end.
    """

    encoder: nn.Module
    curve: pd.DataFrame


def read_recipe(mapping: Mapping[str, Any], where: str) -> Recipe:
    """The recipe of the method that the mapping names.

    Args:
        mapping: Plain values.
        where: Place of the mapping, for messages.

    Raises:
        ValueError: If there is no such method, or the values are not those of a recipe of it.
    """
    listed = ", ".join(METHODS)
    if "method" not in mapping:
        raise ValueError(f"{where}: missing key method; it is one of {listed}")
    if mapping["method"] not in METHODS:
        raise ValueError(f"{where}.method: found {mapping['method']!r}, allowed are {listed}; choose one of them")
    return from_mapping(METHODS[mapping["method"]].recipe_class, mapping, where)


def build_encoder(recipe: Recipe) -> nn.Module:
    """The encoder of a recipe, with weights of no meaning, for those of a checkpoint to be put in."""
    return created(lambda: METHODS[recipe.method].encoder_class(recipe.encoder))


def pretrain(params: Recipe, store: Store, resume_dir: Path, device: torch.device, world: World = ALONE) -> Pretrained:
    """Train an encoder by the recipe; go on from ``resume_dir`` if an interrupted run left its state there.

    Every draw depends on seed, epoch and step alone, and the state is written after each epoch, so a
    run that was killed and resumed ends with the same weights as one that was not. The caller ties
    ``resume_dir`` to recipe, data and code, and removes it once the result is safe.

    Several processes share each batch, with batch statistics and negatives over all of them; the
    result is that of one process, to rounding.

    Raises:
        ValueError: If recipe and store do not fit each other, or the loss is no longer finite.
    """
    if store.sample_rate_hz != params.encoder.sample_rate_hz:
        raise ValueError(
            f"store {params.store} has {store.sample_rate_hz} Hz, the encoder expects {params.encoder.sample_rate_hz} "
            f"Hz; name a store of that rate or change encoder.sample_rate_hz"
        )
    crops = track_crops(store, params.encoder.clip_samples, params.splits, device)
    if params.batch_size % world.size:
        raise ValueError(f"batch_size {params.batch_size} must be a multiple of the {world.size} processes")
    steps_per_epoch = crops.n_tracks // params.batch_size
    run = METHODS[params.method](params, crops, device, steps_per_epoch, world)
    history = run.resume(resume_dir / _STATE_NAME)
    for epoch in range(len(history), params.epochs):
        row = run.train_epoch(epoch)
        history.append(row)
        if not world.is_first:
            continue
        _LOG.info(
            "epoch %d/%d  loss %.4f  accuracy %.3f  learning rate %.5f",
            epoch + 1, params.epochs, row["loss"], row["accuracy"], row["learning_rate"],
        )  # fmt: skip
        run.save(resume_dir / _STATE_NAME, history)
    columns = ["epoch", "loss", "accuracy", "learning_rate"]
    return Pretrained(run.modules["encoder"].eval(), pd.DataFrame(history, columns=columns))


def curve_metrics(trained: Pretrained, params: Recipe) -> dict[str, float]:
    """Loss and accuracy of the last epoch, beside what guessing would give; epochs alone if there was none."""
    if trained.curve.empty:
        return {"epochs": 0}
    last = trained.curve.iloc[-1]
    return {
        "epochs": len(trained.curve),
        "loss": float(last.loss),
        "loss_of_guessing": math.log(params.n_candidates),
        "accuracy": float(last.accuracy),
        "accuracy_of_guessing": 1 / params.n_candidates,
    }
