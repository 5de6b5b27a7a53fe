"""Self-supervised pre-training of an encoder: CLMR."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import torch
from torch import Tensor, nn

from clmr.augmentations import AugmentationParams, apply_chain, draw_chain
from clmr.config import require, to_mapping
from clmr.corpora.crops import TrackCrops, paired_batches, track_crops
from clmr.corpora.store import Store
from clmr.distributed import World, gather, wrap
from clmr.losses import nt_xent_logits
from clmr.models.heads import ProjectorKind, projector
from clmr.models.initialisation import initialise
from clmr.models.sample_cnn import SampleCNN, SampleCNNParams
from clmr.optim import OptimizerParams, build_optimizer, learning_rate_at, set_learning_rate
from clmr.progress import progress
from clmr.seeding import generator
from clmr.training.checkpoint import load_tensors, restore_training, save_tensors, training_state

_LOG = logging.getLogger("clmr")
_STATE_NAME = "state.safetensors"
_ALONE = World()


@dataclass(frozen=True)
class PretrainParams:
    """The recipe of one run: everything that decides its weights, besides the store's audio.

    Attributes:
        store: Name of the store that is read.
        splits: Splits whose clips are used, without their tags.
        encoder: Architecture.
        projector: Kind of map from embedding to projection.
        projection_dim: Width of the projection.
        augmentations: Chain applied to the first view, and to the second.
        augment_second_view: If false the second view is only cropped (thesis section 6.3, one-sided).
        temperature: Softmax temperature of NT-Xent.
        batch_size: Pairs of views per step.
        epochs: Passes over all tracks; 0 leaves the encoder as initialised.
        optimizer: Optimiser and schedule.
        precision: ``bf16`` computes convolutions and products in bfloat16; weights stay float32.
        seed: Seed of initialisation, order, crops and augmentations.
    """

    store: str
    splits: tuple[Literal["train", "valid", "test"], ...]
    encoder: SampleCNNParams
    projector: ProjectorKind
    projection_dim: int
    augmentations: AugmentationParams
    augment_second_view: bool
    temperature: float
    batch_size: int
    epochs: int
    optimizer: OptimizerParams
    precision: Literal["fp32", "bf16"]
    seed: int

    def __post_init__(self) -> None:
        require(len(self.splits) > 0, "splits", list(self.splits), "a list of at least one split")
        require(self.projection_dim >= 1, "projection_dim", self.projection_dim, ">= 1")
        require(self.temperature > 0, "temperature", self.temperature, "> 0")
        require(self.batch_size >= 2, "batch_size", self.batch_size, ">= 2, one pair has no negatives")
        require(self.epochs >= 0, "epochs", self.epochs, ">= 0")


@dataclass(frozen=True)
class Pretrained:
    """Outcome of a run.

    Attributes:
        encoder: The encoder, in evaluation mode.
        curve: One row per epoch: epoch, loss, accuracy of the contrastive task, learning_rate at its end.
    """

    encoder: SampleCNN
    curve: pd.DataFrame


def pretrain(
    params: PretrainParams, store: Store, resume_dir: Path, device: torch.device, world: World = _ALONE
) -> Pretrained:
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
    crops = track_crops(store, params.encoder.clip_samples, params.splits)
    if params.batch_size % world.size:
        raise ValueError(f"batch_size {params.batch_size} must be a multiple of the {world.size} processes")
    steps_per_epoch = crops.n_tracks // params.batch_size
    run = PretrainRun(params, crops, device, steps_per_epoch, world)
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


def build_modules(params: PretrainParams) -> dict[str, nn.Module]:
    """Encoder and projector with initial weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):  # layers draw default weights on creation; keep that to ourselves
        encoder = SampleCNN(params.encoder)
        head = projector(params.projector, params.encoder.embedding_dim, params.projection_dim)
    draws = generator(params.seed, "weights")
    initialise(encoder, draws)
    initialise(head, draws)
    return {"encoder": encoder, "projector": head}


class PretrainRun:
    """Modules, optimiser and schedule of one run; :func:`pretrain` drives it, benchmarks time its step."""

    def __init__(
        self, params: PretrainParams, crops: TrackCrops, device: torch.device, steps_per_epoch: int, world: World
    ) -> None:
        self.params, self.crops, self.device, self.world = params, crops, device, world
        self.steps_per_epoch = steps_per_epoch
        self.modules = {name: module.to(device) for name, module in build_modules(params).items()}
        self.network = wrap(nn.Sequential(*self.modules.values()), device, world)
        self.optimizer = build_optimizer(self.modules.values(), params.optimizer, params.batch_size)
        n_steps = steps_per_epoch * params.epochs
        self.learning_rate = learning_rate_at(params.optimizer, params.batch_size, steps_per_epoch, n_steps)

    def resume(self, path: Path) -> list[dict[str, Any]]:
        """The curve so far, with weights and optimiser as they were then; empty if nothing was left."""
        if not path.is_file():
            return []
        tensors, facts = load_tensors(path)
        if facts["recipe"] != to_mapping(self.params):
            raise ValueError(f"{path}: left by another recipe; remove it to start anew")
        restore_training(self.modules, self.optimizer, tensors)
        _LOG.info("resumed after epoch %d", len(facts["history"]))
        return facts["history"]

    def save(self, path: Path, history: list[dict[str, Any]]) -> None:
        """Write weights, optimiser and curve, whole or not at all."""
        facts = {"recipe": to_mapping(self.params), "history": history}
        save_tensors(path, training_state(self.modules, self.optimizer), facts)

    def train_epoch(self, epoch: int) -> dict[str, Any]:
        """One pass over all tracks; the epoch's row of the learning curve."""
        self.network.train()
        batches = paired_batches(self.crops, self.params.batch_size, self.params.seed, epoch, self.world)
        bar = progress(batches, f"epoch {epoch + 1}", total=self.steps_per_epoch, unit="step")
        losses, hits = [], []
        for step, (first, second) in enumerate(bar):
            rate = self.learning_rate(epoch * self.steps_per_epoch + step)
            set_learning_rate(self.optimizer, rate)
            loss, accuracy = self.train_step(self.views(first, second, epoch, step))
            losses.append(loss)
            hits.append(accuracy)
        mean_loss = torch.stack(losses).double().mean().item()
        if not mean_loss < float("inf"):
            raise ValueError(
                f"the loss of epoch {epoch + 1} is {mean_loss}; the state of epoch {epoch} was kept; "
                f"lower the learning rate or use precision: fp32 (params.yaml: pretrain, runs)"
            )
        accuracy = torch.stack(hits).double().mean().item()
        return {"epoch": epoch + 1, "loss": mean_loss, "accuracy": accuracy, "learning_rate": rate}

    def views(self, first: Tensor, second: Tensor, epoch: int, step: int) -> Tensor:
        """Both views of this process's part of a batch, augmented independently, shape (2B, T)."""
        chains = [
            self.params.augmentations,
            self.params.augmentations if self.params.augment_second_view else None,
        ]
        augmented = [
            crop if chain is None else self.augmented(crop, chain, epoch, step, view)
            for view, (crop, chain) in enumerate(
                zip((first.to(self.device), second.to(self.device)), chains, strict=True)
            )
        ]
        return torch.cat(augmented)

    def augmented(self, crop: Tensor, chain: AugmentationParams, epoch: int, step: int, view: int) -> Tensor:
        """One view: draws are made for the whole batch, and those of this process's part are used."""
        draws = generator(self.params.seed, "augmentations", epoch, step, view)
        rate_hz, n_examples = self.params.encoder.sample_rate_hz, self.params.batch_size
        mine = draw_chain(chain, n_examples, rate_hz, draws).examples(self.world.share(n_examples))
        return apply_chain(crop, mine, rate_hz)

    def train_step(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """One update; the loss and the accuracy before it, as scalars on the device.

        Differs: the released code passes the two views through the encoder one after the other, so
        batch norm sees B examples at a time; like SimCLR's reference, we pass all 2B at once.
        """
        bf16 = self.params.precision == "bf16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bf16):
            z_first, z_second = self.network(views).chunk(2)
        gathered = [gather(z, self.world) for z in (z_first, z_second)]
        logits, positives = nt_xent_logits(*gathered, self.params.temperature)
        loss = nn.functional.cross_entropy(logits, positives)
        self.optimizer.zero_grad()
        (loss * self.world.size).backward()
        self.optimizer.step()
        return loss.detach(), (logits.argmax(dim=1) == positives).float().mean()


def curve_metrics(trained: Pretrained, params: PretrainParams) -> dict[str, float]:
    """Loss and accuracy of the last epoch, beside what guessing would give; epochs alone if there was none."""
    if trained.curve.empty:
        return {"epochs": 0}
    last = trained.curve.iloc[-1]
    n_candidates = 2 * params.batch_size - 1
    return {
        "epochs": len(trained.curve),
        "loss": float(last.loss),
        "loss_of_guessing": math.log(n_candidates),
        "accuracy": float(last.accuracy),
        "accuracy_of_guessing": 1 / n_candidates,
    }
