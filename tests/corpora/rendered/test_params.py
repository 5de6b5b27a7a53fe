import subprocess
import sys
from dataclasses import asdict

import pytest

from clmr.corpora.registry import CORPORA
from clmr.corpora.rendered.params import CollectionShare, RenderedCorpusParams, SplitShares
from clmr.storage.strict import from_mapping, to_mapping


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_clips": 2}, r"n_clips must be >= 3.*got 2"),
        ({"clip_duration_s": 0.0}, r"clip_duration_s must be in \[1, 60\], got 0.0"),
        ({"hidden_positive_rate": 1.5}, "hidden_positive_rate must be <= 1, got 1.5"),
        ({"clips_per_tune": 0.5}, r"clips_per_tune must be in \[1, 10\], got 0.5"),
        ({"level_db": [-14.0, -20.0]}, r"level_db must be .*low < high < -6.0, got \[-14.0, -20.0\]"),
        ({"level_db": [-14.0, -14.0]}, "level_db must be .*low < high"),
        ({"level_db": [-20.0, -6.0]}, "level_db must be .*high < -6.0"),
        ({"level_db": [-61.0, -14.0]}, "level_db must be .*-60.0 <= low"),
        (
            {"collections": {"essen": {"clip_share": 1.0, "family_window": [0.0, 1.0]}}},
            "collections must be a mapping with keys among aird",
        ),
        (
            {"collections": {"aird": {"clip_share": 0.5, "family_window": [0.0, 1.0]}}},
            "clip_share of all collections must be 1, got 0.5",
        ),
    ],
)
def test_bad_values_are_refused_with_what_is_allowed(params, change, message):
    with pytest.raises(ValueError, match=message):
        from_mapping(CORPORA, to_mapping(params) | change, "corpora.scores")


def test_empty_window_is_refused():
    with pytest.raises(ValueError, match=r"family_window must be .*low < high"):
        CollectionShare(0.5, (0.5, 0.5))


def test_splits_must_add_up():
    with pytest.raises(ValueError, match="must be 1"):
        SplitShares(0.7, 0.2, 0.2)


def test_unknown_soundfont_is_refused_and_lists_the_known(params):
    mapping = {**asdict(params), "soundfont": "arachno"}
    with pytest.raises(
        ValueError, match="soundfont: found str 'arachno', allowed are 'timgm6mb', 'merlin'; choose one"
    ):
        from_mapping(RenderedCorpusParams, mapping, "params.yaml: corpora.scores")


def test_params_survive_a_mapping(params):
    assert to_mapping(from_mapping(CORPORA, to_mapping(params), "here")) == to_mapping(params)


def test_reading_parameters_needs_no_synthesis():
    script = (
        "import sys; from clmr.corpora.registry import CORPORA; from clmr.storage.strict import from_mapping\n"
        "CORPORA.parameter_class({'kind': 'rendered'})\n"
        "assert not {'tinysoundfont', 'music21', 'clmr.corpora.rendered.build'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
