"""Where every file is, relative to the root of the repository."""

import os
from pathlib import Path

ROOT_VARIABLE = "CLMR_ROOT"


def root() -> Path:
    """The root of the repository: ``CLMR_ROOT``, or the nearest folder upwards that contains ``dvc.yaml``.

    Raises:
        FileNotFoundError: If there is none.
    """
    # Searched upwards, since a notebook run by hand starts in its own folder.
    named = os.environ.get(ROOT_VARIABLE)
    candidates = [Path(named)] if named else [Path.cwd(), *Path.cwd().parents]
    for folder in candidates:
        if (folder / "dvc.yaml").is_file():
            return folder
    if named:
        raise FileNotFoundError(
            f"{ROOT_VARIABLE}: found {named!r}, which holds no dvc.yaml; name the repository's root"
        )
    raise FileNotFoundError(
        f"no dvc.yaml in {candidates[0]} or above; run from inside the repository, or set {ROOT_VARIABLE}"
    )


def params_file() -> Path:
    """The parameters of the pipeline."""
    return root() / "params.yaml"


def overlay_file(scale: str) -> Path:
    """The values that a scale changes in the parameters of the pipeline."""
    return root() / "params" / f"{scale}.yaml"


def corpus_dir(corpus: str) -> Path:
    """Audio, tags and splits of a corpus."""
    return root() / "data" / "corpora" / corpus


def sources_dir(kind: str) -> Path:
    """Files of a published data set as they were fetched, or brought by the user; no stage removes them."""
    return root() / "data" / "sources" / kind


def store_dir(store: str) -> Path:
    """A corpus as PCM at one sample rate."""
    return root() / "data" / "stores" / store


def embeddings_dir(stage: str) -> Path:
    """Embeddings of a store by the frozen encoders of a stage."""
    return root() / "data" / "embeddings" / file_stem(stage)


def activations_dir(run: str, store: str) -> Path:
    """Activations of a run's encoder for the test segments of a store."""
    return root() / "data" / "activations" / f"{run}_{store}"


def filters_dir(run: str) -> Path:
    """What the filters of a run's network respond to."""
    return root() / "data" / "filters" / run


def scores_dir(stage: str, experiment: str) -> Path:
    """All scores of the system that a stage scored, and the scores of each test clip.

    Args:
        stage: The stage; for one combination of a grid, ``grid@<name>/<combination>``.
        experiment: The experiment that it belongs to.

    >>> scores_dir("grid@longer/epochs=40", "ablation").relative_to(root()).as_posix()
    'data/scores/ablation/grid_longer/epochs=40'
    """
    return root() / "data" / "scores" / experiment / file_stem(stage)


def combinations_file(stage: str, experiment: str) -> Path:
    """The values of each combination of a grid by the name of its folder of scores."""
    return scores_dir(stage, experiment) / "combinations.json"


def checkpoint_file(run: str, seed: int) -> Path:
    """Weights of a run, of pre-training or of supervised training, under one of its seeds."""
    return root() / "checkpoints" / run / f"seed_{seed}.safetensors"


def plan_file(stage: str) -> Path:
    """What a stage may see and what code it runs, as the plan wrote it.

    >>> plan_file("pretrain@clmr_primary").relative_to(root()).as_posix()
    'build/plan/pretrain/clmr_primary.json'
    """
    group, _, key = stage.partition("@")
    return root() / "build" / "plan" / group / f"{key or group}.json"


def planned_stages() -> list[str]:
    """Names of all stages that the plan has written."""
    files = (root() / "build" / "plan").glob("*/*.json")
    return [file.stem if file.stem == file.parent.name else f"{file.parent.name}@{file.stem}" for file in files]


def record_file(stage: str) -> Path:
    """Origin and cost of a stage, which the report publishes."""
    return root() / "build" / "records" / f"{file_stem(stage)}.json"


def source_notebook(notebook: str) -> Path:
    """A notebook as it is edited, without outputs."""
    return root() / "notebooks" / f"{notebook}.ipynb"


def executed_notebook(stage: str) -> Path:
    """A notebook as a stage executed it."""
    return root() / "build" / "executed" / f"{file_stem(stage)}.ipynb"


def work_dir(group: str, digest: str) -> Path:
    """Unfinished work, named by a digest of everything that decides it.

    Outside all outputs: DVC deletes those before it runs a stage.
    """
    return root() / "build" / "work" / group / digest


def results_dir() -> Path:
    """Everything that is committed: tables, figures, metrics, provenance, executed notebooks."""
    return root() / "results"


def table_file(table: str, folder: Path | None = None) -> Path:
    """A table in machine-readable form; ``folder`` stands for ``results``, here and in the functions below."""
    return (folder or results_dir()) / "tables" / f"{table}.csv"


def figure_file(figure: str, folder: Path | None = None) -> Path:
    """A figure; its data are in :func:`figure_data_file`."""
    return (folder or results_dir()) / "figures" / f"{figure}.png"


def figure_data_file(figure: str, folder: Path | None = None) -> Path:
    """The data that a figure shows, as a table."""
    return (folder or results_dir()) / "figures" / f"{figure}.csv"


def listening_page() -> Path:
    """The listening page; its audio lies beside it."""
    return results_dir() / "listening" / "index.html"


def metrics_file(stage: str, experiment: str) -> Path:
    """The numbers of a stage that readers compare."""
    return results_dir() / "metrics" / experiment / f"{file_stem(stage)}.json"


def curve_file(run: str, experiment: str) -> Path:
    """The learning curves of a run, one per seed."""
    return results_dir() / "curves" / experiment / f"{run}.csv"


def own_report_dir(report: str) -> Path:
    """The report on a corpus of one's own."""
    return results_dir() / "own" / report


def kept_dir(scale: str, stage: str) -> Path:
    """Tables and figures of a stage at another scale than the published one."""
    return results_dir() / scale / file_stem(stage)


def provenance_file(folder: Path | None = None) -> Path:
    """What each stage was made from: parameters, code, versions, machine type."""
    return (folder or results_dir()) / "provenance.json"


def published_notebook(stage: str, folder: Path | None = None) -> Path:
    """An executed notebook for readers."""
    return (folder or results_dir()) / "notebooks" / f"{file_stem(stage)}.ipynb"


def file_stem(stage: str) -> str:
    """A stage's name as part of a file name.

    >>> file_stem("pretrain@clmr_primary")
    'pretrain_clmr_primary'
    """
    return stage.replace("@", "_")
