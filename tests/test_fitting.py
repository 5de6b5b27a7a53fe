"""What cannot be trained or scored on a corpus is refused before anything is built."""

from copy import deepcopy
from pathlib import Path

import pytest

from clmr.params import load_params
from clmr.storage.yaml_files import read_yaml

MAPPING = read_yaml(Path(__file__).parents[1] / "params.yaml")
UNLABELLED = {"store": "unlabelled_small"}
TAGGED = r"must be a store whose corpus has tags \(primary, secondary, primary_12k, .*\), since they are predicted"

WRONG = [
    (
        lambda params: params["runs"]["clmr_primary"].update(evaluate_on="unlabelled_small"),
        f"params.yaml: evaluate_on of clmr_primary {TAGGED} there, got 'unlabelled_small'",
    ),
    (
        lambda params: params["grids"]["temperature"].update(evaluate_on="unlabelled_small"),
        f"evaluate_on of temperature {TAGGED}",
    ),
    (
        lambda params: params["supervised_runs"]["pons_primary"].update(UNLABELLED),
        f"store of pons_primary {TAGGED}",
    ),
    (
        lambda params: params["transfers"]["random_init_secondary"].update(UNLABELLED),
        f"transfers.random_init_secondary.store {TAGGED}",
    ),
    (
        lambda params: params["baselines"].update(unlabelled_small={"experiment": "main"}),
        f"baselines.unlabelled_small {TAGGED}",
    ),
    (
        lambda params: params["tagging"].update(secondary_store="unlabelled_small"),
        f"tagging.secondary_store {TAGGED}",
    ),
    (
        lambda params: params["corpora"]["tunes_small"].update(clip_duration_s=2.5),
        "clip_duration_s of tunes_small, which transfer_clmr_small reads from the store unlabelled_small must be at "
        "least the 2.59 s of the network's input, 20736 samples, got 2.5",
    ),
    (
        lambda params: params["bases"]["pons"]["model"].update(clip_duration_s=30.0),
        "clip_duration_s of scores, which pons_primary reads from the store primary must be at least the 30.00 s",
    ),
    (
        lambda params: params["stores"]["unlabelled_small"].update(sample_rate_hz=16000),
        "rate of the store unlabelled_small must be the network's 8000 Hz, got 16000",
    ),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_what_does_not_fit_is_refused_with_what_does(change, message):
    mapping = deepcopy(MAPPING)
    change(mapping)
    with pytest.raises(ValueError, match=message):
        load_params(mapping)
