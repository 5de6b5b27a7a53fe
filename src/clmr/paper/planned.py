"""What the plan tells the notebooks of results: the systems to compare, and the stages to publish.

Kept apart from tables and figures, so that the plan does not import what draws them.
"""

from dataclasses import field
from typing import Any, Literal

from clmr.storage.strict import strict

Scale = Literal["smoke", "embedded", "overnight", "full_size", "paper"]
"""What all numbers are; ``paper`` is the thesis's settings on the thesis's data sets, and nothing less."""


@strict
class ScoredSystem:
    """The system that a row of a score table describes.

    Attributes:
        stage: The stage that scored it.
        system: Identifier of the system, derived from method and training, never typed: a system that was trained
            for no epoch is a random initialisation.
        run: The run whose weights were scored; None for a system without weights.
        pretrain_corpus: Corpus that its encoder was pre-trained on; None without pre-training.
        eval_corpus: Corpus whose test split was scored.
        varies: Settings by which tables tell runs apart, such as ``batch_size``.
    """

    stage: str
    system: str
    run: str | None
    pretrain_corpus: str | None
    eval_corpus: str
    varies: dict[str, Any] = field(default_factory=dict)


@strict
class PublishedStage:
    """A stage whose provenance and cost are published.

    Attributes:
        stage: Its name, as DVC has it.
        notebook: The notebook that it executes, without suffix; None for a module.
    """

    stage: str
    notebook: str | None
