"""What the tables and figures of the tagging stage show: the section ``tagging`` of the parameters.

Stores are named by their role, so that another scale changes the stores and not the figures.
"""

from clmr.evaluation.projection import TSNEParams
from clmr.storage.strict import Count, strict


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
