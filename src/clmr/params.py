"""All of ``params.yaml`` as one strict dataclass: every key is known, typed and in range, or it is an error.

The parts are defined beside the code that reads them; here they are only put together, for the
check before a run and for the report.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from clmr.corpora.build_store import StoreParams
from clmr.corpora.registry import corpus_params
from clmr.evaluation.frozen import SYSTEMS_OF_METHOD, EvaluationParams
from clmr.evaluation.log_mel import LogMelParams
from clmr.evaluation.probe import ProbeParams
from clmr.paper.reading import TaggingParams
from clmr.pipeline import paths
from clmr.pipeline.recipes import resolve
from clmr.storage.strict import from_mapping, require
from clmr.training.pretrain import METHODS, Recipe, read_recipe
from clmr.training.supervised import SupervisedParams


@dataclass(frozen=True)
class Params:
    """Everything that can change a result.

    Attributes:
        scale: What the numbers are: ``paper`` follows the thesis; ``embedded`` and ``smoke`` are
            budget-limited and labelled so wherever a number is shown.
        corpora: Corpora by name; each has a ``kind`` and that kind's own fields.
        stores: Stores by name.
        pretrain: What the pre-training runs of each method share, by method.
        runs: Pre-training runs by name; each states method and store, and what differs from what its
            method's runs share.
        supervised: What runs of supervised training share.
        supervised_runs: Such runs by name; each states store and model, and what differs from ``supervised``.
        evaluations: Encoders to probe, by name.
        probe: How heads are trained and scored.
        log_mel: The baseline without learned representations.
        tagging: What the figures of the tagging stage show.
    """

    scale: Literal["smoke", "embedded", "paper"]
    corpora: dict[str, Any]
    stores: dict[str, StoreParams]
    pretrain: dict[str, dict[str, Any]]
    runs: dict[str, Any]
    supervised: dict[str, Any]
    supervised_runs: dict[str, Any]
    evaluations: dict[str, EvaluationParams]
    probe: ProbeParams
    log_mel: LogMelParams
    tagging: TaggingParams

    def __post_init__(self) -> None:
        for section in ("corpora", "stores", "runs", "supervised_runs", "evaluations"):
            for name in getattr(self, section):
                require(
                    name.isidentifier(),
                    f"a name in {section}",
                    name,
                    "letters, digits and _ only, for stage names",
                )
        for method in self.pretrain:
            require(method in METHODS, "a method in pretrain", method, f"one of {', '.join(METHODS)}")
        for name, store in self.stores.items():
            _require_known(f"stores.{name}.corpus", store.corpus, self.corpora)
        shared = sorted(set(self.runs) & set(self.supervised_runs))
        require(
            not shared, "names in supervised_runs", shared, "other than those in runs, whose files they would share"
        )
        for name, evaluation in self.evaluations.items():
            _require_known(f"evaluations.{name}.run", evaluation.run, self.runs)
            _require_known(f"evaluations.{name}.store", evaluation.store, self.stores)
            self._require_system_of_run(name, evaluation)
        _require_known("tagging.primary_store", self.tagging.primary_store, self.stores)
        _require_known("tagging.secondary_store", self.tagging.secondary_store, self.stores)
        _require_known("tagging.t_sne.store", self.tagging.t_sne.store, self.stores)
        _require_known("tagging.t_sne.run", self.tagging.t_sne.run, self.runs)
        tag_wise = self.tagging.tag_wise
        _require_known("tagging.tag_wise.store", tag_wise.store, self.stores)
        _require_known("tagging.tag_wise.clmr", tag_wise.clmr, self.evaluations)
        _require_known("tagging.tag_wise.cpc", tag_wise.cpc, self.evaluations)
        _require_known("tagging.tag_wise.supervised", tag_wise.supervised, self.supervised_runs)

    def _require_system_of_run(self, name: str, evaluation: EvaluationParams) -> None:
        run = self.runs[evaluation.run]
        if isinstance(run, dict) and run.get("method") in SYSTEMS_OF_METHOD:
            allowed = SYSTEMS_OF_METHOD[run["method"]]
            where = f"evaluations.{name}.system of a run by {run['method']}"
            require(evaluation.system in allowed, where, evaluation.system, f"one of {', '.join(allowed)}")

    def recipes(self) -> dict[str, Recipe]:
        """The resolved recipe of each run.

        Raises:
            ValueError: If one lacks a value, has an unknown one, or names an unknown method or store.
        """
        recipes = {}
        for name, run in self.runs.items():
            where = f"params.yaml: runs.{name}"
            for key in ("method", "store"):
                if not isinstance(run, dict) or key not in run:
                    raise ValueError(f"{where}: missing key {key}; each run states its method and the store it reads")
            _require_known(f"runs.{name}.method", run["method"], self.pretrain)
            shared = self.pretrain[run["method"]]
            recipes[name] = read_recipe(resolve(shared, run), f"{where} (over pretrain.{run['method']})")
            _require_known(f"runs.{name}.store", recipes[name].store, self.stores)
        return recipes

    def supervised_recipes(self) -> dict[str, SupervisedParams]:
        """The resolved recipe of each run of supervised training.

        Raises:
            ValueError: If one lacks a value, has an unknown one, or names an unknown store.
        """
        recipes = {}
        for name, run in self.supervised_runs.items():
            where = f"params.yaml: supervised_runs.{name}"
            if not isinstance(run, dict) or not {"store", "model"} <= set(run):
                raise ValueError(f"{where}: missing key store or model; each run states both")
            resolved = resolve(self.supervised, run)
            recipes[name] = from_mapping(SupervisedParams, resolved, f"{where} (over supervised)")
            _require_known(f"supervised_runs.{name}.store", recipes[name].store, self.stores)
        return recipes


def load_params(mapping: dict[str, Any]) -> Params:
    """Checked parameters.

    Raises:
        ValueError: Naming the place, what was found, and what is allowed.
    """
    params = from_mapping(Params, mapping, "params.yaml")
    for name, corpus in params.corpora.items():
        corpus_params(corpus, f"params.yaml: corpora.{name}")
    params.recipes()
    params.supervised_recipes()
    return params


def read_params(path: Path) -> Params:
    """Checked parameters of a file."""
    return load_params(yaml.safe_load(path.read_text(encoding="utf-8")))


def _require_known(place: str, name: str, known: dict[str, Any]) -> None:
    if name not in known:
        raise ValueError(f"{place}: found {name!r}, which is not defined; defined are {', '.join(known)}")


def main() -> None:
    """Check a parameter file, by default the pipeline's, before anything is run."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else paths.params_file()
    try:
        read_params(path)
    except ValueError as error:
        sys.exit(f"{path.name} is not valid.\n{error}")


if __name__ == "__main__":
    main()
