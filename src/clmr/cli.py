"""The command ``clmr``: what users do with the repository besides ``dvc repro``."""

import argparse
import sys
from pathlib import Path

from clmr.paper.gallery import with_readme_table
from clmr.params import load_params
from clmr.pipeline.overlay_file import write_overlaid
from clmr.storage import paths
from clmr.storage.files import write_text
from clmr.storage.overlays import with_overlay
from clmr.storage.yaml_files import read_yaml


def check(_: argparse.Namespace) -> str:
    """Check params.yaml without running anything."""
    load_params(read_yaml(paths.params_file()))
    return "params.yaml is valid"


def data(arguments: argparse.Namespace) -> str:
    """List the data sets that are needed, which files are missing, where they go, and what runs without them."""
    # Imported here: what it needs to fetch files takes half a second, which no other command should.
    from clmr.pipeline.data_report import data_report

    mapping = read_yaml(paths.params_file())
    if arguments.scale:
        mapping = with_overlay(mapping, _overlay(arguments.scale))
    return data_report(mapping)


def params(arguments: argparse.Namespace) -> str:
    """Write params.yaml at another scale, by the overlay params/<scale>.yaml, or by several, one over the other."""
    overlays = [_overlay(scale) for scale in arguments.scale]
    write_overlaid(paths.params_file(), *overlays)
    names = ", ".join(overlay.name for overlay in overlays)
    return f"params.yaml now has the values of {names}; git checkout params.yaml brings the old ones back"


def readme(_: argparse.Namespace) -> str:
    """Copy the table of results into README.md, the rest of which is written by hand."""
    path, table = paths.root() / "README.md", paths.table_file("table_6_1").with_suffix(".md")
    write_text(path, with_readme_table(path.read_text(encoding="utf-8"), table.read_text(encoding="utf-8")))
    return "README.md shows results/tables/table_6_1.md"


def keep(arguments: argparse.Namespace) -> str:
    """Copy a stage's tables and figures to results/<scale>/<stage>, where no other scale overwrites them."""
    # Imported here: what knows all stages imports torch, which takes seconds.
    from clmr.pipeline.keeping import keep_results

    return keep_results(arguments.stage)


def _overlay(scale: str) -> Path:
    overlay = paths.overlay_file(scale)
    scales = sorted(file.stem for file in overlay.parent.glob("*.yaml"))
    if scale not in scales:
        raise ValueError(
            f"found the scale {scale!r}, allowed are {', '.join(scales)}; git checkout params.yaml brings "
            f"the embedded scale back"
        )
    return overlay


def main() -> None:
    """Run the command that the command line names; errors are reported as a sentence, not as a traceback."""
    parser = argparse.ArgumentParser(prog="clmr", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    # The docstring of each command is its help.
    for command in (check, data, params, readme, keep):
        added = commands.add_parser(command.__name__, help=command.__doc__, description=command.__doc__)
        added.set_defaults(run=command)
        if command is params:
            added.add_argument("scale", nargs="+", help="name of an overlay in the folder params, such as smoke")
        if command is keep:
            added.add_argument("stage", help="a stage that writes tables or figures, such as tagging")
        if command is data:
            added.add_argument("scale", nargs="?", help="another scale than that of params.yaml, such as paper")
    arguments = parser.parse_args()
    try:
        print(arguments.run(arguments))
    except (ValueError, OSError) as error:
        sys.exit(f"clmr: {error}")


if __name__ == "__main__":
    main()
