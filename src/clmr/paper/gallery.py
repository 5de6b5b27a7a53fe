"""The gallery: every table and figure on one page, each with what made it; the published records and notebooks.

The plan lists the stages in order; nothing is found by looking into folders.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from clmr.paper.ablation_markdown import ablation_markdown
from clmr.paper.architecture_markdown import formats_markdown, layers_markdown
from clmr.paper.artefacts import ARTEFACTS, Artefact
from clmr.paper.cells import markdown
from clmr.paper.claim_markdown import statements_markdown
from clmr.paper.claim_table import ELSEWHERE
from clmr.paper.efficiency_markdown import efficiency_markdown
from clmr.paper.interpretability_markdown import chapter_7_markdown, filters_markdown, out_of_domain_markdown
from clmr.paper.markdown import table_markdown
from clmr.paper.planned import PublishedStage, Scale
from clmr.paper.transfer_markdown import transfer_markdown
from clmr.paper.writing import read_table, save_table
from clmr.storage import paths
from clmr.storage.files import read_json, write_json, write_text
from clmr.storage.notebook_files import read_notebook, with_current_prose, write_notebook

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

_MARKDOWN = {
    "table_2_4": layers_markdown,
    "table_5_1": formats_markdown,
    "table_filters": filters_markdown,
    "table_interpretability": chapter_7_markdown,
    "table_out_of_domain": out_of_domain_markdown,
    "table_label_efficiency": efficiency_markdown,
    "table_6_2": transfer_markdown,
    **dict.fromkeys(("table_6_3", "table_6_4", "table_6_5", "table_6_6", "table_projector"), ablation_markdown),
}
"""The form of tables that :func:`clmr.paper.markdown.table_markdown` does not tell by their columns."""

Records = dict[str, dict[str, Any]]
"""Provenance and cost by stage."""


def publish_notebooks(stages: Sequence[PublishedStage]) -> list[str]:
    """Write every executed notebook with the current prose to ``results/notebooks``; returns their stages."""
    published = []
    for stage in stages:
        if stage.notebook is None:
            continue
        # With the prose as it is now: a corrected sentence is published without running anything again.
        executed = read_notebook(paths.executed_notebook(stage.stage))
        source = read_notebook(paths.source_notebook(stage.notebook))
        write_notebook(with_current_prose(executed, source), paths.published_notebook(stage.stage))
        published.append(stage.stage)
    return published


def publish_records(stages: Sequence[PublishedStage]) -> pd.DataFrame:
    """Write the provenance of all stages as one file, and their costs as a table; returns the table."""
    records = _records(stages)
    write_json(paths.provenance_file(), {stage: record["provenance"] for stage, record in records.items()})
    costs = pd.DataFrame([{"stage": stage} | record["cost"] for stage, record in records.items()])
    # In a separate file, since costs vary from run to run: the provenance of an equal result stays equal.
    return save_table(costs[["stage", "wall_s", "peak_memory_gib"]], "table_costs")


def write_tables() -> list[str]:
    """Write the Markdown form of every table, with the verdicts on the claims that rest on it; returns their names."""
    tables = [artefact.name for artefact in ARTEFACTS if artefact.is_table]
    claims = read_table("table_claims")
    for name in tables:
        text = _MARKDOWN.get(name, table_markdown)(read_table(name))
        # A table that decides claims itself has them as rows.
        stated = statements_markdown(claims[(claims.artefact == name) & (claims.verdict != ELSEWHERE)])
        verdicts = f"\nWhat the thesis says of this table, and what ours says of it:\n\n{stated}" if stated else ""
        write_text(paths.table_file(name).with_suffix(".md"), text + verdicts)
    write_text(paths.table_file("table_costs").with_suffix(".md"), cost_markdown(read_table("table_costs")))
    return [*tables, "table_costs"]


def cost_markdown(costs: pd.DataFrame) -> str:
    """Seconds and memory of each stage when it was last run, and the sum of the seconds.

    >>> costs = pd.DataFrame({"stage": ["a", "b"], "wall_s": [1.0, 2.5], "peak_memory_gib": [0.3, 0.25]})
    >>> print(cost_markdown(costs).splitlines()[-1])
    | **sum** | 3.5 |  |
    """
    rows = [[cost.stage, f"{cost.wall_s:.1f}", f"{cost.peak_memory_gib:.2f}"] for cost in costs.itertuples()]
    return markdown(["stage", "seconds", "peak memory (GiB)"], [*rows, ["**sum**", f"{costs.wall_s.sum():.1f}", ""]])


def gallery(scale: Scale, stages: Sequence[PublishedStage]) -> str:
    """The page ``results/README.md``.

    Args:
        scale: Label of all numbers, a key of :data:`SCALE_NOTES`.
        stages: All stages with a record, in the order of the pipeline.

    Raises:
        ValueError: If a stage that writes an artefact is not among them.
    """
    missing = sorted({artefact.stage for artefact in ARTEFACTS} - {published.stage for published in stages})
    if missing:
        raise ValueError(
            f"found no {', '.join(missing)} among the published stages, but artefacts that they write; "
            "have the plan list every stage that has a record"
        )
    records = _records(stages)
    parts = [
        "# Results",
        "Written by the stage `report`; every number below comes from a file in this folder.",
        SCALE_NOTES[scale],
        *(_section(artefact, scale, stages, records) for artefact in ARTEFACTS),
        "## Provenance",
        "What each stage was made from. *Code* is a digest of the code that its notebook or module runs, comments and "
        "docstrings left out; [provenance.json](provenance.json) also holds parameter values, package versions, "
        "machine type, and whether compiled loops ran. [Costs](tables/table_costs.md) are apart, since they vary from "
        "run to run.",
        _provenance_table(stages, records),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def write_gallery(scale: Scale, stages: Sequence[PublishedStage]) -> None:
    """Write ``results/README.md``; arguments as for :func:`gallery`."""
    write_text(paths.results_dir() / "README.md", gallery(scale, stages))


def with_readme_table(readme: str, table: str) -> str:
    """The text of the top-level README with the table between its two markers.

    Raises:
        ValueError: If the markers are missing.
    """
    begin, end = "<!-- table_6_1:", "<!-- end of table_6_1 -->"
    if begin not in readme or end not in readme:
        raise ValueError(f"README.md must hold the markers {begin!r} and {end!r}, each on a line of its own")
    # Only the text between the markers is replaced: the rest of the README is written by hand.
    head, rest = readme.split(begin, 1)
    marker, _ = rest.split("\n", 1)
    return f"{head}{begin}{marker}\n{table}{end}{rest.split(end, 1)[1]}"


def _records(stages: Sequence[PublishedStage]) -> Records:
    """Provenance and cost of each stage, in order."""
    return {published.stage: read_json(paths.record_file(published.stage)) for published in stages}


def _section(artefact: Artefact, scale: Scale, stages: Sequence[PublishedStage], records: Records) -> str:
    """One table or figure, with its caption above and its origin below."""
    if artefact.is_table:
        shown = paths.table_file(artefact.name).with_suffix(".md").read_text(encoding="utf-8").rstrip("\n")
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
