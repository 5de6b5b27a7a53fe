"""Try recipes of CLMR on the primary store, without its test split: ``python -m benchmarks.recipe_search [seed ...]``.

``references/recipe_search.yaml`` has two lists of candidates, ``validation`` and ``folds``, each candidate as values
that differ from a recipe to start from, which states what it needs in place of the line ``clmr_primary`` of
``params.yaml``. Each is trained under every seed of its list, or under those named, and scored by linear probes, at a
rate that the list states, on the validation clips or by folds over training and validation clips; no score of a test
clip is computed. Results are appended to ``references/recipe_search_<list>.csv``, where those that stand there already
are not computed again, and shown in ``references/recipe_search.md``.

The stores must have been built: ``dvc repro store@primary``.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from clmr.compute.allocator import keep_freed_memory
from clmr.compute.runtime import device
from clmr.corpora.store import Store, open_store
from clmr.evaluation.embed import Embeddings, embed
from clmr.evaluation.metrics import mean_pr_auc
from clmr.evaluation.probe import ProbeParams, train_probes
from clmr.paper.markdown import markdown
from clmr.params import load_params, runs_of
from clmr.storage import paths
from clmr.storage.files import write_text
from clmr.storage.layering import overlaid
from clmr.storage.yaml_files import read_yaml
from clmr.training.pretrain import PretrainRecipe, pretrain

RUN, CANDIDATE = "clmr_primary", "candidate"


def main() -> None:
    """Train and score what the lists name and the tables lack, one row per candidate and seed."""
    folder = paths.root() / "references"
    listed = read_yaml(folder / "recipe_search.yaml")
    page = folder / "recipe_search.md"
    for name, score in SCORES.items():
        table = folder / f"recipe_search_{name}.csv"
        search(listed[name], score, [int(argument) for argument in sys.argv[1:]], table)
        text = with_table(page.read_text(encoding="utf-8"), name, results(pd.read_csv(table)))
        write_text(page, text)


def search(listed: Mapping[str, Any], score: "Score", seeds: list[int], table: Path) -> None:
    """Train and score the candidates of one list that its table lacks, and append them to it.

    Args:
        listed: Seeds, what differs in the parameters of probes, the recipe to start from, and candidates.
        score: How an encoder is scored.
        seeds: Seeds to use in place of those listed, if any.
        table: The table; created if it is missing.
    """
    found = pd.read_csv(table) if table.is_file() else pd.DataFrame(columns=["candidate", "seed"])
    known = set(zip(found.candidate, found.seed, strict=True))
    params = overlaid(read_yaml(paths.params_file()), {"probe": listed["probe"]}, "recipe_search.yaml")
    base = with_line(params, listed["start"])
    for candidate, values in listed["candidates"].items():
        for seed in seeds or listed["seeds"]:
            if (candidate, seed) not in known:
                row = pd.DataFrame([{"candidate": candidate, "seed": seed} | trial(base, values or {}, seed, score)])
                row.to_csv(table, mode="a", header=not table.is_file(), index=False, lineterminator="\n")
                print(row.to_string(index=False, header=False), flush=True)


def results(trials: pd.DataFrame) -> str:
    """The trials for readers, the best candidate first, scores in per cent.

    Args:
        trials: Columns candidate, seed, pr_auc, train_s.

    >>> trials = {"candidate": ["a", "a"], "seed": [0, 1], "pr_auc": [0.5, 0.52], "train_s": [60.0, 62.0]}
    >>> print(results(pd.DataFrame(trials)).splitlines()[-1])
    | a | 51.0 ± 1.4 | 2 | 61 |
    """
    by_candidate = trials.groupby("candidate", sort=False)
    found = by_candidate.agg(
        mean=("pr_auc", "mean"), sd=("pr_auc", "std"), seeds=("seed", "count"), train_s=("train_s", "mean")
    ).sort_values("mean", ascending=False, kind="stable")
    rows = [
        [name, f"{100 * row['mean']:.1f} ± {100 * row['sd']:.1f}", int(row["seeds"]), round(row["train_s"])]
        for name, row in found.iterrows()
    ]
    return markdown(["candidate", "PR-AUC", "seeds", "seconds of training"], rows)


def with_table(page: str, name: str, table: str) -> str:
    r"""The text of a page with the table between its two markers; the rest is written by hand.

    >>> with_table("<!-- folds -->\nold\n<!-- end of folds -->", "folds", "new\n")
    '<!-- folds -->\nnew\n<!-- end of folds -->'
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    head, rest = page.split(begin, 1)
    return head + begin + table + end + rest.split(end, 1)[1]


def with_line(params: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters with a line for a candidate: that of the run, or of the candidate that is there, changed.

    The run itself stays, since other sections refer to its encoder.
    """
    line = params["runs"].get(CANDIDATE, params["runs"][RUN])
    with_candidate = {**params, "runs": {**params["runs"], CANDIDATE: line}}
    return overlaid(with_candidate, {"runs": {CANDIDATE: dict(values)}}, "recipe_search.yaml")


def trial(base: Mapping[str, Any], values: Mapping[str, Any], seed: int, score: "Score") -> dict[str, float]:
    """Score of one recipe and seed, and seconds of training.

    Args:
        base: All parameters, with the recipe to start from.
        values: What the recipe changes in the line of the candidate, nested as there.
        seed: Seed of pre-training and of the probe.
        score: How the encoder is scored.
    """
    params = load_params(with_line(base, values))
    recipe: PretrainRecipe = runs_of(params)[CANDIDATE].recipe
    store = open_store(paths.store_dir(recipe.store))
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as resume_dir:
        encoder = pretrain(recipe, seed, store, Path(resume_dir), device()).encoder
    train_s = time.monotonic() - started
    probe = params.probe
    embeddings = embed(
        encoder.requires_grad_(False), store, probe.embedding_batch_size, device(), probe.embedding_precision
    )
    return {"pr_auc": round(score(embeddings, store, probe, seed), 6), "train_s": round(train_s, 1)}


def validation_score(embeddings: Embeddings, store: Store, probe: ProbeParams, seed: int) -> float:
    """PR-AUC (TAG) of linear probes on the validation clips, each at its best epoch there; the mean over the probes."""
    train, valid = (embeddings.of(store.rows(split)) for split in ("train", "valid"))
    scores, rows = train_probes("linear", train, valid, store.tags, probe, seed).clip_scores(valid)
    return float(np.mean(mean_pr_auc(store.tags[rows], scores)))


def fold_score(embeddings: Embeddings, store: Store, probe: ProbeParams, seed: int, n_folds: int = 4) -> float:
    """Mean PR-AUC (TAG) of linear probes over folds of the training and validation clips.

    Each fold is scored by probes that were trained on the others but one, which decides when they stop. Folds keep
    the clips of a tune family together. So every clip but those of the test split is scored once, by probes that saw
    neither its tags nor its tune.
    """
    rows = store.rows("train", "valid")
    groups = store.clips.group_id.to_numpy()[rows]
    folds = [rows[held_out] for _, held_out in GroupKFold(n_folds).split(rows, groups=groups)]
    found = []
    for index, held_out in enumerate(folds):
        stopping = folds[(index + 1) % n_folds]
        rest = np.setdiff1d(rows, np.concatenate([held_out, stopping]))
        train, valid, scored = (embeddings.of(chosen) for chosen in (rest, stopping, held_out))
        scores, scored_rows = train_probes("linear", train, valid, store.tags, probe, seed).clip_scores(scored)
        found.append(np.mean(mean_pr_auc(store.tags[scored_rows], scores)))
    return float(np.mean(found))


Score = Callable[[Embeddings, Store, ProbeParams, int], float]
SCORES: dict[str, Score] = {"validation": validation_score, "folds": fold_score}


if __name__ == "__main__":
    keep_freed_memory()
    main()
