"""Scores on disk: rows of score tables for readers, and the scores of each clip, for comparisons and figures."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from clmr.models.heads import ALL_LAYERS
from clmr.storage.files import read_json, write_json
from clmr.storage.tensors import load_tensors, save_tensors

SCORES_NAME = "scores.json"
# Bootstrap intervals are wider than 0.001; more digits would only turn rounding errors into differences.
_DECIMALS = 6

ScoreRow = dict[str, Any]
"""Scores of one head and seed: ``head``, ``seed``, columns of :func:`clmr.evaluation.metrics.summary`, counts."""


def save_score_rows(folder: Path, rows: list[ScoreRow]) -> None:
    """Write the rows of all heads and seeds to ``scores.json`` in the folder, with six decimals.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_score_rows(Path(folder), [{"head": "mlp", "seed": 0, "pr_auc_tag": 1 / 3}])
    ...     load_score_rows(Path(folder))[0]["pr_auc_tag"]
    0.333333
    """
    rounded = [
        {name: round(value, _DECIMALS) if isinstance(value, float) else value for name, value in row.items()}
        for row in rows
    ]
    write_json(folder / SCORES_NAME, {"rows": rounded})


def load_score_rows(folder: Path) -> list[ScoreRow]:
    """The rows that :func:`save_score_rows` wrote."""
    return read_json(folder / SCORES_NAME)["rows"]


def join_scores(folders: Iterable[Path], output: Path) -> list[ScoreRow]:
    """Copy what single seeds scored into one folder, with their rows in one table, which is returned.

    Args:
        folders: One folder of each seed, whose files are named after it.
        output: Receives them all.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     seeds = [Path(name, "0"), Path(name, "1")]
    ...     for seed, folder in enumerate(seeds):
    ...         save_score_rows(folder, [{"head": "mlp", "seed": seed}])
    ...     len(join_scores(seeds, Path(name, "both")))
    2
    """
    rows = []
    for folder in folders:
        rows += load_score_rows(folder)
        # Files of different seeds have different names, but for the rows.
        shutil.copytree(folder, output, ignore=shutil.ignore_patterns(SCORES_NAME), dirs_exist_ok=True)
    save_score_rows(output, rows)
    return rows


def compared(rows: list[ScoreRow]) -> dict[str, Any]:
    """The scores that readers compare: macro PR-AUC and ROC-AUC over tags by head, averaged over seeds.

    A system with a single head has no level for heads, so that tables of many systems stay narrow. The head on all
    layers is left out as well, since few runs have it; it stands in Table 6.1.

    >>> rows = [{"head": "linear", "seed": seed, "pr_auc_tag": seed / 4, "roc_auc_tag": 0.5} for seed in (1, 2)]
    >>> compared(rows)
    {'pr_auc': 0.375, 'roc_auc': 0.5}
    """
    shown = [head for head in dict.fromkeys(row["head"] for row in rows) if head != ALL_LAYERS]
    heads = shown or [ALL_LAYERS]
    found = {
        head: {
            metric: float(np.mean([row[f"{metric}_tag"] for row in rows if row["head"] == head]))
            for metric in ("pr_auc", "roc_auc")
        }
        for head in heads
    }
    return found if len(heads) > 1 else found[heads[0]]


def save_clip_scores(
    folder: Path, seed: int, scores: dict[str, np.ndarray], rows: np.ndarray, split: str = "test"
) -> None:
    """Write the scores that the models of one seed give the clips of a split, for comparisons and figures.

    Args:
        folder: Where to write.
        seed: Seed of the models; names the file.
        scores: Scores by head, each of shape (clips, K), or (P, clips, K) from P probes.
        rows: The clips' rows in the store, shape (clips,).
        split: ``test``, or ``valid`` for what is chosen on validation; names the file, too.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_clip_scores(Path(folder), 0, {"linear": np.zeros((2, 5))}, np.array([7, 9]))
    ...     load_clip_scores(Path(folder), 0)[1].tolist()
    [7, 9]
    """
    tensors = {head: torch.from_numpy(values) for head, values in scores.items()}
    save_tensors(_clip_scores_file(folder, seed, split), tensors | {"rows": torch.from_numpy(rows)}, {"split": split})


def load_clip_scores(folder: Path, seed: int, split: str = "test") -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Scores by head, of shape (clips, K) or (P, clips, K), and the clips' rows, as :func:`save_clip_scores` wrote."""
    tensors, _ = load_tensors(_clip_scores_file(folder, seed, split))
    rows = tensors.pop("rows").numpy()
    return {head: scores.numpy() for head, scores in tensors.items()}, rows


def _clip_scores_file(folder: Path, seed: int, split: str) -> Path:
    return folder / (f"scores_{seed}.safetensors" if split == "test" else f"scores_{seed}_{split}.safetensors")
