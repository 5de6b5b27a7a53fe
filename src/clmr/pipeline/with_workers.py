"""Running a stage that starts processes, which import what they need while the stage itself does.

``python -m clmr.pipeline.with_workers clmr.pipeline.stages.grid grid@scaling`` does what
``python -m clmr.pipeline.stages.grid grid@scaling`` does, some seconds sooner.
"""

import importlib
import re
import sys

from clmr.compute.allocator import keep_freed_memory
from clmr.compute.runtime import n_workers
from clmr.compute.worker_processes import import_ahead
from clmr.pipeline.code import module_file
from clmr.storage import paths
from clmr.storage.files import read_json

# What workers run, where it is less than the stage itself runs: neither needs torch.
_RUN_BY_WORKERS = {"download": "clmr.corpora.rendered", "store": "clmr.corpora.decode"}
# Left to the workers, which go on without loops where numba cannot be imported; the server would not.
_OF_NUMBA = re.compile("^(from|import) numba", re.MULTILINE)


def main() -> None:
    """Run the module that the command line names first, with the arguments that follow; the last is a stage."""
    if len(sys.argv) < 3:
        sys.exit("usage: python -m clmr.pipeline.with_workers MODULE [ARGUMENT ...] STAGE, as in dvc.yaml")
    _, module, *arguments = sys.argv
    # First: processes take the settings with them.
    keep_freed_memory()
    if n_workers() > 1:
        import_ahead(modules_of(arguments[-1]))
    # As in a command of its own, whose messages begin with its name.
    sys.argv = [module, *arguments]
    importlib.import_module(module).main()


def modules_of(stage: str) -> list[str]:
    """The modules that workers of a stage run, without compiled loops; none if the stage is not planned."""
    file, prefix = paths.plan_file(stage), _RUN_BY_WORKERS.get(stage.partition("@")[0], "")
    names = read_json(file)["code"] if file.is_file() else {}
    sources = {name: module_file(name) for name in names if name.startswith(prefix)}
    return [name for name, source in sources.items() if source and not _OF_NUMBA.search(source.read_text("utf-8"))]


if __name__ == "__main__":
    main()
