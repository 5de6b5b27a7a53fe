"""Rows of Table 6.2: which block each is in, what they may not differ in, and that steps are what they claim to be."""

from collections import defaultdict
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from clmr.corpora.rendered.planning import plan_corpus
from clmr.params import corpora_of, grids_of, load_params, read_params
from clmr.storage.yaml_files import read_yaml
from clmr.transfer import transfer_rows

ROOT = Path(__file__).parents[1]
MAPPING = read_yaml(ROOT / "params.yaml")
LINE = {"over": "transfer", "store": "primary", "evaluate_on": "primary", "experiment": "transfer"}
ROLES = ("primary", "secondary", "unlabelled_large", "unlabelled_medium", "unlabelled_small")


def rows(**lines: dict[str, Any]):
    """The rows of a table of some grids."""
    mapping = deepcopy(MAPPING)
    mapping["grids"] |= {name: LINE | line for name, line in lines.items()}
    mapping["transfer"]["grids"] = list(lines)
    return transfer_rows(list(lines), grids_of(load_params(mapping)))


def test_the_number_of_epochs_that_all_grids_have_is_that_of_the_second_block():
    found = rows(
        a={"grid": {"epochs": [4]}},
        b={"store": "unlabelled_small", "grid": {"epochs": [20, 4]}},
        c={"over": "transfer_cpc", "grid": {"epochs": [7]}},
        d={"over": "transfer_cpc", "store": "secondary", "grid": {"epochs": [7, 9]}},
    )
    shown = [(row.run.name, row.run.recipe.epochs, row.same_steps, row.same_epochs) for row in found]
    assert shown == [
        ("a", 4, True, True),
        ("b", 20, True, False),
        ("b", 4, False, True),
        ("c", 7, True, True),
        ("d", 7, False, True),
        ("d", 9, True, False),
    ]


def test_every_method_is_pretrained_on_every_corpus_and_evaluated_on_the_first():
    params = load_params(MAPPING)
    by_method = defaultdict(list)
    for row in transfer_rows(params.transfer.grids, grids_of(params)):
        assert row.run.evaluate_on == "primary"
        if row.same_steps:
            by_method[row.run.recipe.method].append(row.run.recipe.store)
    assert list(by_method) == ["clmr", "cpc"]
    assert all(sorted(stores) == [*ROLES] for stores in by_method.values())


@pytest.mark.parametrize("scale", ["embedded", "smoke", "overnight"])
def test_the_first_block_has_equal_steps_within_an_epoch(scale):
    overlay = None if scale == "embedded" else ROOT / "params" / f"{scale}.yaml"
    params = read_params(ROOT / "params.yaml", overlay)
    n_tracks = {}
    for name, corpus in corpora_of(params).items():
        labelled = corpus.labelled() if corpus.kind == "unlabelled" else corpus
        clips = plan_corpus(labelled).clips
        n_tracks[name] = len({clip.track_id for clip in clips if clip.split == "train" or labelled is not corpus})
    steps = defaultdict(list)
    for row in transfer_rows(params.transfer.grids, grids_of(params)):
        recipe = row.run.recipe
        per_epoch = n_tracks[params.stores[recipe.store].corpus] // recipe.batch_size
        assert per_epoch > 0, f"{row.run.name}: fewer tracks than a batch"
        if row.same_steps:
            steps[recipe.method].append((recipe.store, per_epoch, per_epoch * recipe.epochs))
    for of_method in steps.values():
        (wanted,) = (total for store, _, total in of_method if store == "primary")
        for store, per_epoch, total in of_method:
            assert abs(total - wanted) < max(per_epoch, 2), f"{store} takes {total} steps, primary {wanted}"


SMALL = {"store": "unlabelled_small", "grid": {"epochs": [4]}}
WRONG = [
    ({"b": SMALL | {"temperature": 0.1}}, "transfer.grids: b differs from a in temperature, allowed are store and ep"),
    ({"b": SMALL | {"encoder": {"width": 8}}}, "b differs from a in encoder.width"),
    ({"b": SMALL | {"evaluate_on": "secondary"}}, "b: evaluate_on must be primary, as of a, got 'secondary'"),
    ({"b": SMALL | {"experiment": "main"}}, "b: experiment must be transfer, got 'main'"),
    ({"b": SMALL | {"grid": {"epochs": [4, 5, 6]}}}, "b: epochs must be one or two numbers, .* got .4, 5, 6."),
    ({"b": SMALL | {"grid": {"epochs": [4, 0]}}}, "b: epochs must be one or two numbers"),
    ({"b": SMALL | {"grid": {"temperature": [0.1, 0.2]}}}, "b: keys of grid must be epochs alone, got .'temperature'"),
    ({"b": SMALL | {"grid": {"epochs": [5]}}}, r"epochs that all grids by clmr have must be one number \(a \[4\]; b"),
    ({"b": SMALL, "c": SMALL}, r"store must be that of one grid by clmr: \['b', 'c'\], got 'unlabelled_small'"),
    (
        {"b": {"over": "sample_cnn", "grid": {"max_epochs": [3]}}},
        "b: method must be one of pre-training, got 'supervised'",
    ),
]


@pytest.mark.parametrize(("others", "message"), WRONG)
def test_a_grid_that_does_not_belong_is_refused(others, message):
    with pytest.raises(ValueError, match=message):
        rows(a={"grid": {"epochs": [4]}}, **others)


def test_an_unknown_grid_is_named():
    mapping = deepcopy(MAPPING)
    mapping["transfer"]["grids"] = ["nope"]
    with pytest.raises(ValueError, match=r"transfer.grids: found 'nope', which is not defined; defined are scaling"):
        load_params(mapping)
