"""Try recipes of CLMR on the validation split of the primary store: ``python -m benchmarks.recipe_search [seed ...]``.

Candidates are listed in ``references/recipe_search.yaml``, each as values that differ from a recipe to start from,
which states what it needs in place of the line ``clmr_primary`` of ``params.yaml``. Each is trained under every seed
of the list, or under those named, and scored by linear probes on the validation clips; no score of a test clip is
computed. Results are appended to ``references/recipe_search.csv``, where those that stand there already are not
computed again, and shown in ``references/recipe_search.md``.

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
from clmr.paper.markdown import markdown
from clmr.params import load_params, runs_of
from clmr.storage import paths
from clmr.storage.files import write_text
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
    base = with_line(read_yaml(paths.params_file()), listed["start"])
    seeds = [int(argument) for argument in sys.argv[1:]] or listed["seeds"]
    for candidate, values in listed["candidates"].items():
        for seed in seeds:
            if (candidate, seed) not in known:
                row = pd.DataFrame([{"candidate": candidate, "seed": seed} | trial(base, values or {}, seed)])
                row.to_csv(table, mode="a", header=not table.is_file(), index=False, lineterminator="\n")
                print(row.to_string(index=False, header=False), flush=True)
    page = folder / "recipe_search.md"
    write_text(page, with_table(page.read_text(encoding="utf-8"), results(pd.read_csv(table))))


def results(trials: pd.DataFrame) -> str:
    """The trials for readers, the best candidate first, scores in per cent.

    Args:
        trials: Columns candidate, seed, valid_pr_auc, train_s.

    >>> trials = {"candidate": ["a", "a"], "seed": [0, 1], "valid_pr_auc": [0.5, 0.52], "train_s": [60.0, 62.0]}
    >>> print(results(pd.DataFrame(trials)).splitlines()[-1])
    | a | 51.0 ± 1.4 | 2 | 61 |
    """
    by_candidate = trials.groupby("candidate", sort=False)
    found = by_candidate.agg(
        mean=("valid_pr_auc", "mean"), sd=("valid_pr_auc", "std"), seeds=("seed", "count"), train_s=("train_s", "mean")
    ).sort_values("mean", ascending=False, kind="stable")
    rows = [
        [name, f"{100 * row['mean']:.1f} ± {100 * row['sd']:.1f}", int(row["seeds"]), round(row["train_s"])]
        for name, row in found.iterrows()
    ]
    return markdown(["candidate", "validation PR-AUC", "seeds", "seconds of training"], rows)


def with_table(page: str, table: str) -> str:
    r"""The text of a page with the table between its two markers; the rest is written by hand.

    >>> with_table("<!-- results -->\nold\n<!-- end of results -->", "new\n")
    '<!-- results -->\nnew\n<!-- end of results -->'
    """
    begin, end = "<!-- results -->\n", "<!-- end of results -->"
    head, rest = page.split(begin, 1)
    return head + begin + table + end + rest.split(end, 1)[1]


def with_line(params: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters, with some values of the run's line replaced."""
    return overlaid(params, {"runs": {RUN: dict(values)}}, "recipe_search.yaml")


def trial(base: Mapping[str, Any], values: Mapping[str, Any], seed: int) -> dict[str, float]:
    """Validation score of one recipe and seed, and seconds of training.

    Args:
        base: All parameters, with the recipe to start from.
        values: What the recipe changes in the line of the run, nested as there.
        seed: Seed of pre-training and of the probe.
    """
    params = load_params(with_line(base, values))
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
