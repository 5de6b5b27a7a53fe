"""CLMR: two altered fragments of a track are to be recognised among those of all tracks of a batch."""

import functools
from typing import TYPE_CHECKING, Annotated, Any, Literal

import torch
from torch import Tensor, nn

from clmr.compute.distributed import gather
from clmr.compute.precision import autocast
from clmr.compute.seeding import generator
from clmr.losses import nt_xent
from clmr.models.encoders import ENCODERS, EncoderParams
from clmr.models.heads import ProjectorKind, projector
from clmr.models.initialisation import initialised
from clmr.storage.strict import Count, Late, Positive, require, strict_keywords
from clmr.training.pretrain import PretrainRecipe, PretrainRun

if TYPE_CHECKING:
    from clmr.augmentations.chain import AugmentationParams as Augmentations
else:
    Augmentations = Annotated[Any, Late("clmr.augmentations.chain:AugmentationParams")]


@strict_keywords
class CLMRRecipe(PretrainRecipe):
    """Everything that decides the weights of a CLMR run, besides the store's audio and the seed.

    Source: thesis sections 3.1 to 3.4.
    Differs: the thesis names no temperature for its main runs; 0.5 is the best of Table 6.6, and that of
        the released code.

    Attributes:
        method: ``clmr``.
        encoder: Architecture.
        projector: Kind of map from embedding to projection.
        projection_dim: Width of the projection.
        augmentations: Chain applied to the first view, and to the second.
        augment_second_view: If false the second view is only cropped (thesis section 6.3, one-sided).
        temperature: Softmax temperature of NT-Xent.
    """

    method: Literal["clmr"]
    encoder: Annotated[EncoderParams, ENCODERS]
    projector: ProjectorKind
    projection_dim: Count
    augmentations: Augmentations
    augment_second_view: bool
    temperature: Positive

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.batch_size >= 2, "batch_size", self.batch_size, ">= 2, one pair has no negatives")

    @property
    def run_class(self) -> type["CLMRRun"]:
        """What trains by this recipe."""
        return CLMRRun

    @property
    def n_candidates(self) -> int:
        """Projections among which the other view is to be found."""
        return 2 * self.batch_size - 1


def build_modules(recipe: CLMRRecipe, seed: int) -> dict[str, nn.Module]:
    """Encoder and projector with initial weights that depend on the seed alone."""
    draws = generator(seed, "weights")
    sizes = (recipe.projector, recipe.encoder.embedding_dim, recipe.projection_dim)
    # The encoder first: one generator serves both, so their order decides the weights.
    return {
        "encoder": initialised(recipe.encoder.build, draws),
        "projector": initialised(lambda: projector(*sizes), draws),
    }


class CLMRRun(PretrainRun):
    """Pre-training by CLMR."""

    recipe: CLMRRecipe
    n_crops = 2

    def initial_modules(self) -> dict[str, nn.Module]:
        """Encoder and projector."""
        return build_modules(self.recipe, self.seed)

    def connected(self) -> nn.Module:
        """The map from audio to projections."""
        return nn.Sequential(*self.modules.values())

    def inputs(self, crops: tuple[Tensor, ...], epoch: int, step: int) -> tuple[Tensor]:
        """Both views of this process's part of a batch, augmented independently, as one tensor of shape (2B, T).

        Args:
            crops: Two crops of each track, shape (B, T) each.
            epoch: Number of the epoch; with ``step`` the place of the draws.
            step: Number of the step in the epoch.
        """
        first, second = crops
        if self.recipe.augment_second_view:
            second = self.augmented(second, epoch, step, view=1)
        return (torch.cat([self.augmented(first, epoch, step, view=0), second]),)

    def augmented(self, crops: Tensor, epoch: int, step: int, view: int) -> Tensor:
        """One view, shape (B, T).

        Args:
            crops: This process's part of the batch, shape (B, T).
            epoch: Number of the epoch; with ``step`` and ``view`` the place of the draws.
            step: Number of the step in the epoch.
            view: 0 for the first view, 1 for the second.
        """
        rate_hz, n_examples = self.recipe.encoder.sample_rate_hz, self.recipe.batch_size
        draws = functools.partial(generator, self.seed, "augmentations", epoch, step, view)
        # Draws are made for the whole batch, however many processes share it, so that they do not depend on that.
        drawn = self.recipe.augmentations.draw(n_examples, rate_hz, draws)
        return drawn.examples(self.world.share(n_examples)).apply(crops, rate_hz)

    def train_step(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """One update; the loss and the accuracy before it, as scalars on the device.

        Differs: the released code passes the two views through the encoder one after the other, so
        batch norm sees B examples at a time; like SimCLR's reference, we pass all 2B at once.

        Args:
            views: Both views of this process's part of the batch, shape (2B, T).
        """
        with autocast(self.device, self.recipe.precision):
            z_first, z_second = self.network(views).chunk(2)
        # Views are gathered one by one, so that row i of both still belongs to one track.
        loss, accuracy = nt_xent(gather(z_first, self.world), gather(z_second, self.world), self.recipe.temperature)
        self.update(loss)
        return loss.detach(), accuracy
