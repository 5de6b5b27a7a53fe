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
from clmr.storage.strict import Variants, from_mapping, require, strict
from clmr.storage.yaml_files import read_yaml
from clmr.training.pretrain import METHODS

SUPERVISED = Variants({"supervised": "clmr.training.supervised:SupervisedRecipe"}, key="method")

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
            _require_names(section.name, getattr(self, section.name))
        shared = sorted(set(self.runs) & set(self.supervised_runs))
        require(
            not shared, "names in supervised_runs", shared, "other than those in runs, whose files they would share"
        )
        shared = sorted(set(self.transfers) & set(self.runs))
        require(not shared, "names in transfers", shared, "other than those in runs, whose files they would share")
        for name, store in self.stores.items():
            _require_known(f"stores.{name}.corpus", store.corpus, self.corpora)
        for name, transfer in self.transfers.items():
            _require_known(f"transfers.{name}.run", transfer.run, self.runs)
            _require_known(f"transfers.{name}.store", transfer.store, self.stores)
        for name in self.baselines:
            _require_known(f"baselines.{name}", name, self.stores)
        self._require_figures()

    def _require_figures(self) -> None:
        tagging, tag_wise = self.tagging, self.tagging.tag_wise
        _require_known("tagging.primary_store", tagging.primary_store, self.stores)
        _require_known("tagging.secondary_store", tagging.secondary_store, self.stores)
        _require_known("tagging.t_sne.run", tagging.t_sne.run, self.runs)
        _require_known("tagging.tag_wise.clmr", tag_wise.clmr, self.runs)
        _require_known("tagging.tag_wise.cpc", tag_wise.cpc, self.runs)
        _require_known("tagging.tag_wise.supervised", tag_wise.supervised, self.supervised_runs)


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
    corpora_of(params), runs_of(params), supervised_runs_of(params), grids_of(params)
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
    # Supervised training predicts the tags of the store that it reads, so its lines name no other.
    needed = ["store", *(["evaluate_on"] if classes is METHODS else []), "experiment"]
    missing = [key for key in needed if not isinstance(line.get(key), str)]
    if missing:
        raise ValueError(f"{where}: missing key {', '.join(missing)}; each line states {', '.join((OVER, *needed))}")
    for key in needed[:-1]:
        _require_known(f"{section}.{name}.{key}", line[key], params.stores)
    stated = {key: value for key, value in line.items() if key not in _LINE_KEYS}
    recipe = with_values(resolved(stated, params.bases, where), values or {}, where)
    where += f" (over {line[OVER]})"
    cls = classes.parameter_class(recipe)
    if cls is None:
        found = recipe.get("method")
        raise ValueError(
            f"{where}: method: found {found!r}, allowed are {', '.join(classes.targets)}; choose one of them"
        )
    return Run(
        name=name,
        recipe=from_mapping(cls, recipe, where),
        evaluate_on=line.get("evaluate_on", line["store"]),
        experiment=line["experiment"],
        values=values or {},
    )


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
    stated = {key: value for key, value in line.items() if key != "grid"}
    method = resolved(stated, params.bases, where).get("method") if OVER in stated else None
    classes = METHODS if method in METHODS.targets else SUPERVISED
    for values in combinations(grid):
        yield _run(params, "grids", name, stated, classes, values)


def _require_names(section: str, entries: Any) -> None:
    """Raise ``ValueError`` unless the names of a section can be parts of stage and file names.

    Some file systems do not tell A from a, so names must differ by more than that.
    """
    if not isinstance(entries, dict):
        return
    for name in entries:
        plain = name.isidentifier() and name.isascii() and len(name) <= 60
        require(plain, f"a name in {section}", name, "at most 60 letters, digits and _, for stage and file names")
    repeated = [name for name in entries if sum(name.lower() == other.lower() for other in entries) > 1]
    require(not repeated, f"names in {section}", repeated, "different by more than capital letters")


def _require_known(place: str, name: str, known: Mapping[str, Any]) -> None:
    if name not in known:
        raise ValueError(f"{place}: found {name!r}, which is not defined; defined are {', '.join(known)}")
