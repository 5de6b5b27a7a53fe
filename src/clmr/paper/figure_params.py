"""What the figures of the tagging stage show: the section ``tagging`` of the parameters.

Stores are named by their role, so that another scale changes the stores and not the figures.
"""

from clmr.storage.strict import Positive, require, strict


@strict
class TSNEParams:
    """Figure 6.1, on the primary store.

    Attributes:
        run: The pre-training run whose encoder is shown, trained with its first seed.
        n_tracks: Tracks of the test split, at least 2 (thesis: 10).
        n_segments: Evenly spaced segments of each, at least 2, which overlap where the clip is short (thesis: 60).
        perplexity: Of t-SNE; below the number of points.
        seed: Seed of the choice of tracks and of t-SNE.
    """

    run: str
    n_tracks: int
    n_segments: int
    perplexity: Positive
    seed: int

    def __post_init__(self) -> None:
        require(self.n_tracks >= 2, "n_tracks", self.n_tracks, ">= 2")
        require(self.n_segments >= 2, "n_segments", self.n_segments, ">= 2")
        n_points = self.n_tracks * self.n_segments
        require(self.perplexity < n_points, "perplexity", self.perplexity, f"in (0, {n_points}), below the points")


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
class TaggingParams:
    """Which stores stand for the corpora of the thesis, and the figures that show single runs.

    Attributes:
        primary_store: The first labelled corpus, in MagnaTagATune's role.
        secondary_store: The second labelled corpus, in the Million Song Dataset's role.
        t_sne: Figure 6.1.
        tag_wise: Figure 6.2.
    """

    primary_store: str
    secondary_store: str
    t_sne: TSNEParams
    tag_wise: TagWiseParams
