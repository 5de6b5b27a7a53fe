"""Rows of Table 6.2: encoders pre-trained on corpora of different size, all evaluated on one.

What belongs here: which combinations of grids are a row, in which of the table's two blocks, and what they may not
differ in. What does not: their scores (:mod:`clmr.paper.transfer`), and names in the plan
(:mod:`clmr.pipeline.systems`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clmr.ablations import differing_keys
from clmr.runs import Run
from clmr.storage.strict import require, to_mapping

TRANSFER = "transfer"
"""The experiment of all rows."""
_MAY_DIFFER = {"store", "epochs"}
_PLACE = "params.yaml: transfer.grids"


@dataclass(frozen=True)
class PretrainedElsewhere:
    """A row of the table.

    Attributes:
        run: The combination of a grid.
        same_steps: Whether it is in the block in which all encoders took about as many steps.
        same_epochs: Whether it is in the block in which all encoders saw each track equally often.
    """

    run: Run
    same_steps: bool
    same_epochs: bool


def transfer_rows(names: Sequence[str], grids: Mapping[str, Sequence[Run]]) -> list[PretrainedElsewhere]:
    """The rows of all grids, in the order of the grids.

    A method has one grid per corpus. The number of epochs that all of them have is that of the block with the same
    number of epochs. A grid may have another number, with which it takes as many steps as the others: this is its row
    in the block with the same number of steps. A grid with one number has one row, in both blocks.

    Args:
        names: Grids of the table.
        grids: Combinations of all grids by name.

    Raises:
        ValueError: If a grid is not one of this table, or two grids of a method differ in more than corpus and epochs.
    """
    shown = {name: grids[name] for name in names}
    for name, runs in shown.items():
        _require_one_method(name, runs)
        _require_comparable(name, runs, next(iter(shown.values())), shown)
    common = {method: _common_epochs(method, shown) for method in dict.fromkeys(map(_method, shown.values()))}
    rows = []
    for runs in shown.values():
        epochs = common[_method(runs)]
        for run in runs:
            in_both = len(runs) == 1
            same_epochs = run.recipe.epochs == epochs
            rows.append(PretrainedElsewhere(run, same_steps=in_both or not same_epochs, same_epochs=same_epochs))
    return rows


def _method(runs: Sequence[Run]) -> str:
    method: str = runs[0].recipe.method
    return method


def _require_one_method(name: str, runs: Sequence[Run]) -> None:
    """Raise ``ValueError`` unless a grid pre-trains one or two encoders that differ in their epochs alone."""
    where = f"{_PLACE}: {name}"
    require(not runs[0].is_supervised, f"{where}: method", _method(runs), "one of pre-training")
    require(runs[0].experiment == TRANSFER, f"{where}: experiment", runs[0].experiment, TRANSFER)
    epochs = [run.recipe.epochs for run in runs]
    allowed = "one or two numbers, for as many epochs and for as many steps as on the other corpora"
    require(len(runs) <= 2 and min(epochs) > 0, f"{where}: epochs", epochs, allowed)
    varied = {key for run in runs for key in run.values}
    require(varied == {"epochs"}, f"{where}: keys of grid", sorted(varied), "epochs alone")


def _require_comparable(
    name: str, runs: Sequence[Run], others: Sequence[Run], shown: Mapping[str, Sequence[Run]]
) -> None:
    """Raise ``ValueError`` unless a grid is evaluated like all others, and trained like those of its method."""
    where, first = f"{_PLACE}: {name}", others[0]
    same = runs[0].evaluate_on == first.evaluate_on
    require(same, f"{where}: evaluate_on", runs[0].evaluate_on, f"{first.evaluate_on}, as of {first.name}")
    base = next(grid[0] for grid in shown.values() if _method(grid) == _method(runs))
    recipes = to_mapping(runs[0].recipe), to_mapping(base.recipe)
    found = sorted(set(differing_keys(*recipes)) - _MAY_DIFFER)
    if found:
        raise ValueError(
            f"{where} differs from {base.name} in {', '.join(found)}, allowed are store and epochs; lay both over one "
            f"base"
        )
    twins = [
        other
        for other, grid in shown.items()
        if (_method(grid), grid[0].recipe.store) == (_method(runs), runs[0].recipe.store)
    ]
    require(len(twins) == 1, f"{where}: store", runs[0].recipe.store, f"that of one grid by {_method(runs)}: {twins}")


def _common_epochs(method: str, shown: Mapping[str, Sequence[Run]]) -> int:
    """The number of epochs that all grids of a method have."""
    by_grid = {name: {run.recipe.epochs for run in runs} for name, runs in shown.items() if _method(runs) == method}
    common = sorted(set.intersection(*by_grid.values()))
    listed = "; ".join(f"{name} {sorted(epochs)}" for name, epochs in by_grid.items())
    require(len(common) == 1, f"{_PLACE}: epochs that all grids by {method} have", common, f"one number ({listed})")
    return common[0]
