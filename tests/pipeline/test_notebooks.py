"""Notebooks: thin, without outputs, and executed without a trace of time and place."""

import ast
from pathlib import Path

import nbformat
import pytest

from clmr.pipeline import notebooks

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_sources_are_thin_and_clean(path):
    notebook = read(path)
    code = notebooks.code_cells(notebook)
    defined = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert not defined
    assert len([line for line in code.splitlines() if line.strip()]) <= 120
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")
    assert notebook.cells[0].source.splitlines()[0].endswith("?")
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_parameters_cells_assign_what_the_driver_passes(path):
    notebooks.check_parameters_cell(path)


def test_other_parameter_names_are_refused(tmp_path):
    cell = nbformat.v4.new_code_cell("name = 'x'\nspeed = 3", metadata={"tags": ["parameters"]})
    path = tmp_path / "odd.ipynb"
    nbformat.write(_notebook([cell]), path)
    with pytest.raises(ValueError, match=r"assigns \('name', 'speed'\), must assign \('name', 'params'\)"):
        notebooks.check_parameters_cell(path)


def _notebook(cells: list) -> nbformat.NotebookNode:
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _cell(cell_id: str, source: str, **more) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source, **more)
    cell.id = cell_id
    return cell


def test_code_cells_leave_out_prose_and_magics():
    cells = [
        nbformat.v4.new_markdown_cell("# prose"),
        _cell("a", "%matplotlib inline\nx = 1"),
        _cell("b", "y = x"),
    ]
    assert notebooks.code_cells(_notebook(cells)) == "x = 1\n\n# %%\ny = x\n"


def test_cleaning_joins_prints_and_drops_times():
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("one\n", "two\n")]
    outputs.append(nbformat.v4.new_output("display_data", data={"text/plain": "3"}, metadata={"seen": "now"}))
    cell = _cell("a", "x", outputs=outputs, metadata={"tags": ["kept"], "papermill": {"start_time": "now"}})
    cleaned = notebooks.clean(_notebook([cell]))
    assert cleaned.cells[0].metadata == {"tags": ["kept"]}
    assert [output.get("text") for output in cleaned.cells[0].outputs] == ["one\ntwo\n", None]
    assert cleaned.cells[0].outputs[1].metadata == {}


def test_prose_is_taken_from_the_source_and_outputs_from_the_run():
    prose, code = nbformat.v4.new_markdown_cell("old prose"), _cell("a", "1 + 1")
    prose.id = "text"
    executed = _notebook([prose, _cell("a", "1 + 1", outputs=[nbformat.v4.new_output("stream", text="2")])])
    new_prose = nbformat.v4.new_markdown_cell("new prose")
    new_prose.id = "text"
    joined = notebooks.with_current_prose(executed, _notebook([new_prose, code]))
    assert joined.cells[0].source == "new prose"
    assert joined.cells[1].outputs[0].text == "2"


def test_code_that_was_not_executed_is_not_published():
    executed = _notebook([_cell("a", "1 + 1")])
    with pytest.raises(ValueError, match="cell 'a' was not executed as it stands"):
        notebooks.with_current_prose(executed, _notebook([_cell("a", "1 + 2")]))
