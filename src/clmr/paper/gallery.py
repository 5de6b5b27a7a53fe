"""The gallery: every table and figure on one page, each with what made it; the published records and notebooks.

The plan lists the stages in order; nothing is found by looking into folders.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from clmr.paper.ablation_markdown import ablation_markdown
from clmr.paper.architecture_markdown import formats_markdown, layers_markdown
from clmr.paper.artefacts import ARTEFACTS
from clmr.paper.claim_markdown import statements_markdown
from clmr.paper.claim_table import ELSEWHERE
from clmr.paper.efficiency_markdown import efficiency_markdown
from clmr.paper.interpretability_markdown import chapter_7_markdown, filters_markdown, out_of_domain_markdown
from clmr.paper.markdown import table_markdown
from clmr.paper.page import cost_markdown, page, records_of
from clmr.paper.planned import PublishedStage, Scale
from clmr.paper.transfer_markdown import transfer_markdown
from clmr.paper.writing import read_table, write_csv
from clmr.storage import paths
from clmr.storage.files import write_json, write_text
from clmr.storage.notebook_files import read_notebook, with_current_prose, write_notebook

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


def publish_notebooks(stages: Sequence[PublishedStage], folder: Path | None = None) -> list[str]:
    """Write every executed notebook with the current prose to ``notebooks``; returns their stages.

    Args:
        stages: All stages whose notebooks readers see.
        folder: Where the folder ``notebooks`` is; ``results`` by default.
    """
    published = []
    for stage in stages:
        if stage.notebook is None:
            continue
        # With the prose as it is now: a corrected sentence is published without running anything again.
        executed = read_notebook(paths.executed_notebook(stage.stage))
        source = read_notebook(paths.source_notebook(stage.notebook))
        write_notebook(with_current_prose(executed, source), paths.published_notebook(stage.stage, folder))
        published.append(stage.stage)
    return published


def publish_records(stages: Sequence[PublishedStage], folder: Path | None = None) -> pd.DataFrame:
    """Write the provenance of all stages as one file, and their costs as a table; returns the table.

    Args:
        stages: All stages with a record.
        folder: Where both go; ``results`` by default.
    """
    records = records_of(stages)
    write_json(paths.provenance_file(folder), {stage: record["provenance"] for stage, record in records.items()})
    costs = pd.DataFrame([{"stage": stage} | record["cost"] for stage, record in records.items()])
    costs = costs[["stage", "wall_s", "peak_memory_gib"]]
    # In a separate file, since costs vary from run to run: the provenance of an equal result stays equal.
    write_csv(costs, paths.table_file("table_costs", folder))
    write_text(paths.table_file("table_costs", folder).with_suffix(".md"), cost_markdown(costs))
    return costs


def write_tables() -> list[str]:
    """Write the Markdown form of every table, with the verdicts on the claims that rest on it; returns their names."""
    tables = [artefact.name for artefact in ARTEFACTS if artefact.is_table]
    claims = read_table("table_claims")
    for name in tables:
        # A table that decides claims itself has them as rows.
        stated = statements_markdown(claims[(claims.artefact == name) & (claims.verdict != ELSEWHERE)])
        verdicts = f"\nWhat the thesis says of this table, and what ours says of it:\n\n{stated}" if stated else ""
        write_text(paths.table_file(name).with_suffix(".md"), table_text(name) + verdicts)
    return tables


def table_text(name: str) -> str:
    """The Markdown form of a table, without verdicts."""
    return _MARKDOWN.get(name, table_markdown)(read_table(name))


def gallery(scale: Scale, stages: Sequence[PublishedStage]) -> str:
    """The page ``results/README.md``.

    Args:
        scale: Label of all numbers, a key of :data:`clmr.paper.page.SCALE_NOTES`.
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
    files = {one.name: paths.table_file(one.name).with_suffix(".md") for one in ARTEFACTS if one.is_table}
    tables = {name: file.read_text(encoding="utf-8") for name, file in files.items()}
    return page("# Results\n\nWritten by the stage `report`", scale, ARTEFACTS, tables, stages)


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
