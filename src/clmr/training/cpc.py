"""Contrastive predictive coding: recognising what follows in a track among frames from anywhere in a batch."""

from typing import Literal

import torch
from torch import Tensor, nn

from clmr.batches.crops import TrackCrops
from clmr.compute.distributed import gather
from clmr.compute.precision import autocast
from clmr.compute.seeding import generator
from clmr.losses import draw_negatives, info_nce
from clmr.models.cpc import CPC, CPCParams, StepPredictor
from clmr.models.initialisation import initialised
from clmr.storage.strict import Positive, require, strict_keywords
from clmr.training.pretrain import PretrainRecipe, PretrainRun

# Enough for a mean and a deviation; reading a crop of every track of a large corpus would take minutes.
_MOST_TRACKS_MEASURED = 1_024


@strict_keywords
class CPCRecipe(PretrainRecipe):
    """Everything that decides the weights of a CPC run, apart from the store's audio and the seed.

    Source: thesis section 5.2 (20 steps, 15 negatives, batch 64); crops are not augmented.
    Differs: the released code places a window of 81 frames at random for MagnaTagATune and FMA, and
        uses all frames, with 25 negatives, for GTZAN; the thesis mentions no window.

    Attributes:
        method: ``cpc``.
        encoder: Architecture.
        n_steps: Frames S that each context predicts.
        n_negatives: Frames N that each prediction is contrasted with.
        window_frames: Length of the part of a clip, placed at random in each step, that holds the
            contexts and all frames they predict; null for the whole clip. Negatives come from anywhere.
        predictor_gain: Factor on the predictor's initial Kaiming weights (thesis: 1). With a small factor
            training starts at the loss of guessing; with 1 the first steps do little but shrink all
            scores, and leave the frames in two or three dimensions.
    """

    method: Literal["cpc"]
    # Not any encoder: the method reads frames and contexts, which only this one has.
    encoder: CPCParams
    n_steps: int
    n_negatives: int
    window_frames: int | None
    predictor_gain: Positive

    def __post_init__(self) -> None:
        super().__post_init__()
        n_frames = self.encoder.n_frames
        allowed = f"in 1 to {n_frames - 1}, since the encoder has {n_frames} frames"
        require(1 <= self.n_steps < n_frames, "n_steps", self.n_steps, allowed)
        allowed = f"in {self.n_steps + 1} (n_steps and one context) to {n_frames}, or null"
        fits = self.window_frames is None or self.n_steps < self.window_frames <= n_frames
        require(fits, "window_frames", self.window_frames, allowed)
        # The same bound as in losses.draw_negatives, checked here before any audio is read.
        n_others = self.batch_size * n_frames - self.n_steps
        allowed = f"in 1 to {n_others}, the frames of a batch that a context does not predict"
        require(1 <= self.n_negatives <= n_others, "n_negatives", self.n_negatives, allowed)

    @property
    def run_class(self) -> type["CPCRun"]:
        """Class of the runs that train by this recipe."""
        return CPCRun

    @property
    def n_candidates(self) -> int:
        """Candidates for each prediction: the frame that does follow, and N others."""
        return self.n_negatives + 1

    @property
    def n_contexts(self) -> int:
        """Contexts W of each clip that predict: those whose S next frames lie within the window."""
        return (self.window_frames or self.encoder.n_frames) - self.n_steps


def build_modules(recipe: CPCRecipe, seed: int, crops: TrackCrops) -> dict[str, nn.Module]:
    """Encoder and predictor with initial weights that depend on architecture and seed alone.

    Args:
        recipe: Sizes, and gain of the predictor.
        seed: Seed of the weights, and of the choice of crops.
        crops: Audio whose mean and deviation the encoder standardises its input by.
    """
    draws = generator(seed, "weights")
    sizes = (recipe.encoder.context_dim, recipe.encoder.width, recipe.n_steps)
    # The encoder first: both draw from one generator, so encoders start alike whatever the predictor.
    encoder = initialised(lambda: CPC(recipe.encoder), draws)
    predictor = initialised(lambda: StepPredictor(*sizes), draws)
    with torch.no_grad():
        predictor.linear.weight.mul_(recipe.predictor_gain)
    encoder.standardise_by(sample_of(crops, seed))
    return {"encoder": encoder, "predictor": predictor}


def sample_of(crops: TrackCrops, seed: int) -> Tensor:
    """One crop of each track, or of a random thousand of them, shape (B, T).

    Differs: the released code has mean and deviation of its corpora typed in by hand.
    """
    draws = generator(seed, "sample")
    tracks = torch.randperm(crops.n_tracks, generator=draws)[:_MOST_TRACKS_MEASURED].numpy()
    # In float64, as in crop_batches: float32 would favour some starts of a long track.
    positions = torch.rand(len(tracks), generator=draws, dtype=torch.float64).numpy()
    return crops.read(crops.locate(tracks, positions))


class CPCRun(PretrainRun):
    """Pre-training by contrastive predictive coding; over several processes, negatives come from all of them."""

    recipe: CPCRecipe
    n_crops = 1

    def initial_modules(self) -> dict[str, nn.Module]:
        """Encoder and predictor."""
        return build_modules(self.recipe, self.seed, self.crops)

    def connected(self) -> nn.Module:
        """The map from audio to frames and predictions."""
        encoder, predictor = self.modules["encoder"], self.modules["predictor"]
        assert isinstance(encoder, CPC)
        assert isinstance(predictor, StepPredictor)
        return _Prediction(encoder, predictor)

    def inputs(self, crops: tuple[Tensor, ...], epoch: int, step: int) -> tuple[Tensor, torch.Generator]:
        """Audio of shape (B, T), and the source of window and negatives.

        Args:
            crops: One crop of each track, shape (B, T).
            epoch: Number of the epoch, from 0; with ``step`` it decides all draws.
            step: Number of the step in the epoch, from 0.
        """
        return crops[0], generator(self.seed, "negatives", epoch, step)

    def train_step(self, audio: Tensor, draws: torch.Generator) -> tuple[Tensor, Tensor]:
        """One update; the loss and the accuracy before it, as scalars on the device.

        Args:
            audio: This process's part of the batch, shape (B, T).
            draws: Source of the window's position and of the negatives, the same in all processes.
        """
        recipe, n_frames, n_contexts = self.recipe, self.recipe.encoder.n_frames, self.recipe.n_contexts
        # Drawn even where only one position is possible, so that the negatives do not depend on that.
        first = int(torch.randint(n_frames - n_contexts - recipe.n_steps + 1, (), generator=draws))
        sizes = (recipe.batch_size, n_frames, first, n_contexts, recipe.n_steps, recipe.n_negatives)
        negatives = draw_negatives(*sizes, draws).to(self.device)
        with autocast(self.device, recipe.precision):
            frames, predictions = self.network(audio, first, n_contexts)
        # Negatives are indices into the frames of the whole batch, so every process needs all of them.
        frames, predictions = (self.of_all_processes(part) for part in (frames, predictions))
        loss, accuracy = info_nce(frames, predictions, first, negatives)
        self.update(loss)
        return loss.detach(), accuracy

    def of_all_processes(self, part: Tensor) -> Tensor:
        """The tensors of all processes, joined along the first axis."""
        # gather takes rows of shape (B, D) only.
        return gather(part.flatten(1), self.world).unflatten(1, part.shape[1:])


class _Prediction(nn.Module):
    """Encoder and predictor as one module.

    DistributedDataParallel exchanges gradients only of what ran in the forward pass of the module it wraps.
    """

    def __init__(self, encoder: CPC, predictor: StepPredictor) -> None:
        super().__init__()
        self.encoder, self.predictor = encoder, predictor

    def forward(self, audio: Tensor, first: int, n_contexts: int) -> tuple[Tensor, Tensor]:
        """Frames (B, L, C) of a batch, and predictions (B, W, S, C) of some of its contexts.

        Args:
            audio: Shape (B, T).
            first: Time of the first context that predicts.
            n_contexts: W.
        """
        frames = self.encoder.frames(audio)
        contexts = self.encoder.contexts(frames)[:, first : first + n_contexts]
        return frames, self.predictor(contexts)
