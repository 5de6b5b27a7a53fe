"""The corpora of params.yaml, as planned; nothing is rendered."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from clmr.corpora.rendered.planning import ClipPlan, plan_corpus
from clmr.corpora.rendered.titles import tune_name
from clmr.params import corpora_of, read_params

CORPORA = corpora_of(read_params(Path(__file__).parents[3] / "params.yaml"))
UNLABELLED = ("tunes_large", "tunes_medium", "tunes_small")


@pytest.fixture(scope="module")
def planned() -> dict[str, tuple[ClipPlan, ...]]:
    """The two labelled corpora."""
    return {name: plan_corpus(CORPORA[name]).clips for name in ("scores", "merlin")}


@pytest.fixture(scope="module")
def unlabelled() -> dict[str, tuple[ClipPlan, ...]]:
    """The corpora of pre-training alone, all of whose clips are in one split."""
    planned = {name: plan_corpus(CORPORA[name].labelled()).clips for name in UNLABELLED}
    return {name: tuple(replace(clip, split="train") for clip in clips) for name, clips in planned.items()}


def test_a_thousand_clips_are_tested_on_and_about_as_many_trained_on(planned):
    for clips in planned.values():
        n_clips = {split: sum(clip.split == split for clip in clips) for split in ("train", "valid", "test")}
        assert n_clips["test"] >= 1000
        assert n_clips["train"] >= 800
        assert n_clips["valid"] >= 170


def test_unlabelled_corpora_differ_in_size_and_in_little_else(unlabelled):
    n_clips = [len(clips) for clips in unlabelled.values()]
    assert n_clips == sorted(n_clips, reverse=True)
    assert n_clips[0] >= 2 * n_clips[1] >= 4 * n_clips[2]
    for name in UNLABELLED[1:]:
        assert CORPORA[name].soundfont == CORPORA["tunes_large"].soundfont != CORPORA["scores"].soundfont
        for collection, share in CORPORA[name].collections.items():
            assert share.clip_share == CORPORA["tunes_large"].collections[collection].clip_share
    per_work = [len(clips) / len({clip.work.key for clip in clips}) for clips in unlabelled.values()]
    assert max(per_work) < 1.1 * min(per_work)


def test_what_is_evaluated_on_shares_nothing_with_corpora_of_pretraining(planned, unlabelled):
    assert shared({"scores": planned["scores"]} | unlabelled) == {}


def test_no_family_no_work_and_no_name_is_in_two_splits_or_corpora(planned):
    assert shared(planned) == {}


def shared(corpora: dict[str, tuple[ClipPlan, ...]]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Families, works and names that are in several splits or corpora, and in which."""
    places = defaultdict(set)
    for corpus, clips in corpora.items():
        for clip in clips:
            places["family", clip.family_id].add((corpus, clip.split))
            places["work", clip.work.key].add((corpus, clip.split))
            if clip.work.is_tune and (name := tune_name(clip.work.title)):
                places["name", name].add((corpus, clip.split))
    return {key: found for key, found in places.items() if len(found) > 1}
