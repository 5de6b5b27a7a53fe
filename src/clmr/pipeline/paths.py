"""Where everything lies, relative to the root of the repository."""

import os
from pathlib import Path

ROOT_VARIABLE = "CLMR_ROOT"


def root() -> Path:
    """The root of the repository: ``CLMR_ROOT``, or the nearest folder upwards that holds ``dvc.yaml``.

    Raises:
        FileNotFoundError: If there is none.
    """
    named = os.environ.get(ROOT_VARIABLE)
    candidates = [Path(named)] if named else [Path.cwd(), *Path.cwd().parents]
    for folder in candidates:
        if (folder / "dvc.yaml").is_file():
            return folder
    raise FileNotFoundError(
        f"no dvc.yaml in {candidates[0]} or above; run from inside the repository, or set {ROOT_VARIABLE}"
    )


def pipeline_file() -> Path:
    """The stages of the pipeline."""
    return root() / "dvc.yaml"


def params_file() -> Path:
    """The parameters of the pipeline."""
    return root() / "params.yaml"


def corpus_dir(corpus: str) -> Path:
    """Audio, tags and splits of a corpus."""
    return root() / "data" / "corpora" / corpus


def store_dir(store: str) -> Path:
    """A corpus as PCM at one sample rate."""
    return root() / "data" / "stores" / store


def evaluation_dir(evaluation: str) -> Path:
    """Test scores, and embeddings where an encoder was probed, of one system on one store."""
    return root() / "data" / "evaluations" / evaluation


def checkpoint_file(run: str) -> Path:
    """Weights of a pre-training run."""
    return root() / "checkpoints" / run / "encoder.safetensors"


def tagger_file(run: str) -> Path:
    """Weights of a run of supervised training."""
    return root() / "checkpoints" / run / "model.safetensors"


def recipe_file(run: str) -> Path:
    """The resolved recipe of a run, of pre-training or of supervised training."""
    return root() / "build" / "recipes" / f"{run}.json"


def source_notebook(notebook: str) -> Path:
    """A notebook as it is edited, without outputs."""
    return root() / "notebooks" / f"{notebook}.ipynb"


def notebook_code_file(notebook: str) -> Path:
    """The code cells of a notebook, without its prose."""
    return root() / "build" / "notebooks" / f"{notebook}.py"


def executed_notebook(stage: str) -> Path:
    """A notebook as a stage executed it."""
    return root() / "build" / "executed" / f"{file_stem(stage)}.ipynb"


def work_dir(stage: str, key: str) -> Path:
    """Unfinished work of a stage, tied by ``key`` to its inputs; outside all outputs, which DVC deletes first."""
    return root() / "build" / "work" / file_stem(stage) / key


def results_dir() -> Path:
    """Everything that is committed: tables, figures, metrics, provenance, executed notebooks."""
    return root() / "results"


def table_file(table: str) -> Path:
    """A table for machines."""
    return results_dir() / "tables" / f"{table}.csv"


def figure_file(figure: str) -> Path:
    """A figure; its data lie beside it, under :func:`figure_data_file`."""
    return results_dir() / "figures" / f"{figure}.png"


def figure_data_file(figure: str) -> Path:
    """What a figure shows, as a table."""
    return results_dir() / "figures" / f"{figure}.csv"


def metrics_file(stage: str) -> Path:
    """The numbers a stage measured."""
    return results_dir() / "metrics" / f"{file_stem(stage)}.json"


def curve_file(run: str) -> Path:
    """The learning curve of a run."""
    return results_dir() / "curves" / f"{run}.csv"


def provenance_file(stage: str) -> Path:
    """What a stage was made from: parameters, code, versions, machine type."""
    return results_dir() / "provenance" / f"{file_stem(stage)}.json"


def cost_file(stage: str) -> Path:
    """What a stage cost: seconds and memory, which vary from run to run."""
    return results_dir() / "costs" / f"{file_stem(stage)}.json"


def published_notebook(stage: str) -> Path:
    """An executed notebook for readers."""
    return results_dir() / "notebooks" / f"{file_stem(stage)}.ipynb"


def file_stem(stage: str) -> str:
    """A stage's name as part of a file name.

    >>> file_stem("pretrain@clmr_scores")
    'pretrain_clmr_scores'
    """
    return stage.replace("@", "_")
