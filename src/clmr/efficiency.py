"""Label efficiency: which systems are compared on which shares of the labels, resolved to checked recipes.

What belongs here: the sections ``efficiency`` and ``label_efficiency`` of the parameters. What does not: scores, and
names of stages (:mod:`clmr.pipeline.efficiency`).
"""

from collections.abc import Mapping
from typing import Any, Literal

from clmr.evaluation.few_labels import FewLabelsProbeParams
from clmr.runs import Named, Run
from clmr.storage.layering import OVER, resolved
from clmr.storage.names import require_known
from clmr.storage.strict import Count, from_mapping, require, strict
from clmr.training.fine_tune import FewLabelsRecipe, require_encoder
from clmr.training.loop import require_seeds

EFFICIENCY = "efficiency"
"""The experiment of all scores."""
SCRATCH, FINE_TUNED = "sample_cnn", "clmr_fine_tuned"
"""Networks that are trained end to end: without pre-training, and from the encoder of the pre-trained run."""
NetworkKind = Literal["sample_cnn", "clmr_fine_tuned"]


@strict
class EfficiencyParams:
    """What all systems share, on every store.

    Attributes:
        fractions: Shares of the training split's tracks, each in (0, 1].
        subset_seeds: Seeds of the subsets of each share; each has scores of its own.
        probe: How probes are trained.
        n_resamples: Bootstrap samples of the intervals.
        crossover_resamples: Those of the number of labels from which supervision is ahead.
        crossover_seed: Seed of their draws.
    """

    fractions: tuple[float, ...]
    subset_seeds: tuple[int, ...]
    probe: FewLabelsProbeParams
    n_resamples: Count
    crossover_resamples: Count
    crossover_seed: int

    def __post_init__(self) -> None:
        shares = list(self.fractions)
        in_range = len(shares) > 0 and all(0 < share <= 1 for share in shares)
        require(
            in_range and len(set(shares)) == len(shares), "fractions", shares, "numbers in (0, 1], each listed once"
        )
        require_seeds(self.subset_seeds)


@strict
class EmbeddedBy:
    """The stage that has embedded a store with an encoder.

    Attributes:
        stage: Its group.
        name: The run or the transfer that it is named after.
    """

    stage: Literal["evaluate", "probe_transfer"]
    name: str


@strict
class LabelEfficiencyLine:
    """What is compared on one store, after which the entry is named.

    Attributes:
        pretrained: Pre-training run whose frozen encoder is probed, and whose encoder is fine-tuned.
        untrained: The untrained encoder beside it.
        supervised: Run of supervised training on all labels.
        networks: What is trained end to end, over a base, on which shares (``fractions``) and subsets (``seeds``).
    """

    pretrained: str
    untrained: EmbeddedBy
    supervised: str
    networks: dict[NetworkKind, dict[str, Any]]


def checked_line(store: str, line: LabelEfficiencyLine, lines: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise ``ValueError`` unless an entry names a store, runs and transfers that are defined.

    Args:
        store: Name of the entry.
        line: The entry.
        lines: Sections of the parameters by name: stores, runs, transfers, supervised_runs.
    """
    where = f"label_efficiency.{store}"
    require_known(where, store, lines["stores"])
    require_known(f"{where}.pretrained", line.pretrained, lines["runs"])
    section = "runs" if line.untrained.stage == "evaluate" else "transfers"
    require_known(f"{where}.untrained.name", line.untrained.name, lines[section])
    require_known(f"{where}.supervised", line.supervised, lines["supervised_runs"])


def network_recipes(
    named: Named, params: EfficiencyParams, store: str, line: LabelEfficiencyLine, pretrained: Run, supervised: Run
) -> dict[NetworkKind, tuple[FewLabelsRecipe, ...]]:
    """The recipes of the networks that are trained on a store, one for each share.

    Args:
        named: Bases and stores.
        params: Shares and seeds of subsets.
        store: The store.
        line: Its entry.
        pretrained: The run that the entry names.
        supervised: The run of supervised training that it names.

    Raises:
        ValueError: If a recipe is not valid, asks for a share or a subset that there is not, or does not fit the runs.
    """
    found: dict[NetworkKind, tuple[FewLabelsRecipe, ...]] = {}
    _require_scored_here(store, pretrained.evaluate_on, f"params.yaml: label_efficiency.{store}.pretrained")
    _require_scored_here(store, supervised.recipe.store, f"params.yaml: label_efficiency.{store}.supervised")
    for kind, network in line.networks.items():
        where = f"params.yaml: label_efficiency.{store}.networks.{kind}"
        found[kind] = tuple(_recipes(named, params, store, network, where))
        for recipe in found[kind]:
            _require_fit(kind, recipe, pretrained, supervised, where)
    return found


def _require_scored_here(store: str, found: str, where: str) -> None:
    require(found == store, where, f"a run that predicts the tags of {found}", f"one of the tags of {store}")


def _recipes(
    named: Named, params: EfficiencyParams, store: str, network: Mapping[str, Any], where: str
) -> list[FewLabelsRecipe]:
    missing = [key for key in (OVER, "fractions", "seeds") if key not in network]
    if missing:
        raise ValueError(f"{where}: missing key {', '.join(missing)}; a network states over, fractions and seeds")
    stated = {key: value for key, value in network.items() if key != "fractions"} | {"store": store}
    for key, allowed in (("fractions", params.fractions), ("seeds", params.subset_seeds)):
        known = isinstance(network[key], list) and set(network[key]) <= set(allowed)
        require(known, f"{where}.{key}", network[key], f"some of the {list(allowed)} of the section efficiency")
    recipe = resolved(stated, named.bases, where)
    return [from_mapping(FewLabelsRecipe, recipe | {"label_fraction": share}, where) for share in network["fractions"]]


def _require_fit(kind: NetworkKind, recipe: FewLabelsRecipe, pretrained: Run, supervised: Run, where: str) -> None:
    try:
        require_encoder(recipe, pretrained.recipe.encoder if kind == FINE_TUNED else None)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    if kind == SCRATCH:
        # The point at all labels is that of the supervised run.
        model, share = supervised.recipe.model, recipe.label_fraction
        require(recipe.model == model, f"{where}: model", recipe.model, f"that of the run {supervised.name}, {model}")
        require(share < 1, f"{where}.fractions", share, f"below 1, where the run {supervised.name} has the scores")
