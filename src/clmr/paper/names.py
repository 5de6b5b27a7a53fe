"""What readers call systems, heads and blocks of systems.

What belongs here: names, and which block a row of a score table belongs to. What does not: scores.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clmr.models.heads import ALL_LAYERS, END_TO_END

CHANCE = "chance"
"""Identifier of the row that says what a random order scores; it has no head."""
LOG_MEL = "log_mel"
SYSTEM_NAMES = {
    "clmr": "CLMR",
    "cpc": "CPC",
    "random_init": "random initialisation",
    "random_init_cpc": "random initialisation (CPC)",
    LOG_MEL: "log-mel statistics",
    CHANCE: "chance, a random order",
    "sample_cnn": "SampleCNN",
    "clmr_fine_tuned": "CLMR, fine-tuned",
    "pons": "Pons et al.",
    "dieleman": "1-D CNN (Dieleman and Schrauwen)",
}
HEAD_NAMES = {ALL_LAYERS: "linear, all layers", END_TO_END: "supervised, end to end"}
THESIS = "thesis"
"""Block, and label of the scale, of numbers that are the thesis's own."""
BLOCKS = {
    "self_supervised": "self-supervised, probes on frozen encoders",
    "supervised": "supervised, end to end",
    "reference": "references, without training of the encoder",
    THESIS: "the thesis, as printed",
}
"""Blocks of a score table for readers, in their order."""


def block_of(system: str, pretrain_corpus: str | None, head: str) -> str:
    """The block of a row, a key of :data:`BLOCKS`.

    It follows from how the system was trained, so that no list of networks has to be kept.

    >>> block_of("clmr", "scores", "linear"), block_of("clmr_fine_tuned", "scores", "end_to_end")
    ('self_supervised', 'supervised')
    >>> block_of("sample_cnn", None, "all_layers"), block_of("random_init", None, "all_layers")
    ('supervised', 'reference')
    """
    if head == END_TO_END:
        return "supervised"
    if pretrain_corpus is not None:
        return "self_supervised"
    return "reference" if system in (LOG_MEL, CHANCE) or system.startswith("random_init") else "supervised"


def system_name(system: str) -> str:
    """Name of a system for readers; the identifier if it has no entry in :data:`SYSTEM_NAMES`.

    >>> system_name("cpc"), system_name("my_encoder")
    ('CPC', 'my encoder')
    """
    return SYSTEM_NAMES.get(system, system.replace("_", " "))


def head_name(head: str) -> str:
    """Name of a head for readers; the identifier if it has no entry in :data:`HEAD_NAMES`.

    >>> head_name("all_layers"), head_name("linear")
    ('linear, all layers', 'linear')
    """
    return HEAD_NAMES.get(head, head)


def row_label(system: str, head: str | None, varied: Mapping[str, Any] | None = None) -> str:
    """Label of a row of a score table, in figures.

    Args:
        system: Identifier of the system.
        head: Its head; one trained end to end is not named.
        varied: Values of the columns that the table varies.

    >>> row_label("clmr", "linear"), row_label("sample_cnn", "end_to_end"), row_label("chance", None)
    ('CLMR, linear', 'SampleCNN', 'chance, a random order')
    >>> row_label("clmr", "linear", {"batch_size": 96})
    'CLMR, linear, batch size 96'
    """
    parts = [system_name(system), *([] if pd.isna(head) or head == END_TO_END else [head_name(str(head))])]
    stated = {key: value for key, value in (varied or {}).items() if not pd.isna(value)}
    return ", ".join(parts + [f"{key.replace('_', ' ')} {value}" for key, value in stated.items()])
