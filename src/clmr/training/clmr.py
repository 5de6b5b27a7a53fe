"""CLMR: two altered fragments of a track are to be recognised among those of all tracks of a batch."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from clmr.augmentations import AugmentationParams, apply_chain, draw_chain
from clmr.compute.distributed import gather
from clmr.compute.precision import autocast
from clmr.compute.seeding import generator
from clmr.losses import nt_xent_logits
from clmr.models.heads import ProjectorKind, projector
from clmr.models.initialisation import initialised
from clmr.models.sample_cnn import SampleCNN, SampleCNNParams
from clmr.storage.strict import require
from clmr.training.loop import PretrainRun, SharedRecipe


@dataclass(frozen=True, kw_only=True)
class CLMRRecipe(SharedRecipe):
    """Everything that decides the weights of a CLMR run, besides the store's audio.

    Attributes:
        method: ``clmr``.
        encoder: Architecture.
        projector: Kind of map from embedding to projection.
        projection_dim: Width of the projection.
        augmentations: Chain applied to the first view, and to the second.
        augment_second_view: If false the second view is only cropped (thesis section 6.3, one-sided).
        temperature: Softmax temperature of NT-Xent.
    """

    method: Literal["clmr"] = "clmr"
    encoder: SampleCNNParams
    projector: ProjectorKind
    projection_dim: int
    augmentations: AugmentationParams
    augment_second_view: bool
    temperature: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.projection_dim >= 1, "projection_dim", self.projection_dim, ">= 1")
        require(self.temperature > 0, "temperature", self.temperature, "> 0")
        require(self.batch_size >= 2, "batch_size", self.batch_size, ">= 2, one pair has no negatives")

    @property
    def n_candidates(self) -> int:
        """Projections among which the other view is to be found."""
        return 2 * self.batch_size - 1


def build_modules(params: CLMRRecipe) -> dict[str, nn.Module]:
    """Encoder and projector with initial weights that depend on the seed alone."""
    draws = generator(params.seed, "weights")
    sizes = (params.projector, params.encoder.embedding_dim, params.projection_dim)
    return {
        "encoder": initialised(lambda: SampleCNN(params.encoder), draws),
        "projector": initialised(lambda: projector(*sizes), draws),
    }


class CLMRRun(PretrainRun):
    """Pre-training by CLMR."""

    params: CLMRRecipe
    recipe_class = CLMRRecipe
    encoder_class = SampleCNN
    n_crops = 2

    def initial_modules(self) -> dict[str, nn.Module]:
        """Encoder and projector."""
        return build_modules(self.params)

    def connected(self) -> nn.Module:
        """The map from audio to projections."""
        return nn.Sequential(*self.modules.values())

    def inputs(self, crops: tuple[Tensor, ...], epoch: int, step: int) -> tuple[Tensor]:
        """Both views."""
        first, second = crops
        return (self.views(first, second, epoch, step),)

    def views(self, first: Tensor, second: Tensor, epoch: int, step: int) -> Tensor:
        """Both views of this process's part of a batch, augmented independently, shape (2B, T)."""
        chains = [
            self.params.augmentations,
            self.params.augmentations if self.params.augment_second_view else None,
        ]
        augmented = [
            crop if chain is None else self.augmented(crop, chain, epoch, step, view)
            for view, (crop, chain) in enumerate(zip((first, second), chains, strict=True))
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
        with autocast(self.device, self.params.precision):
            z_first, z_second = self.network(views).chunk(2)
        gathered = [gather(z, self.world) for z in (z_first, z_second)]
        logits, positives = nt_xent_logits(*gathered, self.params.temperature)
        loss = nn.functional.cross_entropy(logits, positives)
        self.update(loss)
        return loss.detach(), (logits.argmax(dim=1) == positives).float().mean()
