"""Label efficiency in the parameters: shares in range, runs that fit, and nothing that is trained for nothing."""

from copy import deepcopy
from pathlib import Path

import pytest

from clmr.params import load_params, read_params
from clmr.pipeline.efficiency import efficiency_systems, probes_stage, training_stage
from clmr.storage.yaml_files import read_yaml

ROOT = Path(__file__).parents[1]
MAPPING = read_yaml(ROOT / "params.yaml")
PARAMS = load_params(MAPPING)


def line(params, store="primary"):
    return params["label_efficiency"][store]


def networks(params, kind="sample_cnn", store="primary"):
    return line(params, store)["networks"][kind]


def test_every_store_compares_all_systems_on_the_smallest_and_on_all_labels():
    systems = efficiency_systems(PARAMS)
    assert len({scored.stage for scored in systems}) == len(systems)
    smallest = min(PARAMS.efficiency.fractions)
    for store in PARAMS.label_efficiency:
        here = [scored for scored in systems if scored.store == store]
        few = {scored.system for scored in here if scored.varies["label_fraction"] == smallest}
        assert few == {"clmr", "random_init", "log_mel", "sample_cnn", "clmr_fine_tuned"}
        (whole,) = (one for one in here if one.system == "sample_cnn" and one.varies["label_fraction"] == 1.0)
        assert (whole.stage, whole.experiment) == (f"supervised@sample_cnn_{store}", "main")
        assert {one.experiment for one in here if one is not whole} == {"efficiency"}
    tuned = next(scored for scored in systems if scored.system == "clmr_fine_tuned")
    assert (tuned.pretrain_corpus, tuned.eval_corpus, tuned.run) == ("scores", "scores", "clmr_primary")


def test_stages_get_the_seeds_of_their_encoders_and_recipes_with_their_shares():
    entry = PARAMS.label_efficiency["secondary"]
    frozen = probes_stage(PARAMS, "secondary", entry).frozen
    assert frozen["clmr"].stage == "evaluate@clmr_secondary"
    assert frozen["random_init"].stage == "probe_transfer@random_init_secondary"
    training = training_stage(PARAMS, "secondary", entry)
    for kind, recipes in training.networks.items():
        assert [one.label_fraction for one in recipes] == MAPPING["label_efficiency"]["secondary"]["networks"][kind][
            "fractions"
        ]
        assert {one.store for one in recipes} == {"secondary"}
        assert {one.encoder_rate_factor is None for one in recipes} == {kind == "sample_cnn"}


@pytest.mark.parametrize("scale", ["smoke", "overnight", "paper"])
def test_other_scales_compare_the_same(scale):
    params = read_params(ROOT / "params.yaml", ROOT / "params" / f"{scale}.yaml")
    assert {one.system for one in efficiency_systems(params)} == {one.system for one in efficiency_systems(PARAMS)}
    if scale == "paper":
        assert params.efficiency.fractions == (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
        shares = MAPPING["efficiency"]["fractions"]
        recipes = training_stage(params, "secondary", params.label_efficiency["secondary"]).networks
        assert [one.label_fraction for one in recipes["sample_cnn"]] == shares[:-1]
        assert [one.label_fraction for one in recipes["clmr_fine_tuned"]] == shares
        assert {one.max_epochs for one in recipes["sample_cnn"]} == {500}


WRONG = [
    (
        lambda params: params["efficiency"].update(fractions=[0.0, 1.0]),
        r"fractions must be numbers in \(0, 1\]",
    ),
    (
        lambda params: params["efficiency"].update(fractions=[0.5, 1.2]),
        r"in \(0, 1\], each listed once, got \[0.5, 1.2\]",
    ),
    (lambda params: params["efficiency"].update(fractions=[0.5, 0.5]), "each listed once, got"),
    (lambda params: params["efficiency"].update(subset_seeds=[]), "seeds must be a list of at least one number"),
    (
        lambda params: networks(params).update(fractions=[0.03]),
        r"networks.sample_cnn.fractions must be some of the \[0.01, .* of the section efficiency, got \[0.03\]",
    ),
    (lambda params: networks(params).update(seeds=[7]), r"networks.sample_cnn.seeds must be some of the \[0, 1, 2\]"),
    (
        lambda params: networks(params).update(fractions=[1.0]),
        "below 1, where the run sample_cnn_primary has the scores",
    ),
    (lambda params: networks(params).pop("seeds"), "missing key seeds; a network states over, fractions and seeds"),
    (lambda params: networks(params).update(over="nope"), "over: found 'nope', which is no base"),
    (
        lambda params: networks(params).update(model={"width": 8}),
        "networks.sample_cnn: model must be that of the run sample_cnn_primary",
    ),
    (
        lambda params: networks(params).update(over="fine_tuned"),
        "networks.sample_cnn: found no encoder to start from and encoder_rate_factor",
    ),
    (
        lambda params: networks(params, "clmr_fine_tuned").update(model={"width": 8}),
        "networks.clmr_fine_tuned: found a checkpoint of .*width=32.* but the model to fine-tune has .*width=8",
    ),
    (lambda params: line(params).update(pretrained="nope"), "label_efficiency.primary.pretrained: found 'nope'"),
    (lambda params: line(params).update(supervised="clmr_primary"), "label_efficiency.primary.supervised: found"),
    (
        lambda params: line(params).update(untrained={"stage": "probe_transfer", "name": "random_init"}),
        "label_efficiency.primary.untrained.name: found 'random_init', which is not defined; defined are",
    ),
    (
        lambda params: line(params).update(pretrained="clmr_secondary"),
        "label_efficiency.primary.pretrained must be one of the tags of primary, got 'a run that",
    ),
    (
        lambda params: params["label_efficiency"].update(nope=line(params)),
        "label_efficiency.nope: found 'nope', which is not defined; defined are primary, secondary",
    ),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_mistakes_are_found_before_anything_is_trained(change, message):
    mapping = deepcopy(MAPPING)
    change(mapping)
    with pytest.raises(ValueError, match=message):
        load_params(mapping)


def test_a_supervised_network_is_no_untrained_encoder():
    mapping = deepcopy(MAPPING)
    line(mapping, "secondary")["untrained"]["name"] = "frozen_sample_cnn_secondary"
    with pytest.raises(ValueError, match="the run of untrained must be one of .*, got 'sample_cnn_secondary'"):
        efficiency_systems(load_params(mapping))
