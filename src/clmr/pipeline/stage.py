"""A stage at work: the parameters it may see, the folder of its unfinished work, and what it leaves behind."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from clmr.compute.progress import note
from clmr.compute.runtime import device, has_bf16_instructions
from clmr.compute.side_by_side import n_at_once, side_by_side
from clmr.storage import paths
from clmr.storage.files import read_json, write_json, write_text
from clmr.storage.strict import from_mapping, to_mapping


class OfExperiment(Protocol):
    """Parameters of a stage whose scores readers compare."""

    @property
    def experiment(self) -> str:
        """The experiment whose tables show it."""


P = TypeVar("P")
E = TypeVar("E", bound=OfExperiment)
_FINISHED_BY = ".finished_by"


@dataclass(frozen=True)
class Part:
    """A part of a stage that is kept by itself, as :meth:`Stage.kept` describes it.

    Attributes:
        decisive: Plain parameters that decide the result, besides the stage's code.
        inputs: Small files that identify the data read.
        make: Writes the files of the result.
    """

    decisive: Mapping[str, Any]
    inputs: list[Path]
    make: Callable[[Path, Path], None]


@dataclass(frozen=True)
class Stage(Generic[P]):
    """One stage of the pipeline, as the plan describes it.

    Attributes:
        name: Name as DVC has it, such as ``pretrain@clmr_primary``.
        key: The part after ``@``; empty for a stage that is not one of a group.
        params: The parameters it may see, and no others, as an instance of its class.
        code: Digest of each module that it runs.
    """

    name: str
    key: str
    params: P
    code: Mapping[str, str]

    @contextmanager
    def resumable(self, inputs: list[Path]) -> Iterator[Path]:
        """A folder for unfinished work: kept when the block fails or is killed, found again only if nothing changed.

        Its name is a digest of parameters, code and inputs, without the name of the stage. So two runs with the
        same recipe share it, and the second starts from what the first has finished: trained once, shown twice.

        Args:
            inputs: Small files that identify the data read, such as a store's ``store.json``.
        """
        work = self.work_dir(inputs)
        # Beside the folder, which some stages move into place as a whole.
        owner = work.with_suffix(_FINISHED_BY)
        # A stage does not reuse what it finished itself: it runs again because somebody asked for it.
        finished = owner.read_text(encoding="utf-8").split() if owner.is_file() else []
        if self.name in finished:
            shutil.rmtree(work, ignore_errors=True)
            finished = []
        work.mkdir(parents=True, exist_ok=True)
        yield work
        # Kept for a twin that has yet to run; otherwise it would only take space.
        if self._has_twins():
            write_text(owner, "\n".join([*finished, self.name]))
        else:
            shutil.rmtree(work, ignore_errors=True)

    def kept(self, part: Part) -> Path:
        """A folder with the files of a part; the next time with the same inputs it is there already.

        For stages with several parts, of which only those that changed should be done again. The folder remains
        when the stage is forced to run; remove ``build/work`` to repeat everything.

        Args:
            part: Its ``make`` receives a folder for unfinished work, which is kept when it fails or is killed, and an
                empty one for its files.
        """
        work = self.work_dir(part.inputs, part.decisive)
        finished = _finished(work)
        if not finished.is_dir():
            files = work / "files"
            # What a killed attempt wrote may be incomplete.
            shutil.rmtree(files, ignore_errors=True)
            files.mkdir(parents=True)
            part.make(work, files)
            # Moved as a whole, so that a folder of this name is always complete.
            files.rename(finished)
            shutil.rmtree(work)
        return finished

    def kept_side_by_side(self, parts: Mapping[tuple[str, int], Part]) -> dict[tuple[str, int], Path]:
        """The folders of :meth:`kept` by name and seed; on a CPU parts are made side by side, and equal parts once.

        Args:
            parts: In the order in which they are begun.
        """
        folders = {key: self.work_dir(part.inputs, part.decisive) for key, part in parts.items()}
        first = {folder: key for key, folder in reversed(folders.items())}
        # A part alone has all threads. Their number decides the last digits, so what several had is not its own.
        several = {"side_by_side": n_at_once(len(first)) > 1}
        labels = {key: "{}, seed {}".format(*key) for key in first.values()}
        distinct = {
            labels[key]: replace(part, decisive={**part.decisive, **several})
            for key, part in parts.items()
            if key in labels
        }
        made = {label: _finished(self.work_dir(part.inputs, part.decisive)) for label, part in distinct.items()}
        # Where all are there already, processes would take seconds to find nothing to do.
        if not all(folder.is_dir() for folder in made.values()):
            made = side_by_side(self.kept, distinct, spread=False)
        return {key: made[labels[first[folder]]] for key, folder in folders.items()}

    def work_dir(self, inputs: list[Path], decisive: Mapping[str, Any] | None = None) -> Path:
        """The folder of :meth:`resumable`, or of a part of a stage that other parameters decide; it need not exist."""
        identity = _identity(to_mapping(self.params) if decisive is None else decisive, self.code)
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode())
        for file in inputs:
            if not file.is_file():
                raise FileNotFoundError(f"{file}: no such file; run the stage that writes it, or all by 'dvc repro'")
            digest.update(file.read_bytes())
        return paths.work_dir(self.name.partition("@")[0], digest.hexdigest()[:16])

    def write_metrics(self: "Stage[E]", values: Mapping[str, Any]) -> None:
        """Write the scores that readers compare, to six decimals, for ``dvc metrics``."""
        write_json(paths.metrics_file(self.name, self.params.experiment), _rounded(values))

    def _has_twins(self) -> bool:
        """Whether the plan has another stage of the group that gives the same result."""
        mine = _identity(to_mapping(self.params), self.code)
        others = (file for file in paths.plan_file(self.name).parent.glob("*.json") if file.stem != self.key)
        plans = map(read_json, others)
        return any(_identity(plan["params"], plan["code"]) == mine for plan in plans)


def _finished(work: Path) -> Path:
    """Where the files of a part are kept whose unfinished work has this folder."""
    return work.with_suffix(".kept")


def open_stage(cls: type[P], name: str, params: Mapping[str, Any] | None = None) -> Stage[P]:
    """A stage of the plan.

    Args:
        cls: Class of its parameters, from :mod:`clmr.pipeline.stage_params`.
        name: Name as DVC has it.
        params: Plain parameters to use instead of the plan's, such as those that papermill passes; None to read
            the plan, as in a notebook run by hand.

    Raises:
        FileNotFoundError: If the plan has no such stage.
        ValueError: If its parameters are not those of ``cls``.
    """
    plan = read_plan(name)
    _, _, key = name.partition("@")
    values = plan["params"] if params is None else params
    note_imitated_bf16(values)
    return Stage(name, key, from_mapping(cls, values, name), plan["code"])


def note_imitated_bf16(values: Any) -> None:
    """Say what is faster where parameters ask for ``bf16`` and this machine has no instructions for it."""
    if _states_bf16(values) and not has_bf16_instructions(device()):
        note(
            "no instructions for bfloat16 here: imitated, it takes several times as long as float32; "
            "'make params SCALE=fp32' puts float32 into params.yaml"
        )


def _states_bf16(value: Any) -> bool:
    """Whether parameters have the precision ``bf16`` anywhere."""
    if isinstance(value, Mapping):
        return any(_states_bf16(entry) for entry in value.values())
    return any(map(_states_bf16, value)) if isinstance(value, (list, tuple)) else value == "bf16"


def read_plan(name: str) -> dict[str, Any]:
    """What the plan wrote for a stage: its name, parameters and code.

    Raises:
        FileNotFoundError: If the plan has no such stage, or was not made yet.
    """
    file = paths.plan_file(name)
    if not file.is_file():
        planned = ", ".join(sorted(paths.planned_stages())) or "none; run 'dvc repro plan' first"
        raise FileNotFoundError(f"the plan has no stage {name!r}; planned are {planned}")
    return read_json(file)


def _identity(params: Mapping[str, Any], code: Mapping[str, str]) -> dict[str, Any]:
    """What decides a result, without the name of the stage and the experiment whose tables show it."""
    return {"params": {key: value for key, value in params.items() if key != "experiment"}, "code": dict(code)}


def _rounded(value: Any) -> Any:
    """The value with floats rounded to six decimals; further digits say nothing and differ between machines."""
    if isinstance(value, Mapping):
        return {key: _rounded(entry) for key, entry in value.items()}
    return round(value, 6) if isinstance(value, float) else value
