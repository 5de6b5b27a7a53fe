"""Augmentations of raw audio, batched: see ``chain`` for the order and the entry points."""

from clmr.augmentations.chain import ChainDraw, apply_chain, augment, draw_chain
from clmr.augmentations.parameters import AugmentationParams

__all__ = ["AugmentationParams", "ChainDraw", "apply_chain", "augment", "draw_chain"]
