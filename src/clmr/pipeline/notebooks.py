"""Running notebooks as stages of the pipeline; the only module that knows papermill.

``python -m clmr.pipeline.notebooks 02_pretraining pretrain@clmr_primary`` executes a notebook with the
parameters that the plan has for its stage, and writes the executed copy without anything that varies from
run to run: no times, no machine paths, stable cell ids, sorted keys.
"""

import argparse
import logging
import sys
from pathlib import Path

import nbformat
import papermill
from papermill.engines import papermill_engines
from papermill.log import logger as papermill_log

from clmr.compute.allocator import keep_freed_memory
from clmr.pipeline import engine
from clmr.pipeline.command_line import leave
from clmr.pipeline.provenance import recorded
from clmr.pipeline.stage import read_plan
from clmr.storage import paths
from clmr.storage.notebook_files import clean, write_notebook
from clmr.storage.yaml_files import read_yaml

PARAMETER_NAMES = ("name", "params")
"""Names in every notebook's parameters cell: the stage's own name, and the parameters that it may see."""


def run_notebook(notebook: str, stage: str) -> nbformat.NotebookNode:
    """Execute a notebook for a stage, and return the cleaned copy.

    Args:
        notebook: Name without suffix, such as ``02_pretraining``.
        stage: Name as DVC has it; the part after ``@`` becomes the notebook's ``name``.

    Raises:
        ValueError: If the parameters cell has other names than we pass.
        papermill.exceptions.PapermillExecutionError: If a cell fails.
    """
    source = paths.source_notebook(notebook)
    check_parameters_cell(source)
    _, _, name = stage.partition("@")
    keep_freed_memory()
    papermill_engines.register(engine.NAME, engine.InProcessEngine)
    # Only papermill's warnings: the engine shows what cells print.
    papermill_log.setLevel(logging.WARNING)
    executed = papermill.execute_notebook(
        str(source), None, parameters={"name": name, "params": read_plan(stage)["params"]}, engine_name=engine.NAME,
        kernel_name="python3", cwd=str(paths.root()), progress_bar=False,
    )  # fmt: skip
    return clean(executed)


def check_parameters_cell(source: Path) -> None:
    """Raise ``ValueError`` unless the notebook's parameters cell assigns exactly :data:`PARAMETER_NAMES`.

    papermill only warns about unknown names, and the notebook would run with its defaults.

    Raises:
        ValueError: If it assigns other names, or the same in another order.
    """
    found = tuple(papermill.inspect_notebook(str(source)))
    if found != PARAMETER_NAMES:
        raise ValueError(f"{source.name}: parameters cell assigns {found}, must assign {PARAMETER_NAMES} in that order")


def main() -> None:
    """Command line of a notebook stage; ends the process."""
    parser = argparse.ArgumentParser(description="execute a notebook as a stage of the pipeline")
    parser.add_argument("notebook", help="name without suffix, such as 02_pretraining")
    parser.add_argument("stage", help="name as in dvc.yaml, such as pretrain@clmr_primary")
    parser.add_argument("--unrecorded", action="store_true", help="publish at once, without origin and cost")
    arguments = parser.parse_args()
    try:
        _run(arguments)
    except papermill.PapermillExecutionError as error:
        # The traceback of the cell, for those who look for a mistake in the code, then the sentence.
        print("\n".join(error.traceback), file=sys.stderr)
        sys.exit(f"{arguments.stage}: {error.ename}: {error.evalue}{_what_still_runs(error, arguments.stage)}")
    except (ValueError, OSError) as error:
        sys.exit(f"{arguments.stage}: {error}")
    leave()


def _what_still_runs(error: papermill.PapermillExecutionError, stage: str) -> str:
    """What can be done meanwhile, where a stage failed because its corpus is not there."""
    if error.ename != "MissingData":
        return ""
    # Imported here: what fetches files takes half a second to import, and all notebooks start in this module.
    from clmr.pipeline.data_report import runnable_without

    return "\n" + runnable_without([stage.partition("@")[2]], read_yaml(paths.params_file()))


def _run(arguments: argparse.Namespace) -> None:
    if arguments.unrecorded:
        executed, path = run_notebook(arguments.notebook, arguments.stage), paths.published_notebook(arguments.stage)
    else:
        with recorded(arguments.stage):
            executed = run_notebook(arguments.notebook, arguments.stage)
        path = paths.executed_notebook(arguments.stage)
    write_notebook(executed, path)


if __name__ == "__main__":
    main()
