"""A page of tables and figures, each with what made it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from clmr.paper.artefacts import Artefact
from clmr.paper.cells import markdown
from clmr.paper.planned import PublishedStage, Scale
from clmr.storage import paths
from clmr.storage.files import read_json

SCALE_NOTES = {
    "smoke": "**Smoke scale.** A few clips and steps, to see that everything runs. The numbers mean nothing.",
    "embedded": (
        "**Embedded scale.** Corpora rendered on this machine, narrow encoders and short schedules, within one to "
        "two hours on two cores. These numbers can be compared with each other, not with those of MagnaTagATune or the "
        "Million Song Dataset."
    ),
    "overnight": (
        "**Overnight scale.** The corpora of the embedded scale, with wider encoders and longer schedules, within a "
        "budget of hours. These numbers can be compared with each other, not with those of MagnaTagATune or the "
        "Million Song Dataset."
    ),
    "full_size": (
        "**Full size.** Networks, sample rates and schedules of the thesis, where it states them, on corpora rendered "
        "on this machine. These numbers can be compared with each other, not with those of MagnaTagATune or the "
        "Million Song Dataset."
    ),
    "paper": (
        "**Paper scale.** Data sets, networks and schedules of the thesis, where it states them; what differs is "
        "listed in [differences.md](../references/differences.md)."
    ),
}

Records = dict[str, dict[str, Any]]
"""Provenance and cost by stage."""


def page(
    title: str,
    scale: Scale,
    artefacts: Sequence[Artefact],
    tables: Mapping[str, str],
    stages: Sequence[PublishedStage],
) -> str:
    """Tables and figures, each with its origin, and the provenance of all stages, for the folder that holds them.

    Args:
        title: Heading, and what wrote the page.
        scale: Label of all numbers, a key of :data:`SCALE_NOTES`.
        artefacts: What it shows, in this order.
        tables: The Markdown of each table among them, by name.
        stages: The stages that made them, in the order of the pipeline.
    """
    records = records_of(stages)
    parts = [
        f"{title}; every number below comes from a file in this folder.",
        SCALE_NOTES[scale],
        *(_section(artefact, tables, scale, stages, records) for artefact in artefacts),
        "## Provenance",
        "What each stage was made from. *Code* is a digest of the code that its notebook or module runs, comments and "
        "docstrings left out; [provenance.json](provenance.json) also holds parameter values, package versions, "
        "machine type, and whether compiled loops ran. [Costs](tables/table_costs.md) are apart, since they vary from "
        "run to run.",
        _provenance_table(stages, records),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def records_of(stages: Sequence[PublishedStage]) -> Records:
    """Provenance and cost of each stage, in order."""
    return {published.stage: read_json(paths.record_file(published.stage)) for published in stages}


def cost_markdown(costs: pd.DataFrame) -> str:
    """Seconds and memory of each stage when it was last run, and the sum of the seconds.

    >>> costs = pd.DataFrame({"stage": ["a", "b"], "wall_s": [1.0, 2.5], "peak_memory_gib": [0.3, 0.25]})
    >>> print(cost_markdown(costs).splitlines()[-1])
    | **sum** | 3.5 |  |
    """
    rows = [[cost.stage, f"{cost.wall_s:.1f}", f"{cost.peak_memory_gib:.2f}"] for cost in costs.itertuples()]
    return markdown(["stage", "seconds", "peak memory (GiB)"], [*rows, ["**sum**", f"{costs.wall_s.sum():.1f}", ""]])


def _section(
    artefact: Artefact, tables: Mapping[str, str], scale: Scale, stages: Sequence[PublishedStage], records: Records
) -> str:
    """One table or figure, with its caption above and its origin below."""
    if artefact.is_table:
        shown = tables[artefact.name].rstrip("\n")
        data = f"[data](tables/{artefact.name}.csv)"
    else:
        shown = f"![{artefact.caption}](figures/{artefact.name}.png)"
        data = f"[page]({artefact.page})" if artefact.page else f"[data](figures/{artefact.name}.csv)"
    written_by = next(published for published in stages if published.stage == artefact.stage)
    facts = [data, f"stage `{artefact.stage}`", _notebook_link(written_by), f"code {_code(records[artefact.stage])}"]
    origin = " · ".join(fact for fact in [*facts, f"scale {scale}"] if fact)
    return f"## {artefact.title}: `{artefact.name}`\n\n{artefact.caption}\n\n{shown}\n\n{origin}"


def _provenance_table(stages: Sequence[PublishedStage], records: Records) -> str:
    rows = [[f"`{stage.stage}`", _notebook_link(stage), _code(records[stage.stage])] for stage in stages]
    return markdown(["stage", "notebook", "code"], rows)


def _notebook_link(stage: PublishedStage) -> str:
    """The executed notebook of a stage; empty where a module ran."""
    return f"[{stage.notebook}](notebooks/{paths.file_stem(stage.stage)}.ipynb)" if stage.notebook else ""


def _code(record: dict[str, Any]) -> str:
    return f"`{record['provenance']['code_sha256'][:12]}`"
