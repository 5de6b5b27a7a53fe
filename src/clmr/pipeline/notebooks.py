"""Running notebooks as pipeline stages; the only module that knows papermill.

``python -m clmr.pipeline.notebooks 02_pretraining pretrain@clmr_scores`` executes a notebook with the
parameters its stage declares, and writes the executed copy without anything that varies from run
to run: no times, no machine paths, stable cell ids, sorted keys.
"""

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import Any

import nbformat
import papermill
from papermill.log import logger as papermill_log

from clmr.compute.allocator import keep_freed_memory
from clmr.compute.progress import TERMINAL_VARIABLE, terminal_name
from clmr.pipeline import paths
from clmr.pipeline.declared import declared_params
from clmr.pipeline.provenance import recorded
from clmr.storage.files import write_text

PARAMETER_NAMES = ("name", "params")
"""Names in every notebook's parameters cell: what the stage is about, and what it may see."""


def run_notebook(notebook: str, stage: str) -> nbformat.NotebookNode:
    """Execute a notebook for a stage; the cleaned copy.

    Args:
        notebook: Name without suffix, such as ``02_pretraining``.
        stage: Name as DVC has it; the part behind ``@`` becomes the notebook's ``name``.

    Raises:
        ValueError: If the parameters cell has other names than we pass.
        papermill.exceptions.PapermillExecutionError: If a cell fails.
    """
    source = paths.source_notebook(notebook)
    check_parameters_cell(source)
    _, _, name = stage.partition("@")
    return clean(_execute(source, {"name": name, "params": declared_params(stage)}))


def check_parameters_cell(source: Path) -> None:
    """Raise ``ValueError`` unless the notebook's parameters cell assigns exactly :data:`PARAMETER_NAMES`.

    papermill itself only warns about unknown names, and the notebook would run with its defaults.
    """
    found = tuple(papermill.inspect_notebook(str(source)))
    if found != PARAMETER_NAMES:
        raise ValueError(f"{source.name}: parameters cell assigns {found}, must assign {PARAMETER_NAMES} in that order")


def code_cells(notebook: nbformat.NotebookNode) -> str:
    """The code of a notebook as one Python text, one comment line between cells, prose left out."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return "\n\n# %%\n".join(_without_magics(cell) for cell in cells) + "\n"


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without what varies between runs of the same code; changed in place and returned."""
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for cell in notebook.cells:
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = "injected-parameters"
        if cell.cell_type == "code":
            cell.outputs = _clean_outputs(cell.outputs)
    return notebook


def write_notebook(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook with sorted keys, whole or not at all."""
    nbformat.validate(notebook)
    write_text(path, nbformat.writes(notebook, version=4, sort_keys=True, indent=1) + "\n")


def with_current_prose(executed: nbformat.NotebookNode, source: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The source's cells with the outputs that the executed copy has under the same cell ids.

    So a corrected sentence is published without running anything again.

    Raises:
        ValueError: If a code cell was not executed as it stands; then its stage is out of date.
    """
    run = {cell.id: cell for cell in executed.cells if cell.cell_type == "code"}
    cells = []
    for cell in source.cells:
        if cell.cell_type == "code":
            if cell.id not in run or run[cell.id].source != cell.source:
                raise ValueError(f"cell {cell.id!r} was not executed as it stands; run 'dvc repro' for its stage")
            cell = run[cell.id]
        cells.append(cell)
        if "parameters" in cell.metadata.get("tags", []) and "injected-parameters" in run:
            cells.append(run["injected-parameters"])
    joined = nbformat.v4.new_notebook(cells=cells)
    return clean(joined)


def _clean_outputs(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Outputs without metadata, and with each run of prints in one piece: how it was cut depends on time."""
    cleaned: list[nbformat.NotebookNode] = []
    for output in outputs:
        if "metadata" in output:
            output.metadata = {}
        previous = cleaned[-1] if cleaned else None
        if previous is not None and output.output_type == "stream" and previous.get("name") == output.name:
            previous.text += output.text
        else:
            cleaned.append(output)
    return cleaned


def _execute(source: Path, parameters: dict[str, Any]) -> nbformat.NotebookNode:
    terminal = terminal_name()
    if terminal:
        os.environ[TERMINAL_VARIABLE] = terminal
    keep_freed_memory()  # the kernel inherits the setting
    _log_to_stdout()
    return papermill.execute_notebook(
        str(source), None, parameters=parameters, kernel_name="python3", cwd=str(paths.root()),
        progress_bar=False, log_output=True, extra_arguments=["--log-level=ERROR"],
    )  # fmt: skip


def _log_to_stdout() -> None:
    """Show what cells print while they run; papermill's own messages only if something is wrong."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(_is_output)
    papermill_log.handlers[:] = [handler]
    papermill_log.propagate = False
    papermill_log.setLevel(logging.INFO)


def _is_output(record: logging.LogRecord) -> bool:
    """Whether a record of papermill is a cell's output, or trouble; its own line end is taken off."""
    record.msg, record.args = record.getMessage().rstrip("\n"), ()
    own = ("Input Notebook:", "Output Notebook:", "Working directory:", "Executing ", "Ending Cell", "Black is not")
    return record.levelno > logging.INFO or not record.msg.startswith(own)


def _without_magics(cell: str) -> str:
    return "\n".join(line for line in cell.splitlines() if not line.startswith("%"))


def main() -> None:
    """Command line of a notebook stage."""
    parser = argparse.ArgumentParser(description="execute a notebook as a stage of the pipeline")
    parser.add_argument("notebook", help="name without suffix, such as 02_pretraining")
    parser.add_argument("stage", help="name as in dvc.yaml, such as pretrain@clmr_scores")
    parser.add_argument("--unrecorded", action="store_true", help="publish at once, without provenance and cost")
    arguments = parser.parse_args()
    stage = arguments.stage
    if arguments.unrecorded:
        write_notebook(run_notebook(arguments.notebook, stage), paths.published_notebook(stage))
        return
    code = code_cells(nbformat.read(paths.source_notebook(arguments.notebook), as_version=4))
    with recorded(stage, declared_params(stage), code):
        executed = run_notebook(arguments.notebook, stage)
    write_notebook(executed, paths.executed_notebook(stage))


if __name__ == "__main__":
    main()
