"""What tables and figures show: the sections ``tagging``, ``ablation``, ``transfer`` and ``claims``.

Stores are named by their role, so that another scale changes the stores and not the figures.
"""

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

from clmr.evaluation.projection import TSNEParams
from clmr.storage.strict import Count, Late, strict

if TYPE_CHECKING:
    from clmr.paper.view_examples import ViewsParams as Views
else:
    # Late, so that the tagging notebook does not depend on the code of augmentations.
    Views = Annotated[Any, Late("clmr.paper.view_examples:ViewsParams")]


@strict
class TagWiseParams:
    """Figure 6.2, on the primary store, each system with its first seed.

    Attributes:
        clmr: A pre-training run by CLMR.
        cpc: A pre-training run by CPC.
        supervised: A run of supervised training.
    """

    clmr: str
    cpc: str
    supervised: str


@strict
class ResamplingParams:
    """Bootstrap samples of the test split, for what is computed from the scores of single clips.

    Attributes:
        n_resamples: Samples of each interval.
        seed: Seed of the draws.
    """

    n_resamples: Count
    seed: int


@strict
class TaggingParams:
    """Which stores stand for the corpora of the thesis, and the figures that show single runs.

    Attributes:
        primary_store: The first labelled corpus, in MagnaTagATune's role.
        secondary_store: The second labelled corpus, in the Million Song Dataset's role.
        resampling: Intervals of differences, and of scores by tag.
        t_sne: Figure 6.1.
        tag_wise: Figure 6.2.
    """

    primary_store: str
    secondary_store: str
    resampling: ResamplingParams
    t_sne: TSNEParams
    tag_wise: TagWiseParams


@strict
class OwnReportParams:
    """A report on a corpus of one's own.

    Attributes:
        store: The corpus at one sample rate.
        experiment: The experiment whose systems are shown.
        resampling: Intervals of differences, and of scores by tag.
    """

    store: str
    experiment: str
    resampling: ResamplingParams


@strict
class ComparedParams:
    """The rows of a table of ablations.

    Attributes:
        base: The run of the base row, from which every other row differs in what the table varies alone.
        grids: The grids whose combinations are the other rows.
    """

    base: str
    grids: tuple[str, ...]


@strict
class TransferParams:
    """What the notebook on transfer shows.

    Attributes:
        grids: Grids over epochs, one for each method and corpus of pre-training; see :mod:`clmr.transfer`.
    """

    grids: tuple[str, ...]


@strict
class ClaimsParams:
    """How the claims of the thesis are decided.

    Attributes:
        resampling: Intervals of differences.
    """

    resampling: ResamplingParams


@strict
class AblationParams:
    """What the ablation notebook shows: runs and grids by table, and examples of views.

    Attributes:
        table_6_3: Table 6.3, batch sizes.
        table_6_4: Table 6.4, durations of pre-training.
        table_6_5: Table 6.5, sample rates.
        table_6_6: Table 6.6, temperatures.
        table_projector: Kinds of projectors.
        augmentation: Figures 6.3 and 6.4, crops with one other transformation; the base run only crops.
        views: Figure 3.2 and the gallery of augmentations.
    """

    table_6_3: ComparedParams
    table_6_4: ComparedParams
    table_6_5: ComparedParams
    table_6_6: ComparedParams
    table_projector: ComparedParams
    augmentation: ComparedParams
    views: Views

    def tables(self) -> dict[str, ComparedParams]:
        """The rows of each table by its name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, ComparedParams)}
