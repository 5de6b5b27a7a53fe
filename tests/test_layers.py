"""Who may import whom: nothing imports back up, and nothing shared imports one variant of several."""

import pytest

from clmr.corpora.registry import CORPORA
from clmr.models.encoders import ENCODERS
from clmr.models.taggers import TAGGERS
from clmr.pipeline.code import PACKAGE_DIR, imported_modules
from clmr.training.pretrain import METHODS

SCIENCE = ("corpora", "batches", "augmentations", "models", "losses", "optim", "training", "evaluation", "interpret")
WHOLE = ("ablations", "efficiency", "fitting", "paper", "params", "pipeline", "runs", "transfer")
UPWARD = {
    **dict.fromkeys(SCIENCE, (*WHOLE, "interpret")),
    "interpret": WHOLE,
    "compute": (*SCIENCE, *WHOLE, "storage"),
    "storage": (*SCIENCE, *WHOLE, "compute"),
}
VARIANTS = {
    target.partition(":")[0] for union in (CORPORA, ENCODERS, TAGGERS, METHODS) for target in union.targets.values()
}
# A variant may import others that it is made of: SampleCNN's tagger its encoder, CPC's training its encoder.
MADE_OF = {
    "clmr.models.sample_cnn_tagger": {"clmr.models.sample_cnn"},
    "clmr.training.cpc": {"clmr.models.cpc"},
}
MODULES = {
    ".".join(("clmr", *file.relative_to(PACKAGE_DIR).with_suffix("").parts)).removesuffix(".__init__"): file
    for folder in UPWARD
    for file in (*PACKAGE_DIR.glob(f"{folder}.py"), *PACKAGE_DIR.glob(f"{folder}/**/*.py"))
}


def imports_of(module: str) -> set[str]:
    return set(imported_modules(MODULES[module].read_text(encoding="utf-8"), module))


@pytest.mark.parametrize("module", MODULES)
def test_nothing_imports_back_up(module):
    above = {f"clmr.{folder}" for folder in UPWARD[module.split(".")[1]]}
    wrong = {name for name in imports_of(module) if ".".join(name.split(".")[:2]) in above}
    assert not wrong


@pytest.mark.parametrize("module", [module for module in MODULES if not module.startswith("clmr.corpora.rendered")])
def test_nothing_shared_imports_one_variant_of_several(module):
    assert imports_of(module) & VARIANTS <= MADE_OF.get(module, set())


def test_the_variants_are_found_where_the_unions_say():
    assert set(MODULES) >= VARIANTS
    assert set(MADE_OF) <= VARIANTS
