"""The section ``interpretability`` of the parameters: which networks chapter 7 looks into, and how closely."""

from dataclasses import fields
from typing import Literal

from clmr.interpret.filters import AscentParams
from clmr.storage.strict import Count, Natural, Probability, require, strict

FilterFigure = Literal["fig_7_1", "fig_7_2", "fig_7_3", "untrained"]
"""The figure of filters that shows a network; untrained ones stand beside each."""


@strict
class ActivatedParams:
    """An encoder, and the store whose test segments it hears.

    Attributes:
        run: A run of pre-training; its first seed is used.
        store: The store.
    """

    run: str
    store: str


@strict
class ActivationsParams:
    """The activations that are computed, by what they are for.

    Attributes:
        primary: Figures 7.4, 7.6 and 7.8: an encoder on the first labelled corpus, which it was trained on.
        secondary: Figure 7.5: one on the second labelled corpus, likewise.
        out_of_domain: Section 7.5: the encoder of ``primary`` on another corpus.
        untrained: An encoder without training, on the store of ``primary``.
    """

    primary: ActivatedParams
    secondary: ActivatedParams
    out_of_domain: ActivatedParams
    untrained: ActivatedParams

    def __post_init__(self) -> None:
        home, elsewhere, untrained = self.primary, self.out_of_domain, self.untrained
        require(elsewhere.run == home.run, "out_of_domain.run", elsewhere.run, f"{home.run}, as primary.run")
        require(elsewhere.store != home.store, "out_of_domain.store", elsewhere.store, f"other than {home.store}")
        require(untrained.store == home.store, "untrained.store", untrained.store, f"{home.store}, as primary.store")

    def by_name(self) -> dict[str, ActivatedParams]:
        """All of them by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@strict
class InterpretabilityParams:
    """What the notebook of chapter 7 shows.

    Attributes:
        activations: Encoders, and the segments that they hear.
        filters: Networks whose filters are shown, by run, with the figure that shows each.
        layers: Convolutions whose filters are shown, from 1; Figure 7.3 has all, and Figures 7.1 and 7.2 the next.
        shown_layers: Those of Figures 7.1 and 7.2 (thesis: 1, 4, 6).
        ascent: How inputs of filters are optimised.
        content_share: Share of a corpus's power that defines the limit of its content.
        n_components: Components of the factor analysis (thesis: 3).
        n_factors: Features shown of each component (thesis: 20).
        n_segments: Strongest segments of a feature whose tags are counted (thesis: 100).
        n_described: Features in the table of section 7.5.
        loud_tags: Tags that section 7.4 finds among the strongest segments of most features.
        frequent_tags: Tags that it finds there more seldom, though they are more frequent.
        n_resamples: Bootstrap samples, and permutations, of every test.
        seed: Seed of their draws.
    """

    activations: ActivationsParams
    filters: dict[str, FilterFigure]
    layers: tuple[int, ...]
    shown_layers: tuple[int, ...]
    ascent: AscentParams
    content_share: Probability
    n_components: Count
    n_factors: Count
    n_segments: Count
    n_described: Count
    loud_tags: tuple[str, ...]
    frequent_tags: tuple[str, ...]
    n_resamples: Count
    seed: Natural

    def __post_init__(self) -> None:
        ordered = list(self.layers) == sorted(set(self.layers)) and min(self.layers, default=0) >= 1
        require(ordered, "layers", list(self.layers), "numbers from 1 on, in order")
        shown = len(self.shown_layers) >= 2 and set(self.shown_layers) <= set(self.layers)
        require(shown, "shown_layers", list(self.shown_layers), f"two or more of layers, {list(self.layers)}")
        require(0 < self.content_share < 1, "content_share", self.content_share, "between 0 and 1")
