"""A gallery of few steps, for the tests of examples, figures and players."""

from clmr.augmentations.chain import AugmentationParams
from clmr.augmentations.delay import DelayParams
from clmr.augmentations.filter import FilterParams
from clmr.augmentations.gain import GainParams
from clmr.augmentations.polarity import PolarityParams
from clmr.paper.view_examples import ViewsParams

CLIP_SAMPLES = 20_736


def views(**changed: object) -> ViewsParams:
    """Four steps, of which polarity has but one setting."""
    mild = AugmentationParams(
        gain=GainParams(1.0, (-1.0, -1.0)),
        filter=FilterParams(1.0, low_pass_hz=(3_600.0, 3_600.0), high_pass_hz=(200.0, 200.0)),
        delay=DelayParams(1.0, (200.0, 200.0), step_ms=50.0, factor=0.5),
    )
    strong = AugmentationParams(
        polarity=PolarityParams(1.0),
        gain=GainParams(1.0, (-6.0, -6.0)),
        filter=FilterParams(1.0, low_pass_hz=(2_200.0, 2_200.0), high_pass_hz=(1_200.0, 1_200.0)),
        delay=DelayParams(1.0, (500.0, 500.0), step_ms=50.0, factor=0.5),
    )
    given = {"n_pairs": 3, "excerpt_ms": 25.0, "mild": mild, "strong": strong, "seed": 0}
    return ViewsParams(**(given | changed))  # type: ignore[arg-type]
