"""Notebooks: thin, without outputs, and executed as papermill would have a kernel do it."""

import ast
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from papermill.engines import papermill_engines

from clmr.pipeline import engine, notebooks
from clmr.pipeline.code import notebook_code

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_sources_are_thin_and_clean(path):
    notebook = nbformat.read(path, as_version=4)
    code = notebook_code(path)
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
    path = written(tmp_path, parameters("name = 'x'\nspeed = 3"))
    with pytest.raises(ValueError, match=r"assigns \('name', 'speed'\), must assign \('name', 'params'\)"):
        notebooks.check_parameters_cell(path)


def test_code_leaves_out_prose_and_magics(tmp_path):
    prose = nbformat.v4.new_markdown_cell("# prose")
    path = written(tmp_path, prose, code("%matplotlib inline\nx = 1"), code("y = x"))
    assert notebook_code(path) == "x = 1\n\n# %%\ny = x\n"


def parameters(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})


def code(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source)


def written(folder: Path, *cells: nbformat.NotebookNode) -> Path:
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells), metadata=metadata), folder / "x.ipynb")
    return folder / "x.ipynb"


def execute(path: Path, **values: object) -> nbformat.NotebookNode:
    papermill_engines.register(engine.NAME, engine.InProcessEngine)
    return papermill.execute_notebook(
        str(path), None, parameters=values, engine_name=engine.NAME, kernel_name="python3", progress_bar=False
    )


def test_outputs_are_those_of_a_kernel_in_their_order(tmp_path, capsys):
    path = written(
        tmp_path,
        parameters("name = 'x'"),
        code("from IPython.display import display\nprint('one')\ndisplay({'a': 2})\nprint('three')\nname"),
        code("last = 5"),
        code("last"),
    )
    cells = execute(path, name="y").cells
    shown = [(output.output_type, output.get("text") or output.data["text/plain"]) for output in cells[2].outputs]
    joined = [(kind, text) for kind, text in shown if text.strip()]
    assert joined == [
        ("stream", "one"), ("display_data", "{'a': 2}"), ("stream", "three"), ("execute_result", "'y'"),
    ]  # fmt: skip
    assert not cells[3].outputs
    assert cells[4].outputs[0].data["text/plain"] == "5"
    assert [cell.execution_count for cell in cells] == [1, 2, 3, 4, 5]
    assert capsys.readouterr().out.split() == ["one", "three"]


def test_a_cell_that_fails_ends_the_notebook_with_its_error(tmp_path):
    path = written(
        tmp_path, parameters("name = 'x'"), code("raise ValueError('too few clips')"), code("print('never')")
    )
    with pytest.raises(papermill.PapermillExecutionError, match="ValueError: too few clips"):
        execute(path, name="y")


def test_each_notebook_has_a_namespace_of_its_own(tmp_path):
    execute(written(tmp_path, parameters("name = 'x'"), code("kept = name")), name="y")
    path = written(tmp_path, parameters("name = 'x'"), code("'kept' in globals()"))
    assert execute(path, name="y").cells[2].outputs[0].data["text/plain"] == "False"


def test_user_start_up_files_are_not_run(tmp_path, monkeypatch):
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("raise SystemExit('start-up files must not be run')")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    execute(written(tmp_path, parameters("name = 'x'"), code("name")), name="y")


def test_the_interpreter_is_left_as_it_was(tmp_path):
    before = sys.stdout, sys.displayhook, sys.excepthook
    execute(written(tmp_path, parameters("name = 'x'"), code("print(name)\nname")), name="y")
    assert (sys.stdout, sys.displayhook, sys.excepthook) == before
