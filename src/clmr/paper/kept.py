"""What a notebook shows at another scale, kept apart from the published results, which hold one scale at a time."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from clmr.paper.artefacts import ARTEFACTS
from clmr.paper.gallery import publish_notebooks, publish_records, table_text
from clmr.paper.page import cost_markdown, page
from clmr.paper.planned import PublishedStage, Scale
from clmr.storage import paths
from clmr.storage.files import write_text

_WITH_PAGES = {artefact.stage for artefact in ARTEFACTS if artefact.page}
KEEPABLE = tuple(dict.fromkeys(artefact.stage for artefact in ARTEFACTS if artefact.stage not in _WITH_PAGES))
"""Stages whose results can be kept: all that write tables and figures, but none with a page of its own."""


def keep(stage: str, scale: Scale, stages: Sequence[PublishedStage]) -> Path:
    """Copy a stage's tables and figures to ``results/<scale>/<stage>``, with a page that shows them.

    Beside them are origin, costs and executed notebooks of all stages that they come from. What was kept there before
    is replaced. Returns the folder.

    Args:
        stage: One of :data:`KEEPABLE`.
        scale: Label of all numbers.
        stages: It and all whose outputs it needs, in the order of the pipeline.
    """
    kept = paths.kept_dir(scale, stage)
    folder = kept.with_name(f".{kept.name}.new")
    shutil.rmtree(folder, ignore_errors=True)
    artefacts = [artefact for artefact in ARTEFACTS if artefact.stage == stage]
    tables = {artefact.name: table_text(artefact.name) for artefact in artefacts if artefact.is_table}
    for artefact in artefacts:
        kinds = (paths.table_file,) if artefact.is_table else (paths.figure_file, paths.figure_data_file)
        for kind in kinds:
            _copy(kind(artefact.name), kind(artefact.name, folder))
    publish_notebooks(stages, folder)
    costs = f"Their costs:\n\n{cost_markdown(publish_records(stages, folder))}"
    title = (
        f"# Results of `{stage}` at {scale} scale\n\nWritten by `clmr keep {stage}`; every number below comes from a "
        f"file in this folder."
    )
    write_text(folder / "README.md", page(title, scale, artefacts, tables, stages, costs))
    # Only now: what is kept already outlives an error above.
    shutil.rmtree(kept, ignore_errors=True)
    return folder.rename(kept)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
