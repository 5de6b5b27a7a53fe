"""Notebooks as files: without a trace of time and place, outputs joined with the prose of today."""

import nbformat
import pytest

from clmr.storage.notebook_files import clean, with_current_prose


def notebook(cells: list) -> nbformat.NotebookNode:
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def code_cell(cell_id: str, source: str, **more) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source, **more)
    cell.id = cell_id
    return cell


def test_cleaning_joins_prints_and_drops_times():
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("one\n", "two\n")]
    outputs.append(nbformat.v4.new_output("display_data", data={"text/plain": "3"}, metadata={"seen": "now"}))
    cell = code_cell("a", "x", outputs=outputs, metadata={"tags": ["kept"], "papermill": {"start_time": "now"}})
    cleaned = clean(notebook([cell]))
    assert cleaned.cells[0].metadata == {"tags": ["kept"]}
    assert [output.get("text") for output in cleaned.cells[0].outputs] == ["one\ntwo\n", None]
    assert cleaned.cells[0].outputs[1].metadata == {}


def test_prose_is_taken_from_the_source_and_outputs_from_the_run():
    prose, code = nbformat.v4.new_markdown_cell("old prose"), code_cell("a", "1 + 1")
    prose.id = "text"
    executed = notebook([prose, code_cell("a", "1 + 1", outputs=[nbformat.v4.new_output("stream", text="2")])])
    new_prose = nbformat.v4.new_markdown_cell("new prose")
    new_prose.id = "text"
    joined = with_current_prose(executed, notebook([new_prose, code]))
    assert joined.cells[0].source == "new prose"
    assert joined.cells[1].outputs[0].text == "2"


def test_code_that_was_not_executed_is_not_published():
    executed = notebook([code_cell("a", "1 + 1")])
    with pytest.raises(ValueError, match="cell 'a' was not executed as it stands"):
        with_current_prose(executed, notebook([code_cell("a", "1 + 2")]))
