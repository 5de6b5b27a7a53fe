"""The parameters that a stage declares in ``dvc.yaml``, and nothing else of ``params.yaml``."""

from typing import Any

from clmr import paths
from clmr.files import read_json


def declared_params(stage: str) -> dict[str, Any]:
    """What the stage may see: its ``params:`` entries, or for a run of ``runs:`` its resolved recipe.

    A key that the stage does not declare is not there, so reading it is a ``KeyError``.

    Args:
        stage: Name as DVC has it, such as ``download@scores``.

    Raises:
        ValueError: If ``dvc.yaml`` has no such stage.
    """
    group, _, name = stage.partition("@")
    if group == "pretrain":
        return {"recipe": read_json(paths.recipe_file(name))}
    # DVC takes half a second to import, and only entry points need it.
    import dvc.api
    from dvc.exceptions import DvcException

    try:
        # No target: with the name of a file DVC shows all of it, whatever the stage declares.
        return dvc.api.params_show(repo=str(paths.root()), stages=stage, deps=True)
    except DvcException as error:
        raise ValueError(f"dvc.yaml has no parameters for a stage {stage!r} ({error}); see 'dvc stage list'") from error
