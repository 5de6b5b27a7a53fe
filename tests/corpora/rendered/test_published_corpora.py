"""The two corpora of params.yaml, as planned; nothing is rendered."""

from collections import defaultdict
from pathlib import Path

import pytest

from clmr.corpora.rendered.planning import ClipPlan, plan_corpus
from clmr.corpora.rendered.titles import tune_name
from clmr.params import corpora_of, read_params

CORPORA = corpora_of(read_params(Path(__file__).parents[3] / "params.yaml"))


@pytest.fixture(scope="module")
def planned() -> dict[str, tuple[ClipPlan, ...]]:
    return {name: plan_corpus(params).clips for name, params in CORPORA.items()}


def test_a_thousand_clips_are_tested_on_and_about_as_many_trained_on(planned):
    for clips in planned.values():
        n_clips = {split: sum(clip.split == split for clip in clips) for split in ("train", "valid", "test")}
        assert n_clips["test"] >= 1000
        assert n_clips["train"] >= 800
        assert n_clips["valid"] >= 170


def test_no_family_no_work_and_no_name_is_in_two_splits_or_corpora(planned):
    places = defaultdict(set)
    for corpus, clips in planned.items():
        for clip in clips:
            places["family", clip.family_id].add((corpus, clip.split))
            places["work", clip.work.key].add((corpus, clip.split))
            if clip.work.is_tune and (name := tune_name(clip.work.title)):
                places["name", name].add((corpus, clip.split))
    assert {key: found for key, found in places.items() if len(found) > 1} == {}
