"""Augmentations of raw audio, batched: one module for each step, and ``chain``, which puts them in order.

Nothing is imported here, so that code that needs one step does not depend on all of them.
"""
