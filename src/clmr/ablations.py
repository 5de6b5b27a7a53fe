"""Tables of ablations: which runs are the rows of each, and that these differ in nothing but what the table varies.

What belongs here: choosing and checking rows by their recipes. What does not: scores, which :mod:`clmr.paper.ablation`
puts beside them.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from numbers import Real
from typing import Any

from clmr.paper.figure_params import ComparedParams
from clmr.runs import Run
from clmr.storage.strict import require, to_mapping

ABLATION = "ablation"
"""The experiment of all rows."""
SINGLE_AUGMENTATIONS = "augmentation"
"""The rows of Figures 6.3 and 6.4."""
_PROBABILITY = "augmentations.*.p"
# Dotted keys of the recipe in which the rows of a table may differ; the first is the one that readers see. A store has
# one sample rate, so another rate takes another store.
_VARIES = {
    "table_6_3": ("batch_size",),
    "table_6_4": ("epochs",),
    "table_6_5": ("encoder.sample_rate_hz", "store"),
    "table_6_6": ("temperature",),
    "table_projector": ("projector",),
    SINGLE_AUGMENTATIONS: (_PROBABILITY,),
}


def table_rows(
    table: str, compared: ComparedParams, runs: Mapping[str, Run], grids: Mapping[str, list[Run]]
) -> list[Run]:
    """The rows of a table: the base run, then the combinations of its grids; numbers in ascending order.

    A combination that comes to the recipe of a run is shown from there: see :func:`shown_run`.

    Args:
        table: Name of the table.
        compared: Its base run and its grids.
        runs: Pre-training runs by name.
        grids: Combinations of all grids by name.

    Raises:
        ValueError: If a row is not one of ablations by CLMR, or differs from the base row in something else than what
            the table varies.
    """
    base = runs[compared.base]
    shown = [shown_run(run, runs) for grid in compared.grids for run in grids[grid]]
    rows = [base, *(run for run in shown if run is not base)]
    where = f"params.yaml: ablation.{table}"
    for row in rows:
        require(row.experiment == ABLATION, f"{where}: experiment of {row.name}", row.experiment, ABLATION)
        require(row.recipe.method == "clmr", f"{where}: method of {row.name}", row.recipe.method, "clmr")
        _require_comparable(row, base, table, where)
    if table == SINGLE_AUGMENTATIONS:
        _require_crops_only(base, where)
    elif isinstance(varied_value(table, base), Real):
        rows.sort(key=lambda row: varied_value(table, row))
    return rows


def shown_run(run: Run, runs: Mapping[str, Run]) -> Run:
    """The run of ``runs`` that has the scores of a grid's combination already, if there is one; else the combination.

    So a base run, which has several seeds, is trained once and shown in every table that it belongs to.

    Args:
        run: A combination of a grid.
        runs: Lines by name.
    """
    return next((line for line in runs.values() if run.covered_by(line)), run)


def varied_value(table: str, run: Run) -> Any:
    """What a row has of the setting that its table varies.

    Args:
        table: Name of the table; not that of the augmentations, which :func:`augmentation_of` tells apart.
        run: The row.
    """
    value = run.recipe
    for name in _VARIES[table][0].split("."):
        value = getattr(value, name)
    return value


def augmentation_of(run: Run, base: Run) -> tuple[str, float]:
    """The one transformation that a row applies besides the crop, and its probability.

    Args:
        run: The row.
        base: The base row, which only crops: ``("crop", 1.0)``.
    """
    for key in differing_keys(to_mapping(run.recipe), to_mapping(base.recipe)):
        step = key.split(".")[1]
        return step, run.recipe.augmentations.steps()[step].p
    return "crop", 1.0


def _require_comparable(row: Run, base: Run, table: str, where: str) -> None:
    """Raise ``ValueError`` unless a row differs from the base row in what its table varies, and in nothing else."""
    allowed = _VARIES[table]
    differing = list(differing_keys(to_mapping(row.recipe), to_mapping(base.recipe)))
    others = [key for key in differing if not any(fnmatch(key, pattern) for pattern in allowed)]
    # Two probabilities, and nobody could say which transformation made the difference.
    if others or (table == SINGLE_AUGMENTATIONS and len(differing) > 1):
        raise ValueError(
            f"{where}: the row {row.name} {dict(row.values)} differs from its base run {base.name} in "
            f"{', '.join(differing)}, allowed is {' with '.join(allowed)} alone; lay both over one base"
        )


def _require_crops_only(base: Run, where: str) -> None:
    applied = [name for name, step in base.recipe.augmentations.steps().items() if step.p > 0]
    require(not applied, f"{where}: augmentations of {base.name}", applied, "none, each with p: 0.0, as it only crops")


def differing_keys(one: Mapping[str, Any], other: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Dotted keys of the values in which two recipes differ, seeds left out.

    >>> list(differing_keys({"epochs": 1, "encoder": {"width": 2}}, {"epochs": 1, "encoder": {"width": 4}}))
    ['encoder.width']
    """
    for key in dict.fromkeys((*one, *other)):
        values, place = (one.get(key), other.get(key)), (*path, key)
        if place == ("seeds",) or values[0] == values[1]:
            continue
        if isinstance(values[0], Mapping) and isinstance(values[1], Mapping):
            yield from differing_keys(values[0], values[1], place)
        else:
            yield ".".join(place)
