"""What the entry points of stages that run no notebook have in common."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clmr.pipeline.declared import declared_params


@dataclass(frozen=True)
class Stage:
    """A stage as its command line names it.

    Attributes:
        name: Name as DVC has it, such as ``store@scores_8000``.
        key: The part behind ``@``.
        params: What the stage may see.
    """

    name: str
    key: str
    params: dict[str, Any]


def stage_of_command_line(group: str, description: str) -> Stage:
    """The stage of a ``foreach`` group that the command line's only argument names."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("key", help="name in params.yaml")
    key = parser.parse_args().key
    name = f"{group}@{key}"
    return Stage(name, key, declared_params(name))


def print_scores(results: Mapping[str, Mapping[str, float]]) -> None:
    """One line per head, and one on tags that could not be scored, if there are any."""
    for head, scores in results.items():
        print(f"{head}: ROC-AUC {scores['roc_auc_tag']:.4f}, PR-AUC {scores['pr_auc_tag']:.4f} (TAG, test)")
    excluded = next(iter(results.values()))["n_tags_excluded"]
    if excluded:
        print(f"{excluded} tags have no positive, or no negative, in the test split and are left out of the means")
