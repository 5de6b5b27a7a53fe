"""What the entry points of all stages share: their command line, their errors, and the summary they print."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from clmr.compute.allocator import keep_freed_memory
from clmr.pipeline.provenance import recorded
from clmr.pipeline.stage import Stage, open_stage

P = TypeVar("P")


def named_stage(cls: type[P], description: str, groups: Sequence[str]) -> Stage[P]:
    """The stage that the command line's only argument names, such as ``store@primary``.

    Args:
        cls: Class of its parameters.
        description: Description of the command, for its help.
        groups: Groups of stages that the command may run.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("stage", help=f"name as in dvc.yaml, such as {groups[0]}@<name>")
    name = parser.parse_args().stage
    if name.partition("@")[0] not in groups:
        parser.error(f"found the stage {name!r}, allowed are those of {', '.join(groups)}")
    return open_stage(cls, name)


def run_stage(cls: type[P], description: str, groups: Sequence[str], work: Callable[[Stage[P]], None]) -> None:
    """Do the work of the stage that the command line names, record its origin and cost, and end the process.

    An error raised on purpose ends the stage with its message; in a traceback it would go unnoticed.

    Args:
        cls: Class of the stage's parameters.
        description: Description of the command, for its help.
        groups: Groups of stages that the command may run.
        work: Does the work.
    """
    # First: it only helps memory that is allocated afterwards.
    keep_freed_memory()
    try:
        stage = named_stage(cls, description, groups)
        with recorded(stage.name):
            work(stage)
    except (ValueError, OSError) as error:
        sys.exit(f"{sys.argv[-1]}: {error}")
    leave()


def leave() -> NoReturn:
    """End the process successfully without taking apart what it has imported.

    That takes Python half a second once torch is imported, and has no effect: all files are closed by now, and all
    threads and workers that a stage starts end with the block that started them.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def print_scores(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print one line per head and seed, and one on tags that could not be scored, if there are any."""
    for row in rows:
        print(
            f"{row['head']}, seed {row['seed']}: ROC-AUC {row['roc_auc_tag']:.4f}, "
            f"PR-AUC {row['pr_auc_tag']:.4f} (TAG, test)"
        )
    if rows[0]["n_tags_excluded"]:
        print(
            f"{rows[0]['n_tags_excluded']} tags have no positive, or no negative, in the test split and are left out "
            f"of the means"
        )
