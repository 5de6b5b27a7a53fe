"""Stage ``recipes``: checks all of ``params.yaml`` and writes each run's resolved recipe to a file.

A training stage depends on its recipe's file alone, so changing a shared value reruns the runs it
reaches, and leaves alone those that override it.
"""

from clmr.params import load_params
from clmr.pipeline import paths
from clmr.pipeline.declared import declared_params
from clmr.storage.files import write_json
from clmr.storage.strict import to_mapping


def main() -> None:
    """Write ``build/recipes/<run>.json`` for every run."""
    params = load_params(declared_params("recipes"))
    for run, recipe in {**params.recipes(), **params.supervised_recipes()}.items():
        write_json(paths.recipe_file(run), to_mapping(recipe))


if __name__ == "__main__":
    main()
