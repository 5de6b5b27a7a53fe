"""What the plan tells the notebooks of results: the systems to compare, their settings, the stages to publish.

Kept apart from tables and figures, so that the plan does not import what draws them.
"""

from dataclasses import field
from typing import Any, Literal

from clmr.storage.strict import Count, strict

MAIN = "main"
"""The experiment of Table 6.1."""
Scale = Literal["smoke", "embedded", "overnight", "full_size", "paper"]
"""What all numbers are; ``paper`` is the thesis's settings on the thesis's data sets, and nothing less."""


@strict
class ScoredSystem:
    """The system that a row of a score table describes.

    Attributes:
        stage: The stage that scored it; for a combination of a grid, followed by its name, as in
            ``grid@epochs/epochs=40``. No two systems have the same.
        system: Identifier of the system, derived from method and training, never typed: a system that was trained
            for no epoch is a random initialisation.
        run: The run whose weights were scored; None for a system without weights.
        pretrain_corpus: Corpus that its encoder was pre-trained on; None without pre-training.
        eval_corpus: Corpus whose test split was scored.
        store: The store, made from that corpus, whose clips were scored.
        varies: Settings by which tables tell runs apart, such as ``batch_size``.
        experiment: The experiment that its scores belong to.
    """

    stage: str
    system: str
    run: str | None
    pretrain_corpus: str | None
    eval_corpus: str
    store: str
    varies: dict[str, Any] = field(default_factory=dict)
    experiment: str = MAIN


@strict
class ScalingRun:
    """A pre-trained encoder of the scaling figure, and what decides how much its training cost.

    Attributes:
        scored: The system, as a row of a score table.
        settings: Values by which its grid tells it from others, besides its epochs and its width.
        train_store: The store that it was trained on.
        splits: The splits that it read.
        clip_samples: Length of its input; shorter clips were left out.
        n_views: Fragments of each track in a step.
        batch_size: Tracks in a step.
        epochs: Passes over all tracks.
        width: Channels of the encoder.
    """

    scored: ScoredSystem
    settings: dict[str, Any]
    train_store: str
    splits: tuple[str, ...]
    clip_samples: Count
    n_views: Count
    batch_size: Count
    epochs: Count
    width: Count


@strict
class AblationRow:
    """A row of a table of ablations.

    Attributes:
        scored: The system. Its ``varies`` has what the tables that show it vary, and nothing else.
        settings: What readers are told of its recipe, such as ``epochs`` and ``width``.
    """

    scored: ScoredSystem
    settings: dict[str, Any]


@strict
class ShownNetwork:
    """A network whose filters are shown.

    Attributes:
        run: The run.
        system: Identifier of the system, as in score tables.
        architecture: Kind of the encoder; an untrained network of the same kind stands beside it.
        trained_on: Role of the store that it was trained on; None without training.
        figure: The figure that shows it.
    """

    run: str
    system: str
    architecture: str
    trained_on: str | None
    figure: str


@strict
class TransferRow:
    """A row of Table 6.2, and what decides how much its encoder was trained.

    Attributes:
        scored: The system. Its ``varies`` has ``same_steps`` and ``same_epochs``, each of them true for a row of that
            block and missing for others.
        train_store: The store that it was pre-trained on.
        splits: The splits that it read.
        clip_samples: Length of its input; shorter clips were left out.
        batch_size: Tracks in a step.
        epochs: Passes over all tracks.
        width: Channels of the encoder.
    """

    scored: ScoredSystem
    train_store: str
    splits: tuple[str, ...]
    clip_samples: Count
    batch_size: Count
    epochs: Count
    width: Count


@strict
class PublishedStage:
    """A stage whose provenance and cost are published.

    Attributes:
        stage: Its name, as DVC has it.
        notebook: The notebook that it executes, without suffix; None for a module.
    """

    stage: str
    notebook: str | None
