"""Scores of the test clips on disk, from which figures by tag are drawn."""

from pathlib import Path

import numpy as np
import torch

from clmr.storage.tensors import load_tensors, save_tensors

SCORES_NAME = "scores.safetensors"


def save_scores(output_dir: Path, scores: dict[str, np.ndarray], rows: np.ndarray) -> None:
    """Write test scores by head, each of shape (clips, K), and the clips' rows in the store."""
    tensors = {kind: torch.from_numpy(values) for kind, values in scores.items()}
    save_tensors(output_dir / SCORES_NAME, tensors | {"rows": torch.from_numpy(rows)}, {"split": "test"})


def load_scores(folder: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Test scores by head, each of shape (clips, K), and the clips' rows in the store."""
    tensors, _ = load_tensors(folder / SCORES_NAME)
    rows = tensors.pop("rows").numpy()
    return {kind: scores.numpy() for kind, scores in tensors.items()}, rows
