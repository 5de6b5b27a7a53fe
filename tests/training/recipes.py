"""Small recipes of both methods for the store of tones."""

from dataclasses import replace

from clmr.augmentations import AugmentationParams
from clmr.models.cpc import CPCParams
from clmr.models.sample_cnn import SampleCNNParams
from clmr.optim import OptimizerParams
from clmr.training.clmr import CLMRRecipe
from clmr.training.cpc import CPCRecipe

SHARED = {
    "store": "tones",
    "splits": ("train",),
    "batch_size": 6,
    "epochs": 3,
    "optimizer": OptimizerParams("adam", 3e-3, "constant", 0.075, 1e-6, 1),
    "precision": "fp32",
    "compiled": False,
    "seed": 0,
}


def clmr_recipe(**changes) -> CLMRRecipe:
    base = CLMRRecipe(
        **SHARED,
        encoder=SampleCNNParams(8_000, width=4),
        projector="nonlinear",
        projection_dim=8,
        augmentations=AugmentationParams.none(),
        augment_second_view=True,
        temperature=0.5,
    )
    return replace(base, **changes)


def cpc_recipe(**changes) -> CPCRecipe:
    base = CPCRecipe(
        **SHARED,
        encoder=CPCParams(8_000, 8_000, 8, 6, (16, 8, 8), strides=(10, 5, 4), paddings=(3, 2, 2), norm="batch"),
        n_steps=3,
        n_negatives=7,
        window_frames=20,
        predictor_gain=0.05,
    )
    return replace(base, **changes)
