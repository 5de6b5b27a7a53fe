"""Small recipes of all methods for the store of tones."""

from dataclasses import replace
from typing import Any

from clmr.models.cpc import CPCParams
from clmr.models.dieleman import DielemanParams
from clmr.models.sample_cnn import SampleCNNParams
from clmr.optim import AdamParams, ConstantParams, LARSParams, WarmupCosineParams
from clmr.training.clmr import CLMRRecipe
from clmr.training.cpc import CPCRecipe
from clmr.training.supervised import SupervisedRecipe
from tests.augmentations.chains import NOTHING

ADAM = AdamParams("adam", learning_rate=3e-3, schedule=ConstantParams("constant"), weight_decay=1e-6)
LARS = LARSParams("lars", learning_rate_factor=0.075, weight_decay=1e-6, warmup_epochs=1)
SAMPLE_CNN = SampleCNNParams("sample_cnn", 8_000, width=4)
DIELEMAN = DielemanParams("dieleman", 8_000, 3.0, frame_samples=512, hop_samples=256, filters=8)
SHARED: dict[str, Any] = {
    "store": "tones",
    "splits": ("train",),
    "batch_size": 6,
    "epochs": 3,
    "optimizer": ADAM,
    "precision": "fp32",
    "compiled": False,
    "seeds": (0,),
}


def clmr_recipe(**changes) -> CLMRRecipe:
    base = CLMRRecipe(
        **SHARED,
        method="clmr",
        encoder=SAMPLE_CNN,
        projector="nonlinear",
        projection_dim=8,
        augmentations=NOTHING,
        augment_second_view=True,
        temperature=0.5,
    )
    return replace(base, **changes)


def cpc_recipe(**changes) -> CPCRecipe:
    base = CPCRecipe(
        **SHARED,
        method="cpc",
        encoder=CPCParams("cpc", 8_000, 8_000, 8, 6, (16, 8, 8), strides=(10, 5, 4), paddings=(3, 2, 2), norm="batch"),
        n_steps=3,
        n_negatives=7,
        window_frames=20,
        predictor_gain=0.05,
    )
    return replace(base, **changes)


def supervised_recipe(**changes) -> SupervisedRecipe:
    base = SupervisedRecipe(
        method="supervised",
        store="tones",
        model=DIELEMAN,
        label_fraction=1.0,
        augmentations=None,
        batch_size=5,
        optimizer=replace(ADAM, schedule=WarmupCosineParams("warmup_cosine", warmup_epochs=1)),
        max_epochs=3,
        patience_epochs=3,
        validation_segments=2,
        precision="fp32",
        n_resamples=20,
        seeds=(0,),
    )
    return replace(base, **changes)
