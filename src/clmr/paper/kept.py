"""What a stage shows at one scale, in a folder of its own: the gallery is overwritten by the next scale that is run."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from clmr.paper.artefacts import ARTEFACTS
from clmr.paper.gallery import publish_notebooks, publish_records, table_text
from clmr.paper.page import page
from clmr.paper.planned import PublishedStage, Scale
from clmr.storage import paths
from clmr.storage.files import write_text

KEEPABLE = ("tagging", "claims", "ablation", "transfer", "efficiency")
"""Stages whose results can be kept. Those of chapter 7 show a page to listen to, which has other files."""


def keep(stage: str, scale: Scale, stages: Sequence[PublishedStage]) -> Path:
    """Copy a stage's tables and figures to ``results/<scale>/<stage>``, with a page that shows them.

    Beside them are origin, costs and executed notebooks of all stages that they come from. What was kept there before
    is replaced. Returns the folder.

    Args:
        stage: One of :data:`KEEPABLE`.
        scale: Label of all numbers.
        stages: It and all whose outputs it needs, in the order of the pipeline.
    """
    artefacts = [artefact for artefact in ARTEFACTS if artefact.stage == stage]
    tables = {artefact.name: table_text(artefact.name) for artefact in artefacts if artefact.is_table}
    title = f"# Results of `{stage}` at {scale} scale\n\nWritten by `clmr keep {stage}`"
    with _replacing(paths.kept_dir(scale, stage)) as folder:
        for artefact in artefacts:
            kinds = (paths.table_file,) if artefact.is_table else (paths.figure_file, paths.figure_data_file)
            for kind in kinds:
                _copy(kind(artefact.name), kind(artefact.name, folder))
        publish_records(stages, folder)
        write_text(folder / "README.md", _deepened(page(title, scale, artefacts, tables, stages)))
        for name in publish_notebooks(stages, folder):
            notebook = paths.published_notebook(name, folder)
            write_text(notebook, _deepened(notebook.read_text(encoding="utf-8")))
    return paths.kept_dir(scale, stage)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _deepened(text: str) -> str:
    """The text with its links that leave the folder corrected: they were written for ``results``, two levels above."""
    return text.replace("](../", "](../../../")


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """An empty folder that takes the place of ``folder`` when the block ends without error."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".new_", dir=folder.parent) as aside:
        new = Path(aside) / "new"
        new.mkdir()
        yield new
        if folder.exists():
            folder.rename(Path(aside) / "old")
        new.rename(folder)
