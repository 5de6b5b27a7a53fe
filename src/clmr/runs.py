"""Runs: lines of the parameters, and combinations of grids, each resolved to a checked recipe.

What belongs here: what a line comes to once it is laid over its bases, and which lines come to the same. What does not:
the sections of the parameters, and references between them (:mod:`clmr.params`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from clmr.corpora.build_store import StoreParams
from clmr.evaluation.probe import ProbeParams
from clmr.models.heads import HeadKind
from clmr.storage.layering import OVER, combination_name, combinations, resolved, with_values
from clmr.storage.names import require_known, require_name
from clmr.storage.strict import Variants, from_mapping, require, strict
from clmr.training.pretrain import METHODS

SUPERVISED = Variants({"supervised": "clmr.training.supervised:SupervisedRecipe"}, key="method")
RECIPES = Variants(METHODS.targets | SUPERVISED.targets, key="method")
"""Recipes of all kinds of training, told apart by their method."""

# Keys of a line that say where the result is used; the rest is the recipe. They and the store are stated in the
# line itself, since dvc.yaml interpolates them and knows no bases.
_LINE_KEYS = ("evaluate_on", "experiment", "heads")


class Named(Protocol):
    """What lines refer to by name."""

    @property
    def bases(self) -> Mapping[str, Any]:
        """What lines are laid over."""

    @property
    def stores(self) -> Mapping[str, StoreParams]:
        """What they read."""

    @property
    def probe(self) -> ProbeParams:
        """How heads are trained on the encoders of those that pre-train."""


@strict
class ProbeTransferParams:
    """An encoder that is probed on one more store than its run names, or that of a supervised network.

    Attributes:
        run: The run that trained it.
        store: The store whose tags are predicted.
        heads: Heads that are trained on it.
        experiment: The experiment whose tables show it.
    """

    run: str
    store: str
    heads: tuple[HeadKind, ...]
    experiment: str


@dataclass(frozen=True)
class Run:
    """A resolved line of ``runs`` or ``supervised_runs``, or a combination of one of ``grids``.

    Attributes:
        name: Its key, or that of its grid.
        recipe: Checked recipe: everything that decides the weights, including the store.
        evaluate_on: Store whose tags are predicted afterwards.
        experiment: Experiment whose tables show it.
        values: Values of its combination in a grid, by dotted key; empty for a line.
        heads: Heads that are trained on its encoder; empty for supervised training.
    """

    name: str
    recipe: Any
    evaluate_on: str
    experiment: str
    values: Mapping[str, Any]
    heads: tuple[HeadKind, ...]

    @property
    def is_supervised(self) -> bool:
        """Whether it is trained on tags."""
        return self.recipe.method in SUPERVISED.targets

    def covered_by(self, other: "Run") -> bool:
        """Whether a run of its experiment has its scores: one with its heads, and its recipe but for the seeds."""
        if (self.experiment, self.evaluate_on) != (other.experiment, other.evaluate_on):
            return False
        if not set(self.heads) <= set(other.heads):
            return False
        return bool(replace(self.recipe, seeds=other.recipe.seeds) == other.recipe)


def resolved_line(
    named: Named, section: str, name: str, line: Any, classes: Variants, values: Mapping[str, Any] | None = None
) -> Run:
    """The run that a line comes to.

    Args:
        named: Bases, stores, and heads.
        section: Section of the line.
        name: Its key.
        line: The line.
        classes: Recipes that it may state.
        values: Values that replace its own, by dotted key: a combination of its grid.

    Raises:
        ValueError: If it lacks a value, has an unknown one, or names an unknown base or store.
    """
    where = f"params.yaml: {section}.{name}"
    if not isinstance(line, Mapping) or OVER not in line:
        raise ValueError(f"{where}: missing key {OVER}; each line names the base it is laid over")
    _require_line(line, where, classes is not SUPERVISED, named.stores)
    stated = {key: value for key, value in line.items() if key not in _LINE_KEYS}
    recipe = with_values(resolved(stated, named.bases, where), values or {}, where)
    cls = classes.parameter_class(recipe)
    if cls is None:
        found, allowed = recipe.get("method"), ", ".join(classes.targets)
        raise ValueError(
            f"{where} (over {line[OVER]}): method: found {found!r}, allowed are {allowed}; choose one of them"
        )
    probed = recipe.get("method") in METHODS.targets
    evaluate_on = line.get("evaluate_on", line["store"])
    if not probed:
        _require_own_tags(line, where)
    where += f" (over {line[OVER]})"
    checked: Any = from_mapping(cls, recipe, where)
    require(min(checked.seeds) >= 0, f"{where}: seeds", list(checked.seeds), "numbers >= 0")
    rate_hz = (checked.encoder if probed else checked.model).sample_rate_hz
    for store in dict.fromkeys((line["store"], evaluate_on)):
        found_hz = named.stores[store].sample_rate_hz
        # Here, not when the stage reads the store: that is after rendering and, for evaluate_on, after training.
        require(found_hz == rate_hz, f"{where}: rate of the store {store}", found_hz, f"the network's {rate_hz} Hz")
    heads = _heads(named.probe, line, where) if probed else ()
    return Run(name, checked, evaluate_on, line["experiment"], values or {}, heads)


def resolved_grid(named: Named, name: str, line: Any) -> Iterator[Run]:
    """The combinations of a grid, in order.

    Args:
        named: Bases, stores, and heads.
        name: Key of the grid.
        line: Its line, with a mapping of keys to lists of values under ``grid``, or a list of such mappings, whose
            combinations are joined.

    Raises:
        ValueError: As :func:`resolved_line`, and for a grid without values, or with one combination twice.
    """
    where = f"params.yaml: grids.{name}"
    grid = line.get("grid") if isinstance(line, Mapping) else None
    for part in grid if isinstance(grid, list) and grid else [grid]:
        _require_grid(part, where)
    assert grid is not None  # for the type checker: None has just been refused
    stated = {key: value for key, value in line.items() if key != "grid"}
    found: list[str] = []
    for values in combinations(grid):
        # Each combination has a folder that is named after its values.
        found.append(combination_name(values))
        require(found.count(found[-1]) == 1, f"{where}.grid", found[-1], "without repetition")
        yield resolved_line(named, "grids", name, stated, RECIPES, values)


def _require_own_tags(line: Mapping[str, Any], where: str) -> None:
    """Raise ``ValueError`` if a line of supervised training states what only encoders have."""
    store = line["store"]
    require(
        line.get("evaluate_on", store) == store,
        f"{where}.evaluate_on",
        line.get("evaluate_on"),
        f"{store} or left out, since supervised training predicts the tags of the store that it reads",
    )
    require(
        "heads" not in line, f"{where}.heads", line.get("heads"), "left out, since supervised networks have their own"
    )


def _heads(probe: ProbeParams, line: Mapping[str, Any], where: str) -> tuple[HeadKind, ...]:
    """The heads that a line states, or else those of the section ``probe``."""
    stated = line.get("heads", list(probe.heads))
    require(isinstance(stated, list), f"{where}: heads", stated, "a list")
    require_heads(stated, probe, where)
    require("linear" in stated, f"{where}: heads", stated, "linear among others: figures and claims are about it")
    return tuple(stated)


def require_heads(stated: Sequence[str], probe: ProbeParams, where: str) -> None:
    """Raise ``ValueError`` unless there are heads, and all of them can be trained."""
    fits = 0 < len(stated) == len(set(stated) & set(probe.learning_rate))
    require(fits, f"{where}: heads", stated, f"at least one of {', '.join(probe.learning_rate)}, each once")


def _require_line(line: Mapping[str, Any], where: str, states_evaluate_on: bool, stores: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` unless a line states, itself, what ``dvc.yaml`` interpolates."""
    needed = ["store", *(["evaluate_on"] if states_evaluate_on else []), "experiment"]
    missing = [key for key in needed if key not in line]
    if missing:
        listed = ", ".join((OVER, *needed))
        raise ValueError(
            f"{where}: missing key {', '.join(missing)}, found {', '.join(line)}; each line states {listed} itself"
        )
    for key in needed:
        if not isinstance(line[key], str):
            raise ValueError(f"{where}.{key}: found {line[key]!r}, expected a name; quote it")
        if key == "experiment":
            require_name(f"{where}.{key}", line[key])
        else:
            require_known(f"{where}.{key}", line[key], stores)


def _require_grid(grid: Any, where: str) -> None:
    """Raise ``ValueError`` unless a grid, or one of several in a list, has lists of values that one stage can run."""
    if (
        not isinstance(grid, Mapping)
        or not grid
        or not all(isinstance(values, list) and values for values in grid.values())
    ):
        raise ValueError(f"{where}.grid: found {grid!r}, expected a mapping of keys to lists of values, or several")
    if "store" in grid:
        raise ValueError(f"{where}.grid: found the key store, but a grid reads one store; write a grid for each")
    if "seeds" in grid:
        raise ValueError(f"{where}.grid: found the key seeds; list them in the line, beside grid")
    for key, values in grid.items():
        require(all(values.count(value) == 1 for value in values), f"{where}.grid.{key}", values, "without repetition")
