"""All of ``params.yaml``, checked and resolved: the one place that knows every section.

The classes of the sections are defined next to the code that reads them; here they are put together for
:mod:`clmr.pipeline.plan`, which hands each stage its part.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from clmr.corpora.build_store import StoreParams
from clmr.corpora.registry import CORPORA, CorpusParams
from clmr.evaluation.log_mel import LogMelParams
from clmr.evaluation.probe import ProbeParams
from clmr.paper.figure_params import TaggingParams
from clmr.paper.planned import Scale
from clmr.storage.layering import OVER, combinations, overlaid, resolved, with_values
from clmr.storage.names import require_known, require_name, require_names
from clmr.storage.strict import Variants, from_mapping, require, strict
from clmr.storage.yaml_files import read_yaml
from clmr.training.pretrain import METHODS

MAIN = "main"
"""The experiment of Table 6.1."""
SUPERVISED = Variants({"supervised": "clmr.training.supervised:SupervisedRecipe"}, key="method")
RECIPES = Variants(METHODS.targets | SUPERVISED.targets, key="method")
"""Recipes of all kinds of training, told apart by their method."""

# Keys of a line that say where the result is used; the rest is the recipe. They and the store are stated in the
# line itself, since dvc.yaml interpolates them and knows no bases.
_LINE_KEYS = ("evaluate_on", "experiment")


@strict
class TransferParams:
    """An encoder that is probed on one more store than the one its run names.

    Attributes:
        run: The pre-training run.
        store: The store whose tags are predicted.
        experiment: The experiment whose tables show it.
    """

    run: str
    store: str
    experiment: str


@strict
class BaselineParams:
    """The baseline without learned representations, on the store that the entry is named after.

    Attributes:
        experiment: The experiment whose tables show it.
    """

    experiment: str


@strict
class Params:
    """Everything that can change a result, by section.

    Attributes:
        scale: Label of all numbers. ``paper`` follows the thesis, data sets included; any other label is shown
            wherever a number is.
        corpora: Corpora by name.
        stores: Stores by role: a corpus at one sample rate.
        bases: What corpora and runs are laid over, by name; a base may be laid over another.
        runs: Pre-training runs, one line each: base, stores, experiment, and what differs from the base.
        supervised_runs: Runs of supervised training, likewise.
        grids: Runs that differ in a few values, all combinations of which are run in one process.
        transfers: Encoders that are probed on another store too.
        baselines: Stores on which log-mel statistics are scored.
        probe: Training and scoring of heads.
        log_mel: Settings of the baseline.
        tagging: Stores and runs that the figures of the tagging notebook show.
    """

    scale: Scale
    corpora: dict[str, Any]
    stores: dict[str, StoreParams]
    bases: dict[str, Any]
    runs: dict[str, Any]
    supervised_runs: dict[str, Any]
    grids: dict[str, Any]
    transfers: dict[str, TransferParams]
    baselines: dict[str, BaselineParams]
    probe: ProbeParams
    log_mel: LogMelParams
    tagging: TaggingParams

    def __post_init__(self) -> None:
        # Only what the types cannot say: names, and references between sections.
        for section in fields(self):
            require_names(section.name, getattr(self, section.name))
        # Without regard to capitals, as some file systems compare names.
        taken = {name.lower() for name in self.runs}
        shared = sorted(name for name in self.supervised_runs if name.lower() in taken)
        require(
            not shared, "names in supervised_runs", shared, "other than those in runs, whose files they would share"
        )
        for name, store in self.stores.items():
            require_known(f"stores.{name}.corpus", store.corpus, self.corpora)
        for name, transfer in self.transfers.items():
            require_known(f"transfers.{name}.run", transfer.run, self.runs)
            require_known(f"transfers.{name}.store", transfer.store, self.stores)
            require_name(f"transfers.{name}.experiment", transfer.experiment)
        for name, baseline in self.baselines.items():
            require_known(f"baselines.{name}", name, self.stores)
            require_name(f"baselines.{name}.experiment", baseline.experiment)
        for name, base in self.bases.items():
            # Resolved although no line may use it yet, so that a ring of bases is found.
            resolved(base if isinstance(base, Mapping) else {OVER: name}, self.bases, f"bases.{name}")
        self._require_figures()

    def _require_figures(self) -> None:
        tagging, tag_wise = self.tagging, self.tagging.tag_wise
        require_known("tagging.primary_store", tagging.primary_store, self.stores)
        require_known("tagging.secondary_store", tagging.secondary_store, self.stores)
        require_known("tagging.t_sne.run", tagging.t_sne.run, self.runs)
        require_known("tagging.tag_wise.clmr", tag_wise.clmr, self.runs)
        require_known("tagging.tag_wise.cpc", tag_wise.cpc, self.runs)
        require_known("tagging.tag_wise.supervised", tag_wise.supervised, self.supervised_runs)


@dataclass(frozen=True)
class Run:
    """A resolved line of ``runs``, ``supervised_runs`` or ``grids``.

    Attributes:
        name: Its key.
        recipe: Checked recipe: everything that decides the weights, including the store.
        evaluate_on: Store whose tags are predicted afterwards.
        experiment: Experiment whose tables show it.
        values: Values of its combination in a grid, by dotted key; empty for a line.
    """

    name: str
    recipe: Any
    evaluate_on: str
    experiment: str
    values: Mapping[str, Any]


def corpora_of(params: Params) -> dict[str, CorpusParams]:
    """Corpora, resolved and checked.

    Raises:
        ValueError: If one lacks a value or has an unknown one, or if the scale is a label that it does not deserve.
    """
    found: dict[str, CorpusParams] = {}
    for name, line in params.corpora.items():
        where = f"params.yaml: corpora.{name}"
        stated = resolved(line, params.bases, where) if isinstance(line, Mapping) else line
        found[name] = from_mapping(CORPORA, stated, where)
    rendered = [name for name, corpus in found.items() if corpus.kind == "rendered"]
    require(
        params.scale != "paper" or not rendered,
        "params.yaml: scale",
        params.scale,
        f"another label while the corpora {', '.join(rendered)} are rendered, since the thesis has none of them: "
        f"full_size for its settings on other music",
    )
    return found


def runs_of(params: Params) -> dict[str, Run]:
    """Pre-training runs, resolved.

    Raises:
        ValueError: If one lacks a value, has an unknown one, or names an unknown base or store.
    """
    return {name: _run(params, "runs", name, line, METHODS) for name, line in params.runs.items()}


def supervised_runs_of(params: Params) -> dict[str, Run]:
    """Runs of supervised training, resolved; raises as :func:`runs_of` does."""
    lines = params.supervised_runs.items()
    return {name: _run(params, "supervised_runs", name, line, SUPERVISED) for name, line in lines}


def grids_of(params: Params) -> dict[str, list[Run]]:
    """The combinations of each grid, resolved, in order.

    Raises:
        ValueError: As :func:`runs_of`, and for a grid over an unknown key or without values.
    """
    return {name: list(_grid(params, name, line)) for name, line in params.grids.items()}


def load_params(mapping: Any) -> Params:
    """Checked parameters; every line of every section is resolved once, so that mistakes are found before any run.

    Raises:
        ValueError: Naming the place, what was found, and what is allowed.
    """
    params = from_mapping(Params, mapping, "params.yaml")
    corpora_of(params), grids_of(params)
    runs, supervised = runs_of(params), supervised_runs_of(params)
    for name, transfer in params.transfers.items():
        own = runs[transfer.run].evaluate_on
        other = f"another store than {own}, on which the run is evaluated anyway"
        require(transfer.store != own, f"params.yaml: transfers.{name}.store", transfer.store, other)
    figures = params.tagging.tag_wise
    _require_shown(params, "t_sne.run", runs[params.tagging.t_sne.run])
    _require_shown(params, "tag_wise.clmr", runs[figures.clmr], "clmr")
    _require_shown(params, "tag_wise.cpc", runs[figures.cpc], "cpc")
    _require_shown(params, "tag_wise.supervised", supervised[figures.supervised])
    return params


def read_params(path: Path, overlay: Path | None = None) -> Params:
    """Checked parameters of a file, changed by an overlay if there is one."""
    mapping = read_yaml(path)
    return load_params(mapping if overlay is None else overlaid(mapping, read_yaml(overlay), overlay.name))


def _run(
    params: Params, section: str, name: str, line: Any, classes: Variants, values: Mapping[str, Any] | None = None
) -> Run:
    where = f"params.yaml: {section}.{name}"
    if not isinstance(line, Mapping) or OVER not in line:
        raise ValueError(f"{where}: missing key {OVER}; each line names the base it is laid over")
    _require_line(line, where, classes is not SUPERVISED, params.stores)
    stated = {key: value for key, value in line.items() if key not in _LINE_KEYS}
    recipe = with_values(resolved(stated, params.bases, where), values or {}, where)
    cls = classes.parameter_class(recipe)
    if cls is None:
        found, allowed = recipe.get("method"), ", ".join(classes.targets)
        raise ValueError(
            f"{where} (over {line[OVER]}): method: found {found!r}, allowed are {allowed}; choose one of them"
        )
    probed = recipe.get("method") in METHODS.targets
    evaluate_on = line.get("evaluate_on", line["store"])
    require(
        probed or evaluate_on == line["store"],
        f"{where}.evaluate_on",
        evaluate_on,
        f"{line['store']} or left out, since supervised training predicts the tags of the store that it reads",
    )
    where += f" (over {line[OVER]})"
    checked: Any = from_mapping(cls, recipe, where)
    require(min(checked.seeds) >= 0, f"{where}: seeds", list(checked.seeds), "numbers >= 0")
    rate_hz = (checked.encoder if probed else checked.model).sample_rate_hz
    for store in dict.fromkeys((line["store"], evaluate_on)):
        found_hz = params.stores[store].sample_rate_hz
        # Here, not when the stage reads the store: that is after rendering and, for evaluate_on, after training.
        require(found_hz == rate_hz, f"{where}: rate of the store {store}", found_hz, f"the network's {rate_hz} Hz")
    return Run(name, checked, evaluate_on, line["experiment"], values or {})


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


def _require_shown(params: Params, figure: str, run: Run, method: str | None = None) -> None:
    """Raise ``ValueError`` unless a run can be shown in the main experiment's figure of the primary corpus."""
    where, primary = f"params.yaml: tagging.{figure}", params.stores[params.tagging.primary_store].corpus
    require(run.experiment == MAIN, where, run.name, f"a run of the experiment {MAIN}")
    corpus = params.stores[run.evaluate_on].corpus
    require(corpus == primary, where, run.name, f"a run that is evaluated on the corpus {primary}, not on {corpus}")
    require(method in (None, run.recipe.method), where, run.name, f"a run by {method}, not by {run.recipe.method}")


def _grid(params: Params, name: str, line: Any) -> Iterator[Run]:
    where = f"params.yaml: grids.{name}"
    grid = line.get("grid") if isinstance(line, Mapping) else None
    if (
        not isinstance(grid, Mapping)
        or not grid
        or not all(isinstance(values, list) and values for values in grid.values())
    ):
        raise ValueError(f"{where}.grid: found {grid!r}, expected a mapping of keys to lists of values")
    if "store" in grid:
        raise ValueError(f"{where}.grid: found the key store, but a grid reads one store; write a grid for each")
    if "seeds" in grid:
        raise ValueError(f"{where}.grid: found the key seeds; list them in the line, beside grid")
    for key, values in grid.items():
        require(all(values.count(value) == 1 for value in values), f"{where}.grid.{key}", values, "without repetition")
    stated = {key: value for key, value in line.items() if key != "grid"}
    for values in combinations(grid):
        yield _run(params, "grids", name, stated, RECIPES, values)
