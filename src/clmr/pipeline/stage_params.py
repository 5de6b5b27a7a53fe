"""What each stage may see: one strict class per kind of stage, filled by the plan and read back by the stage."""

from typing import Annotated, Any

from clmr.corpora.build_store import StoreParams
from clmr.corpora.registry import CORPORA
from clmr.evaluation.log_mel import LogMelParams
from clmr.evaluation.probe import ProbeParams
from clmr.models.encoders import ENCODERS
from clmr.paper.figure_params import TaggingParams
from clmr.storage.strict import Late, strict
from clmr.training.pretrain import METHODS


@strict
class DownloadStage:
    """A corpus that is rendered or fetched."""

    corpus: Annotated[Any, CORPORA]


@strict
class StoreStage:
    """A corpus that is brought to one sample rate."""

    store: StoreParams


@strict
class PretrainStage:
    """A pre-training run, and the store it reads."""

    recipe: Annotated[Any, METHODS]
    store: str
    experiment: str


@strict
class SupervisedStage:
    """A run of supervised training, and the store it reads."""

    recipe: Annotated[Any, Late("clmr.training.supervised:SupervisedRecipe")]
    store: str
    experiment: str


@strict
class EvaluateStage:
    """A frozen encoder, one checkpoint per seed of its run, probed on a store."""

    run: str
    seeds: tuple[int, ...]
    encoder: Annotated[Any, ENCODERS]
    probe: ProbeParams
    store: str
    experiment: str


@strict
class LogMelStage:
    """The baseline without learned representations, on a store."""

    log_mel: LogMelParams
    probe: ProbeParams
    store: str
    experiment: str


@strict
class Combination:
    """One run of a grid: what it has different, by dotted key, and its whole recipe."""

    values: dict[str, Any]
    recipe: dict[str, Any]


@strict
class GridStage:
    """Runs that differ in a few values, trained and scored one after the other in one process."""

    combinations: tuple[Combination, ...]
    probe: ProbeParams
    store: str
    evaluate_on: str
    experiment: str


@strict
class ScoredSystem:
    """What a row of a score table is about.

    Attributes:
        stage: Stage that scored it.
        system: Name of the system, derived from method and training.
        run: The run its weights are from; None for log-mel statistics.
        pretrain_corpus: Corpus it was pre-trained on; None where it was not.
        eval_corpus: Corpus whose tags are predicted.
        values: Settings that tables compare, such as ``batch_size``.
    """

    stage: str
    system: str
    run: str | None
    pretrain_corpus: str | None
    eval_corpus: str
    values: dict[str, Any]


@strict
class TaggingStage:
    """What the tables and figures of the main experiment show."""

    scale: str
    tagging: TaggingParams
    systems: tuple[ScoredSystem, ...]
    curves: tuple[str, ...]
    corpora: dict[str, str]


@strict
class PublishedStage:
    """A stage whose origin and cost are published, with the notebook that it ran, if any."""

    stage: str
    notebook: str | None


@strict
class ReportStage:
    """What the gallery is about."""

    scale: str
    stages: tuple[PublishedStage, ...]
