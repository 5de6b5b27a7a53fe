"""Try recipes of CLMR on the validation split of the primary store: ``python -m benchmarks.recipe_search [seed ...]``.

Candidates are listed in ``references/recipe_search.yaml``, each as values that differ from the run ``clmr_primary`` of
``params.yaml``. Each is trained under every seed of the list, or under those named, and scored by linear probes on the
validation clips; no score of a test clip is computed. Results are appended to ``references/recipe_search.csv``, where
those that stand there already are not computed again.

The stores must have been built: ``dvc repro store@primary``.
"""

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clmr.compute.allocator import keep_freed_memory
from clmr.compute.runtime import device
from clmr.corpora.store import Store, open_store
from clmr.evaluation.embed import embed
from clmr.evaluation.metrics import mean_pr_auc
from clmr.evaluation.probe import ProbeParams, train_probes
from clmr.params import load_params, runs_of
from clmr.storage import paths
from clmr.storage.layering import overlaid
from clmr.storage.yaml_files import read_yaml
from clmr.training.pretrain import PretrainRecipe, pretrain

RUN = "clmr_primary"


def main() -> None:
    """Train and score what the list names and the table lacks, one row per candidate and seed."""
    folder = paths.root() / "references"
    listed = read_yaml(folder / "recipe_search.yaml")
    table = folder / "recipe_search.csv"
    found = pd.read_csv(table) if table.is_file() else pd.DataFrame(columns=["candidate", "seed"])
    known = set(zip(found.candidate, found.seed, strict=True))
    base = read_yaml(paths.params_file())
    seeds = [int(argument) for argument in sys.argv[1:]] or listed["seeds"]
    for candidate, values in listed["candidates"].items():
        for seed in seeds:
            if (candidate, seed) not in known:
                row = pd.DataFrame([{"candidate": candidate, "seed": seed} | trial(base, values or {}, seed)])
                row.to_csv(table, mode="a", header=not table.is_file(), index=False, lineterminator="\n")
                print(row.to_string(index=False, header=False), flush=True)


def trial(base: Mapping[str, Any], values: Mapping[str, Any], seed: int) -> dict[str, float]:
    """Validation score of one recipe and seed, and seconds of training.

    Args:
        base: All of ``params.yaml``.
        values: What the recipe changes in the line of the run, nested as there.
        seed: Seed of pre-training and of the probe.
    """
    params = load_params(overlaid(base, {"runs": {RUN: dict(values)}}, "recipe_search.yaml"))
    recipe: PretrainRecipe = runs_of(params)[RUN].recipe
    store = open_store(paths.store_dir(recipe.store))
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as resume_dir:
        encoder = pretrain(recipe, seed, store, Path(resume_dir), device()).encoder
    train_s = time.monotonic() - started
    score = validation_score(encoder.requires_grad_(False), store, params.probe, seed)
    return {"valid_pr_auc": round(score, 6), "train_s": round(train_s, 1)}


def validation_score(encoder: Any, store: Store, probe: ProbeParams, seed: int) -> float:
    """PR-AUC (TAG) of linear probes on the validation clips, each at its best epoch there; the mean over the probes."""
    embeddings = embed(encoder, store, probe.embedding_batch_size, device(), probe.embedding_precision)
    train, valid = (embeddings.of(store.rows(split)) for split in ("train", "valid"))
    scores, rows = train_probes("linear", train, valid, store.tags, probe, seed).clip_scores(valid)
    return float(np.mean(mean_pr_auc(store.tags[rows], scores)))


if __name__ == "__main__":
    keep_freed_memory()
    main()
