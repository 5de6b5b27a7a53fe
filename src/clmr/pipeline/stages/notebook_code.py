"""Stage ``notebook_code``: the code cells of every notebook, which the stages depend on instead of the prose."""

import nbformat

from clmr.pipeline import paths
from clmr.pipeline.notebooks import code_cells
from clmr.storage.files import write_text


def main() -> None:
    """Write ``build/notebooks/<notebook>.py`` for every notebook."""
    for source in sorted(paths.source_notebook("*").parent.glob("*.ipynb")):
        write_text(paths.notebook_code_file(source.stem), code_cells(nbformat.read(source, as_version=4)))


if __name__ == "__main__":
    main()
