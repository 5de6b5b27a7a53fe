from dataclasses import asdict, replace

import pytest

from clmr.corpora.rendered.params import CollectionShare, RenderedCorpusParams, SplitShares
from clmr.storage.strict import from_mapping


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_clips": 2}, r"n_clips must be >= 3.*got 2"),
        ({"clip_duration_s": 0.0}, r"clip_duration_s must be in \[1, 60\], got 0.0"),
        ({"hidden_positive_rate": 1.5}, "hidden_positive_rate must be a probability"),
        ({"clips_per_tune": 0.5}, r"clips_per_tune must be in \[1, 10\], got 0.5"),
        (
            {"collections": {"essen": CollectionShare(1.0, (0.0, 1.0))}},
            "collections must be a mapping with keys among aird",
        ),
        (
            {"collections": {"aird": CollectionShare(0.5, (0.0, 1.0))}},
            "clip_share of all collections must be 1, got 0.5",
        ),
    ],
)
def test_bad_values_are_refused_with_what_is_allowed(params, change, message):
    with pytest.raises(ValueError, match=message):
        replace(params, **change)


def test_empty_window_is_refused():
    with pytest.raises(ValueError, match=r"family_window must be .*low < high"):
        CollectionShare(0.5, (0.5, 0.5))


def test_splits_must_add_up():
    with pytest.raises(ValueError, match="must be 1"):
        SplitShares(0.7, 0.2, 0.2)


def test_unknown_soundfont_is_refused_and_lists_the_known(params):
    mapping = {**asdict(params), "soundfont": "arachno"}
    with pytest.raises(ValueError, match="allowed are timgm6mb, merlin"):
        from_mapping(RenderedCorpusParams, mapping, "params.yaml: corpora.scores")


def test_params_survive_a_mapping(params):
    assert from_mapping(RenderedCorpusParams, asdict(params), "here") == params
