"""CLMR: recognising two augmented fragments of one track among the fragments of a whole batch."""

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
    """Everything that decides the weights of a CLMR run, apart from the store's audio and the seed.

    Source: thesis sections 3.1 to 3.4.
    Differs: the thesis names no temperature for its main runs; 0.5 is the best of Table 6.6, and that of
        the released code.

    Attributes:
        method: ``clmr``.
        encoder: Architecture.
        projector: Kind of map from embedding to projection.
        projection_dim: Width of the projection.
        augmentations: Chain applied to each view, drawn independently.
        augment_second_view: If false, the second view is only cropped (thesis section 6.3, one-sided).
        temperature: Softmax temperature tau of NT-Xent.
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
        """Class of the runs that train by this recipe."""
        return CLMRRun

    @property
    def n_candidates(self) -> int:
        """Projections that each view is compared with, of which one is its other view.

        Differs: thesis section 6.6.1 counts 912 negatives at batch 456, which is 2N; the other view and the
            view itself are no negatives, so there are 910.
        """
        return 2 * self.batch_size - 1


def build_modules(recipe: CLMRRecipe, seed: int) -> dict[str, nn.Module]:
    """Encoder and projector with initial weights that depend on architecture and seed alone."""
    draws = generator(seed, "weights")
    sizes = (recipe.projector, recipe.encoder.embedding_dim, recipe.projection_dim)
    # The encoder first: both draw from one generator, so encoders start alike whatever the projector.
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
            epoch: Number of the epoch, from 0; with ``step`` it decides all draws.
            step: Number of the step in the epoch, from 0.
        """
        # One tensor, so that batch norm takes its statistics over both views: see train_step. Joined before they are
        # augmented, in place, so that no view is copied twice.
        views = torch.cat(crops)
        for view, half in enumerate(views.chunk(2)):
            if view == 0 or self.recipe.augment_second_view:
                self.augment(half, epoch, step, view)
        return (views,)

    def augment(self, crops: Tensor, epoch: int, step: int, view: int) -> None:
        """Augment one view, shape (B, T), in place.

        Args:
            crops: This process's part of the batch, shape (B, T).
            epoch: Number of the epoch, from 0; with ``step`` and ``view`` it decides all draws.
            step: Number of the step in the epoch, from 0.
            view: 0 for the first view, 1 for the second.
        """
        rate_hz, n_examples = self.recipe.encoder.sample_rate_hz, self.recipe.batch_size
        draws = functools.partial(generator, self.seed, "augmentations", epoch, step, view)
        # Drawn for the whole batch, of which this process keeps its part: the views are the same
        # however many processes share them.
        drawn = self.recipe.augmentations.draw(n_examples, rate_hz, draws)
        drawn.examples(self.world.share(n_examples)).treat(crops, rate_hz)

    def train_step(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """One update; the loss and the accuracy before it, as scalars on the device.

        Differs: the released code passes the two views through the encoder one after the other, so
        batch norm sees B examples at a time; like SimCLR's reference, we pass all 2B at once.

        Args:
            views: Both views of this process's part of the batch, shape (2B, T).
        """
        with autocast(self.device, self.recipe.precision):
            z_first, z_second = self.network(views).chunk(2)
        # The views are gathered one at a time, so that row i of both still belongs to the same track;
        # gathered together they would alternate by process, which paired the wrong clips in the released code.
        loss, accuracy = nt_xent(gather(z_first, self.world), gather(z_second, self.world), self.recipe.temperature)
        self.update(loss)
        return loss.detach(), accuracy
