"""The parameters that a stage declares in ``dvc.yaml``, and nothing else of ``params.yaml``."""

import contextlib
from typing import Any

from clmr import paths
from clmr.files import read_json

_TRAINING = ("pretrain", "supervised")


def declared_params(stage: str) -> dict[str, Any]:
    """What the stage may see: its ``params:`` entries, or for a training run its resolved recipe.

    A key that the stage does not declare is not there, so reading it is a ``KeyError``.

    Args:
        stage: Name as DVC has it, such as ``download@scores``.

    Raises:
        ValueError: If ``dvc.yaml`` has no such stage.
    """
    group, _, name = stage.partition("@")
    if group in _TRAINING:
        return {"recipe": read_json(paths.recipe_file(name))}
    # DVC takes half a second to import, and only entry points need it.
    import dvc.api
    from dvc.exceptions import DvcException

    try:
        # DVC looks for dvc.yaml in the current folder, which is notebooks/ when one is run by hand. No
        # target: with the name of a file DVC shows all of it, whatever the stage declares.
        with contextlib.chdir(paths.root()):
            return dvc.api.params_show(repo=str(paths.root()), stages=stage, deps=True)
    except DvcException as error:
        raise ValueError(f"dvc.yaml has no parameters for a stage {stage!r} ({error}); see 'dvc stage list'") from error
