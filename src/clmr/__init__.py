"""Contrastive learning of musical representations: models, augmentations, losses, training, evaluation.

Axis letters, used in every docstring and shape comment of the package:

======  ==========================================================
B       batch: examples (clips, or the crops taken from them)
V       views of one example
C       channels of a feature map
T       time: audio samples, or frames of a feature map
D       embedding dimensions
K       tags
======  ==========================================================

Data flows one way: ``corpora`` -> ``augmentations`` -> ``models``, ``losses`` -> ``training`` ->
``evaluation`` -> ``plotting``, ``reporting`` -> ``stages`` and notebooks. Nothing imports back up.
"""
