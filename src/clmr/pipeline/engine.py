"""Executing a notebook in the process that runs the stage, as an engine of papermill.

A separate kernel would cost another start-up of Python and torch, which is longer than many stages compute, and
could be left behind when the stage is killed. Users' start-up files are not read: results may depend on nothing
outside the repository.
"""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import Any, TextIO

import nbformat
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from papermill.engines import Engine, NotebookExecutionManager
from traitlets.config import Config

NAME = "in_process"


class InProcessEngine(Engine):
    """Runs the code cells of a notebook one after the other, and stores their outputs as a kernel would."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **kwargs: Any) -> None:
        """Execute all code cells, up to the first that fails; papermill turns its error output into an exception."""
        shell = _Shell()
        # display() and inline figures find the running shell through its class.
        previous = InteractiveShell._instance
        InteractiveShell._instance = shell  # type: ignore[assignment]  # traitlets annotates no more than the first None
        try:
            for index, cell in enumerate(nb_man.nb.cells):
                if cell.cell_type == "code" and cell.source.strip():
                    nb_man.cell_start(cell, index)
                    succeeded = shell.fill(cell)
                    if not succeeded:
                        nb_man.cell_exception(cell, index)
                    nb_man.cell_complete(cell, index)
                    if not succeeded:
                        break
        finally:
            InteractiveShell._instance = previous


class _Results(DisplayHook):
    """Stores the value of a cell's last expression."""

    shell: "_Shell"

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        self.shell.outputs.append(
            nbformat.v4.new_output(
                "execute_result", data=format_dict, metadata=md_dict or {}, execution_count=self.prompt_count
            )
        )

    def write_output_prompt(self) -> None:
        """Print no ``Out[1]:``, since the execution count is part of the output."""

    def finish_displayhook(self) -> None:
        """Print no line end after a result either."""
        self._is_active = False


class _Displays(DisplayPublisher):
    """Stores what a cell displays before its last expression."""

    shell: "_Shell"

    def publish(
        self, data: dict[str, Any], metadata: dict[str, Any] | None = None, source: Any = None, **kwargs: Any
    ) -> None:
        self.shell.outputs.append(nbformat.v4.new_output("display_data", data=data, metadata=metadata or {}))


class _Shell(InteractiveShell):
    """A shell without history, configuration files or prompt, whose outputs go to one list, in order."""

    displayhook_class = _Results
    display_pub_class = _Displays

    def __init__(self) -> None:
        self.outputs: list[nbformat.NotebookNode] = []
        # No history, which would be a database in the user's folder, shared by all stages.
        super().__init__(config=Config({"HistoryManager": {"enabled": False, "hist_file": ":memory:"}}))

    def init_profile_dir(self, profile_dir: Any = None) -> None:
        """Use no profile, so that none of the user's start-up files runs."""

    def enable_gui(self, gui: str | None = None) -> None:
        """Run no event loop: figures are shown inline."""

    def fill(self, cell: nbformat.NotebookNode) -> bool:
        """Run a cell and store its outputs in it; whether it ran without an error."""
        self.outputs = []
        with _printed_to(self.outputs):
            result = self.run_cell(cell.source, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        cell.execution_count = self.execution_count
        self.execution_count += 1
        if error is not None:
            lines = self.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
            fields = {"ename": type(error).__name__, "evalue": str(error), "traceback": lines}
            self.outputs.append(nbformat.v4.new_output("error", **fields))
        cell.outputs = self.outputs
        return error is None

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        """Print no traceback: it is in the cell's error output, and the driver prints one sentence."""


@contextlib.contextmanager
def _printed_to(outputs: list[nbformat.NotebookNode]) -> Iterator[None]:
    """Add what the block prints to the outputs, and show it at once as well."""
    with contextlib.redirect_stdout(_Tee(sys.stdout, outputs)):
        yield


class _Tee(io.TextIOBase):
    """Standard output of a cell: shown at once, and stored."""

    def __init__(self, shown: TextIO, outputs: list[nbformat.NotebookNode]) -> None:
        self.shown, self.outputs = shown, outputs

    def write(self, text: str) -> int:
        """Show and store the text."""
        self.shown.write(text)
        self.shown.flush()
        if text:
            self.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=text))
        return len(text)
