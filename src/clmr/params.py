"""All of ``params.yaml``, checked and resolved: the one place that knows every section.

The classes of the sections are defined next to the code that reads them; here they are put together for
:mod:`clmr.pipeline.plan`, which hands each stage its part.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

from clmr.ablations import table_rows
from clmr.corpora.build_store import StoreParams
from clmr.corpora.registry import CORPORA, RENDERED, CorpusParams
from clmr.efficiency import EfficiencyParams, LabelEfficiencyLine, checked_line, network_recipes
from clmr.evaluation.log_mel import LogMelParams
from clmr.evaluation.probe import ProbeParams
from clmr.fitting import require_fit
from clmr.interpret.params import InterpretabilityParams
from clmr.paper.figure_params import AblationParams, ClaimsParams, OwnReportParams, TaggingParams, TransferParams
from clmr.paper.listening.selection import ListeningParams
from clmr.paper.planned import MAIN, Scale
from clmr.runs import SUPERVISED, ProbeTransferParams, Run, require_heads, resolved_grid, resolved_line
from clmr.storage.layering import OVER, resolved
from clmr.storage.names import require_known, require_name, require_names
from clmr.storage.overlays import with_overlay
from clmr.storage.strict import from_mapping, require, strict
from clmr.storage.yaml_files import read_yaml
from clmr.training.pretrain import METHODS
from clmr.transfer import transfer_rows

# Whose entries dvc.yaml makes stages of, and which only the thesis's figures need.
_OF_THE_PUBLISHED = ("label_efficiency", "interpretability.activations", "interpretability.filters")


@strict
class BaselineParams:
    """The baseline without learned representations, on the store that the entry is named after.

    Attributes:
        experiment: The experiment whose tables show it.
    """

    experiment: str


@strict
class RunParams:
    """What is trained and scored, by section, and whether the thesis's tables and figures are made of it.

    Attributes:
        scale: Label of all numbers. ``paper`` follows the thesis, data sets included; any other label is shown
            wherever a number is.
        corpora: Corpora by name.
        stores: Stores by role: a corpus at one sample rate.
        bases: What corpora and runs are laid over, by name; a base may be laid over another.
        runs: Pre-training runs, one line each: base, stores, experiment, and what differs from the base.
        supervised_runs: Runs of supervised training, likewise.
        grids: Runs that differ in a few values, all combinations of which are run in one stage.
        transfers: Encoders that are probed on another store too, and those of supervised networks.
        baselines: Stores on which log-mel statistics are scored.
        probe: Training and scoring of heads.
        log_mel: Settings of the baseline.
        own_reports: Reports on corpora of one's own, by name.
        published: ``thesis``, whose tables and figures are made then, or nothing.
    """

    scale: Scale
    corpora: dict[str, Any]
    stores: dict[str, StoreParams]
    bases: dict[str, Any]
    runs: dict[str, Any]
    supervised_runs: dict[str, Any]
    grids: dict[str, Any]
    transfers: dict[str, ProbeTransferParams]
    baselines: dict[str, BaselineParams]
    probe: ProbeParams
    log_mel: LogMelParams
    own_reports: dict[str, OwnReportParams]
    published: tuple[Literal["thesis"], ...]

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
            require_known(f"transfers.{name}.run", transfer.run, self.runs | self.supervised_runs)
            require_known(f"transfers.{name}.store", transfer.store, self.stores)
            require_name(f"transfers.{name}.experiment", transfer.experiment)
            require_heads(transfer.heads, self.probe, f"transfers.{name}")
        for name, baseline in self.baselines.items():
            require_known(f"baselines.{name}", name, self.stores)
            require_name(f"baselines.{name}.experiment", baseline.experiment)
        for name, report in self.own_reports.items():
            require_known(f"own_reports.{name}.store", report.store, self.stores)
            require_name(f"own_reports.{name}.experiment", report.experiment)
        for name, base in self.bases.items():
            # Resolved although no line may use it yet, so that a ring of bases is found.
            resolved(base if isinstance(base, Mapping) else {OVER: name}, self.bases, f"bases.{name}")


@strict
class Params(RunParams):
    """Everything that can change a result of the thesis: what is trained and scored, and what is shown of it.

    Attributes:
        tagging: Stores and runs that the figures of the tagging notebook show.
        ablation: Runs and grids that the tables of the ablation notebook show.
        listening: Size of the listening page.
        interpretability: Networks that the notebook of chapter 7 looks into.
        efficiency: Shares of the labels, their subsets, and how probes are trained on them.
        label_efficiency: What is compared on shares of the labels, by store.
        transfer: Grids that the table of the transfer notebook shows.
        claims: How the claims of the thesis are decided.
    """

    tagging: TaggingParams
    ablation: AblationParams
    listening: ListeningParams
    interpretability: InterpretabilityParams
    efficiency: EfficiencyParams
    label_efficiency: dict[str, LabelEfficiencyLine]
    transfer: TransferParams
    claims: ClaimsParams

    def __post_init__(self) -> None:
        super().__post_init__()
        for role, efficiency in self.label_efficiency.items():
            checked_line(role, efficiency, vars(self))
        tagging, tag_wise = self.tagging, self.tagging.tag_wise
        require_known("tagging.primary_store", tagging.primary_store, self.stores)
        require_known("tagging.secondary_store", tagging.secondary_store, self.stores)
        require_known("tagging.t_sne.run", tagging.t_sne.run, self.runs)
        require_known("tagging.tag_wise.clmr", tag_wise.clmr, self.runs)
        require_known("tagging.tag_wise.cpc", tag_wise.cpc, self.runs)
        require_known("tagging.tag_wise.supervised", tag_wise.supervised, self.supervised_runs)
        for table, compared in self.ablation.tables().items():
            require_known(f"ablation.{table}.base", compared.base, self.runs)
            for grid in compared.grids:
                require_known(f"ablation.{table}.grids", grid, self.grids)
        for name, activated in self.interpretability.activations.by_name().items():
            require_known(f"interpretability.activations.{name}.run", activated.run, self.runs)
            require_known(f"interpretability.activations.{name}.store", activated.store, self.stores)
        for run in self.interpretability.filters:
            require_known("interpretability.filters", run, self.runs | self.supervised_runs)
        for grid in self.transfer.grids:
            require_known("transfer.grids", grid, self.grids)


def corpora_of(params: RunParams) -> dict[str, CorpusParams]:
    """Corpora, resolved and checked.

    Raises:
        ValueError: If one lacks a value or has an unknown one, or if the scale is a label that it does not deserve.
    """
    found: dict[str, CorpusParams] = {}
    for name, line in params.corpora.items():
        where = f"params.yaml: corpora.{name}"
        stated = resolved(line, params.bases, where) if isinstance(line, Mapping) else line
        found[name] = from_mapping(CORPORA, stated, where)
    rendered = [name for name, corpus in found.items() if corpus.kind in RENDERED]
    require(
        params.scale != "paper" or not rendered,
        "params.yaml: scale",
        params.scale,
        f"another label while the corpora {', '.join(rendered)} are rendered, since the thesis has none of them: "
        f"full_size for its settings on other music",
    )
    return found


def runs_of(params: RunParams) -> dict[str, Run]:
    """Pre-training runs, resolved.

    Raises:
        ValueError: If one lacks a value, has an unknown one, or names an unknown base or store.
    """
    return {name: resolved_line(params, "runs", name, line, METHODS) for name, line in params.runs.items()}


def supervised_runs_of(params: RunParams) -> dict[str, Run]:
    """Runs of supervised training, resolved; raises as :func:`runs_of` does."""
    lines = params.supervised_runs.items()
    return {name: resolved_line(params, "supervised_runs", name, line, SUPERVISED) for name, line in lines}


def every_run_of(params: RunParams) -> dict[str, Run]:
    """Runs of pre-training and then of supervised training, which share no name; raises as :func:`runs_of` does."""
    return runs_of(params) | supervised_runs_of(params)


def grids_of(params: RunParams) -> dict[str, list[Run]]:
    """The combinations of each grid, resolved, in order.

    Raises:
        ValueError: As :func:`runs_of`, and for a grid over an unknown key or without values.
    """
    return {name: list(resolved_grid(params, name, line)) for name, line in params.grids.items()}


def load_params(mapping: Any) -> RunParams:
    """Checked parameters; every line of every section is resolved once, so that mistakes are found before any run.

    Where nothing is published, the sections that say what tables and figures show are not read.

    Returns:
        :class:`Params` if the thesis's tables and figures are made.

    Raises:
        ValueError: Naming the place, what was found, and what is allowed.
    """
    params = _checked_sections(mapping)
    corpora = corpora_of(params)
    runs, supervised, grids = runs_of(params), supervised_runs_of(params), grids_of(params)
    every_run = [*runs.values(), *supervised.values(), *(run for grid in grids.values() for run in grid)]
    shown = {}
    if isinstance(params, Params):
        shown = {f"tagging.{role}_store": getattr(params.tagging, f"{role}_store") for role in ("primary", "secondary")}
    require_fit(params, corpora, every_run, shown)
    for name, transfer in params.transfers.items():
        if transfer.run in runs:
            other = f"another store than {transfer.store}, on which the run is evaluated anyway"
            own = runs[transfer.run].evaluate_on
            require(transfer.store != own, f"params.yaml: transfers.{name}.store", transfer.store, other)
    if isinstance(params, Params):
        _require_rows(params, runs, supervised, grids)
    return params


def _checked_sections(mapping: Any) -> RunParams:
    """All sections, or, where nothing is published, those that are read then."""
    if not isinstance(mapping, Mapping) or mapping.get("published") != []:
        return from_mapping(Params, mapping, "params.yaml")
    for place in _OF_THE_PUBLISHED:
        section, _, key = place.partition(".")
        found = mapping.get(section)
        found = found.get(key) if key and isinstance(found, Mapping) else found
        require(found == {}, f"params.yaml: {place}", found, "{} where nothing is published: dvc.yaml goes over it")
    shown = {field.name for field in fields(Params)} - {field.name for field in fields(RunParams)}
    read = {section: value for section, value in mapping.items() if section not in shown}
    return from_mapping(RunParams, read, "params.yaml")


def _require_rows(
    params: Params, runs: Mapping[str, Run], supervised: Mapping[str, Run], grids: Mapping[str, list[Run]]
) -> None:
    """Raise ``ValueError`` unless tables and figures can be made of the runs that they name."""
    for table, compared in params.ablation.tables().items():
        table_rows(table, compared, runs, grids)
    transfer_rows(params.transfer.grids, grids)
    for store, efficiency in params.label_efficiency.items():
        named = runs[efficiency.pretrained], supervised[efficiency.supervised]
        network_recipes(params, params.efficiency, store, efficiency, *named)
    figures = params.tagging.tag_wise
    _require_shown(params, "t_sne.run", runs[params.tagging.t_sne.run])
    _require_shown(params, "tag_wise.clmr", runs[figures.clmr], "clmr")
    _require_shown(params, "tag_wise.cpc", runs[figures.cpc], "cpc")
    _require_shown(params, "tag_wise.supervised", supervised[figures.supervised])
    _require_head(params, runs)


def read_params(path: Path, overlay: Path | None = None) -> RunParams:
    """Checked parameters of a file, changed by an overlay if there is one."""
    mapping = read_yaml(path)
    return load_params(mapping if overlay is None else with_overlay(mapping, overlay))


def _require_shown(params: Params, figure: str, run: Run, method: str | None = None) -> None:
    """Raise ``ValueError`` unless a run can be shown in the main experiment's figure of the primary corpus."""
    where, primary = f"params.yaml: tagging.{figure}", params.stores[params.tagging.primary_store].corpus
    require(run.experiment == MAIN, where, run.name, f"a run of the experiment {MAIN}")
    corpus = params.stores[run.evaluate_on].corpus
    require(corpus == primary, where, run.name, f"a run that is evaluated on the corpus {primary}, not on {corpus}")
    require(method in (None, run.recipe.method), where, run.name, f"a run by {method}, not by {run.recipe.method}")


def _require_head(params: Params, runs: Mapping[str, Run]) -> None:
    """Raise ``ValueError`` unless the head of the listening page is trained on a store that the page shows."""
    activations = params.interpretability.activations
    run, shown = runs[activations.primary.run], (activations.primary.store, activations.out_of_domain.store)
    allowed = f"a run that is evaluated on {' or '.join(shown)}, not on {run.evaluate_on}"
    require(run.evaluate_on in shown, "params.yaml: interpretability.activations.primary.run", run.name, allowed)
