"""Notebooks as files: cleaned of what varies from run to run, and joined with the current prose."""

from pathlib import Path

import nbformat

from clmr.storage.files import write_text

# Fixed, since editors write the name and version of their own Python here.
_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
_INJECTED = "injected-parameters"


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """A notebook in version 4 of the format."""
    return nbformat.read(path, as_version=4)


def write_notebook(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook with sorted keys, completely or not at all."""
    nbformat.validate(notebook)
    write_text(path, nbformat.writes(notebook, version=4, sort_keys=True, indent=1) + "\n")


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without what varies between runs of the same code; changed in place and returned."""
    notebook.metadata = {"kernelspec": dict(_KERNEL)}
    for cell in notebook.cells:
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        if _INJECTED in cell.metadata.get("tags", []):
            # papermill gives this cell a random id, by which the next version of the prose could not find it.
            cell.id = _INJECTED
        if cell.cell_type == "code":
            cell.outputs = _clean_outputs(cell.outputs)
    return notebook


def with_current_prose(executed: nbformat.NotebookNode, source: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The source's cells with the outputs that the executed copy has under the same cell ids.

    So a corrected sentence can be published without running anything again.

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
        # papermill's cell with the values is not in the source; it is shown where it ran.
        if "parameters" in cell.metadata.get("tags", []) and _INJECTED in run:
            cells.append(run[_INJECTED])
    joined = nbformat.v4.new_notebook(cells=cells)
    return clean(joined)


def _clean_outputs(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Outputs without metadata, and with consecutive prints in one piece: how they were cut depends on timing."""
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
