"""Contrastive learning of musical representations: models, augmentations, losses, training, evaluation.

Axis letters, used in every docstring and shape comment of the package:

======  ==========================================================
B       batch: examples (clips, or the crops taken from them)
T       time: samples of audio, or places along a feature map
C       channels of a feature map
D       dimensions of an embedding, a projection or a context
K       tags
L       frames of a clip: vectors that a network computes from consecutive stretches of it
W       contexts of a clip from which CPC predicts frames
S       steps ahead that it predicts
N       negatives that a positive is contrasted with
M       mel bands
R       resamples of a bootstrap
P       probes of one kind on one encoder, which differ in their seed
======  ==========================================================

Data flows one way: ``corpora`` -> ``batches`` -> ``augmentations`` -> ``models``, ``losses`` -> ``training``
-> ``evaluation``. ``paper`` reads their results and ``pipeline`` runs them; ``compute`` and ``storage`` serve
all. No module imports from a later step, and no shared module imports one variant of several: a variant is
imported when parameters name it, so that its code belongs only to the stages that use it.
"""
