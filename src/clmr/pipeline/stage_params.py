"""The parameters that each stage may see: a strict class per kind, filled by the plan and read by the stage."""

from typing import Annotated, Any

from clmr.compute.precision import Precision
from clmr.corpora.build_store import StoreParams
from clmr.corpora.registry import CORPORA, CorpusParams
from clmr.evaluation.few_labels import FewLabelsProbeParams
from clmr.evaluation.log_mel import LogMelParams
from clmr.evaluation.probe import ProbeParams
from clmr.interpret.filters import AscentParams
from clmr.interpret.params import InterpretabilityParams
from clmr.models.encoders import ENCODERS, EncoderParams
from clmr.paper.claims import Role
from clmr.paper.figure_params import AblationParams, ClaimsParams, OwnReportParams, ResamplingParams, TaggingParams
from clmr.paper.listening.selection import ListeningParams
from clmr.paper.planned import AblationRow, PublishedStage, Scale, ScalingRun, ScoredSystem, ShownNetwork, TransferRow
from clmr.runs import RECIPES, SUPERVISED
from clmr.storage.strict import Count, strict
from clmr.training.fine_tune import FewLabelsRecipe
from clmr.training.pretrain import METHODS, PretrainRecipe


@strict
class DownloadStage:
    """A corpus that is rendered or fetched."""

    corpus: Annotated[CorpusParams, CORPORA]


@strict
class StoreStage:
    """A corpus that is brought to one sample rate."""

    store: StoreParams


@strict
class PretrainStage:
    """A pre-training run."""

    recipe: Annotated[PretrainRecipe, METHODS]
    experiment: str


@strict
class SupervisedStage:
    """A run of supervised training."""

    recipe: Annotated[Any, SUPERVISED]
    experiment: str


@strict
class EvaluateStage:
    """A frozen encoder, one checkpoint per seed of its run, probed on a store; ``prefix`` as in ``FiltersStage``."""

    run: str
    seeds: tuple[int, ...]
    encoder: Annotated[EncoderParams, ENCODERS]
    prefix: str
    probe: ProbeParams
    store: str
    experiment: str


@strict
class LogMelStage:
    """The baseline without learned representations, on a store."""

    log_mel: LogMelParams
    store: str
    experiment: str


@strict
class Combination:
    """One run of a grid: the name of its folder of scores, its values by dotted key, and its whole recipe."""

    name: str
    values: dict[str, Any]
    recipe: Annotated[Any, RECIPES]


@strict
class GridStage:
    """Runs that differ in a few values, trained and scored in one stage."""

    combinations: tuple[Combination, ...]
    probe: ProbeParams
    evaluate_on: str
    experiment: str


@strict
class TaggingStage:
    """The systems, curves and corpora that tables and figures show, and the runs of the scaling figure."""

    scale: Scale
    tagging: TaggingParams
    systems: tuple[ScoredSystem, ...]
    scaling: tuple[ScalingRun, ...]
    curves: tuple[str, ...]
    corpora: dict[str, str]


@strict
class AblationStage:
    """The rows of each table of ablations; store and encoder of the base run, of which examples are shown."""

    scale: Scale
    ablation: AblationParams
    tables: dict[str, tuple[AblationRow, ...]]
    store: str
    encoder: Annotated[EncoderParams, ENCODERS]


@strict
class ActivationsStage:
    """A frozen encoder, and the store whose test segments it hears."""

    run: str
    seed: int
    encoder: Annotated[EncoderParams, ENCODERS]
    store: str
    batch_size: int
    precision: Precision


@strict
class FiltersStage:
    """A network whose filters are shown; ``prefix`` begins the names of the encoder's weights in its checkpoint."""

    run: str
    seed: int
    encoder: Annotated[EncoderParams, ENCODERS]
    prefix: str
    layers: tuple[int, ...]
    ascent: AscentParams


@strict
class InterpretabilityStage:
    """What the notebook of chapter 7 shows, the networks among it, and the corpora of the stores."""

    scale: Scale
    interpretability: InterpretabilityParams
    networks: tuple[ShownNetwork, ...]
    corpora: dict[str, str]


@strict
class FrozenEncoder:
    """A frozen encoder whose embeddings of a store are there: the stage that made them, and its seeds."""

    stage: str
    seeds: tuple[int, ...]


@strict
class EfficiencyProbesStage:
    """Frozen encoders by system, and log-mel statistics, probed on shares of a store's labels."""

    store: str
    fractions: tuple[float, ...]
    subset_seeds: tuple[int, ...]
    frozen: dict[str, FrozenEncoder]
    probe: FewLabelsProbeParams
    log_mel: LogMelParams
    n_resamples: Count
    experiment: str


@strict
class EfficiencyTrainingStage:
    """Networks by system, trained on shares of a store's labels; of a run, some fine-tune the encoder."""

    store: str
    fractions: tuple[float, ...]
    networks: dict[str, tuple[FewLabelsRecipe, ...]]
    run: str
    encoder_seeds: tuple[int, ...]
    encoder: Annotated[EncoderParams, ENCODERS]
    probe: FewLabelsProbeParams
    experiment: str


@strict
class EfficiencyStage:
    """The systems that were scored on shares of the labels, and the role of each corpus."""

    scale: Scale
    systems: tuple[ScoredSystem, ...]
    roles: dict[str, Role]
    resampling: ResamplingParams


@strict
class TransferStage:
    """The rows of Table 6.2."""

    scale: Scale
    rows: tuple[TransferRow, ...]


@strict
class ClaimsStage:
    """All systems that claims may be about, in whatever experiment, and the role of each corpus."""

    claims: ClaimsParams
    systems: tuple[ScoredSystem, ...]
    roles: dict[str, Role]


@strict
class ListeningStage:
    """The page on which one listens to segments: their stores, and the head whose tags can be chosen.

    Attributes:
        scale: Label of all numbers.
        listening: Size of the page.
        run: The run whose features are listened to, and on whose embeddings the head is trained.
        corpora: Corpus of each store whose segments it has; that which is shown first in front.
        head_store: The store among them that the run is evaluated on, and the head trained on.
        seed: First seed of the run.
        probe: Training of the head.
    """

    scale: Scale
    listening: ListeningParams
    run: str
    corpora: dict[str, str]
    head_store: str
    seed: int
    probe: ProbeParams


@strict
class OwnReportStage:
    """The systems that a report on one's own corpus shows."""

    scale: Scale
    report: OwnReportParams
    systems: tuple[ScoredSystem, ...]


@strict
class ReportStage:
    """The scale and the stages that the gallery reports."""

    scale: Scale
    stages: tuple[PublishedStage, ...]
