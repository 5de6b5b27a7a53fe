"""Chains shared by the tests: the thesis's, and what can be made of it."""

from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache, partial

import torch

from clmr.augmentations.chain import AugmentationParams
from clmr.compute.seeding import generator
from clmr.storage import paths
from clmr.storage.overlays import with_overlay
from clmr.storage.strict import from_mapping
from clmr.storage.yaml_files import read_yaml
from tests.examples import example_of

STEPS = tuple(field.name for field in fields(AugmentationParams))
"""Every step there is; the tests that all steps share are run on each."""
NOTHING = AugmentationParams()
"""No augmentation: views that are only cropped."""


@cache
def thesis_chain() -> AugmentationParams:
    """The chain of the thesis, from the one place that states it: the base of CLMR at paper scale."""
    embedded, paper = paths.params_file(), paths.root() / "params" / "paper.yaml"
    stated = with_overlay(read_yaml(embedded), paper)["bases"]["clmr"]["augmentations"]
    return from_mapping(AugmentationParams, stated, f"{paper.name}: bases.clmr.augmentations")


@cache
def complete_chain() -> AugmentationParams:
    """Every step there is: the thesis's, and those that it lacks as the ``EXAMPLE`` of their own tests."""
    stated = thesis_chain().steps()
    return replace(NOTHING, **{name: stated.get(name) or example_of("augmentations", name) for name in STEPS})


def always() -> AugmentationParams:
    """Every step there is, applied to every example."""
    return replace(NOTHING, **{name: replace(step, p=1.0) for name, step in complete_chain().steps().items()})


def only(step: str) -> AugmentationParams:
    """A chain of one step, applied to every example."""
    return replace(NOTHING, **{step: always().steps()[step]})


def draws(seed: int = 0) -> Callable[[str], torch.Generator]:
    """Gives every step its own generator, by the step's name; the same ones for the same seed."""
    return partial(generator, seed)
