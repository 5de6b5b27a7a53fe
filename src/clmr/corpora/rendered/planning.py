"""The clips of a corpus: works, splits and productions, decided before any score is read."""

import functools
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from clmr.corpora.rendered.catalogue import Catalogue, WorkRef, read_catalogue
from clmr.corpora.rendered.draws import generator, position
from clmr.corpora.rendered.families import tune_families
from clmr.corpora.rendered.params import RenderedCorpusParams
from clmr.corpora.rendered.productions import TEMPO_BPM, Production, draw_productions
from clmr.corpora.store import SPLITS

# Weights in the choice of works. There would otherwise be too few of the rare dance types and modes to learn from.
_DANCE_WEIGHTS = {"": 1.0, "reel": 1.0, "jig": 2.0, "hornpipe": 2.5, "strathspey": 40.0}
_RARE_WORK_WEIGHT = 10.0
# Probability that a score in parts is played as written, all parts on one instrument, and not arranged.
_P_PARTS = 0.45
# As in MagnaTagATune, some clips are excerpts of one recording.
_EXCERPTS_PER_TRACK = 2
# A larger family goes into training: in the test split, where families are resampled as a whole, a single one could
# widen every interval.
_MOST_CLIPS_OF_TESTED_FAMILY = 40
# Of a movement of usual length, more clips would overlap, and differ in their instruments alone.
_MOST_CLIPS_PER_WORK = 12


@dataclass(frozen=True)
class ClipPlan:
    """One clip to be made.

    Attributes:
        clip_id: Unique, sorts in corpus order.
        track_id: Clips of one track are excerpts of one performance and share a split.
        family_id: Works of one tune family share a split.
        split: "train", "valid" or "test".
        work: The score.
        production: Who plays it and how.
        pulse_bpm: Beats per minute.
        level_db: Level of the clip in dB re full scale.
        transpose: Semitones by which the work is transposed.
        start_fraction: Position in the work at which the clip begins, in [0, 1).
    """

    clip_id: str
    track_id: str
    family_id: str
    split: str
    work: WorkRef
    production: Production
    pulse_bpm: float
    level_db: float
    transpose: int
    start_fraction: float


@dataclass(frozen=True)
class CorpusPlan:
    """All clips of a corpus, and how many works could not be used, by reason."""

    clips: tuple[ClipPlan, ...]
    n_skipped: dict[str, int]


@dataclass(frozen=True)
class _Track:
    work: WorkRef
    family_id: str
    split: str
    number: int
    n_clips: int


def plan_corpus(params: RenderedCorpusParams) -> CorpusPlan:
    """The clips of a corpus in order; a pure function of the parameters and the installed scores.

    Raises:
        ValueError: If a collection has too few works for its clips, or a split would get no clip.
    """
    catalogue = read_catalogue()
    clip_counts: dict[WorkRef, int] = {}
    for collection, n_clips in _clips_per_collection(params).items():
        works = _chosen_works(params, catalogue, collection, n_clips)
        for index, work in enumerate(works):
            clip_counts[work] = n_clips // len(works) + (index < n_clips % len(works))
    splits = _splits(params, clip_counts)
    tracks = [track for work, n_clips in clip_counts.items() for track in _tracks(work, n_clips, splits)]
    return CorpusPlan(tuple(_clip_plans(params, tracks)), catalogue.n_skipped)


@functools.cache
def _families() -> dict[str, str]:
    return tune_families(read_catalogue().works)


def _clips_per_collection(params: RenderedCorpusParams) -> dict[str, int]:
    """Clips of each collection, rounded by largest remainders so that they add up to ``n_clips``."""
    exact = {name: share.clip_share * params.n_clips for name, share in sorted(params.collections.items())}
    counts = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (counts[name] - exact[name], name))
    for name in by_remainder[: params.n_clips - sum(counts.values())]:
        counts[name] += 1
    return {name: count for name, count in counts.items() if count}


def _chosen_works(
    params: RenderedCorpusParams,
    catalogue: Catalogue,
    collection: str,
    n_clips: int,
) -> list[WorkRef]:
    low, high = params.collections[collection].family_window
    # By the position of the family, not of the work: so corpora with disjoint windows share no tune.
    works = [
        work
        for work in catalogue.works
        if work.collection == collection and low <= position("family", _families()[work.key]) < high
    ]
    if len(works) * _MOST_CLIPS_PER_WORK < n_clips:
        raise ValueError(
            f"collections.{collection}: found {len(works) or 'no'} work(s) in the family_window [{low}, {high}) for "
            f"{n_clips} clips, allowed are {_MOST_CLIPS_PER_WORK} of a work; widen the window or lower the clip_share"
        )
    n_works = min(len(works), max(1, round(n_clips / params.clips_per_tune)))
    return sorted(works, key=lambda work: (-_priority(params.seed, work), work.key))[:n_works]


def _priority(seed: int, work: WorkRef) -> float:
    # Efraimidis & Spirakis (2006): the n largest u ** (1 / w) are a weighted sample without replacement.
    weight = _DANCE_WEIGHTS.get(work.dance, _RARE_WORK_WEIGHT)
    if work.mode == "modal":
        weight = _RARE_WORK_WEIGHT
    return position("work", seed, work.key) ** (1 / weight)


def _splits(params: RenderedCorpusParams, clip_counts: dict[WorkRef, int]) -> dict[str, str]:
    """Split of every family, such that each split gets its share of the clips of every kind of work."""
    n_clips: dict[str, int] = defaultdict(int)
    kinds: dict[str, tuple[str, str, str]] = {}
    for work, count in sorted(clip_counts.items(), key=lambda item: item[0].key):
        family = _families()[work.key]
        n_clips[family] += count
        kinds.setdefault(family, (work.collection, work.dance, work.mode))
    # Families of one kind come one after another, large ones first.
    order = sorted(kinds, key=lambda family: (kinds[family], -n_clips[family], position("split", params.seed, family)))
    # Each goes to the split that is furthest behind its share, of the family's collection and of the whole corpus. By
    # the whole alone, a large family of chorales would cost training all of the next composer; by collections alone,
    # the smallest split would get nothing of the smaller ones.
    of_all = dict.fromkeys(SPLITS, 0)
    by_collection: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SPLITS, 0))
    splits = {}
    for family in order:
        counts = (of_all, by_collection[kinds[family][0]])
        split = max(SPLITS, key=lambda name: sum(_behind(params, name, taken, n_clips[family]) for taken in counts))
        if n_clips[family] > _MOST_CLIPS_OF_TESTED_FAMILY:
            split = "train"
        splits[family] = split
        for taken in counts:
            taken[split] += n_clips[family]
    empty = [name for name in SPLITS if name not in splits.values()]
    if empty:
        raise ValueError(
            f"split_shares: found no clip for {', '.join(empty)} among {params.n_clips} clips of {len(order)} tune "
            f"families, expected one in every split; raise n_clips or the share, since families are not divided"
        )
    return splits


def _behind(params: RenderedCorpusParams, split: str, taken: dict[str, int], n_more: int) -> float:
    """Clips that a split lacks of its share once ``n_more`` are dealt."""
    return getattr(params.split_shares, split) * (sum(taken.values()) + n_more) - taken[split]


def _tracks(work: WorkRef, n_clips: int, splits: dict[str, str]) -> list[_Track]:
    """The performances of a work: each clip of a tune is one, while up to two clips of a longer score share one."""
    family = _families()[work.key]
    # A clip plays a tune through and loops it, so two excerpts of one performance would be nearly the same.
    per_track = 1 if work.is_tune else _EXCERPTS_PER_TRACK
    starts = range(0, n_clips, per_track)
    return [
        _Track(work, family, splits[family], number, min(per_track, n_clips - start))
        for number, start in enumerate(starts, start=1)
    ]


def _clip_plans(params: RenderedCorpusParams, tracks: list[_Track]) -> list[ClipPlan]:
    plans: list[ClipPlan] = []
    for split in SPLITS:
        members = [track for track in tracks if track.split == split]
        rng = generator("recipes", params.seed, split)  # the name is part of the seed: another draws other corpora
        p_parts = np.array([0.0 if track.work.is_tune else _P_PARTS for track in members])
        # Dealt split by split, so that every factor is as frequent in the small splits as in training.
        for track, production in zip(
            members, draw_productions(len(members), params.p_style, p_parts, rng), strict=True
        ):
            plans += _track_plans(params, track, production)
    plans.sort(key=lambda plan: (plan.track_id, plan.start_fraction))
    width = len(str(len(plans)))
    return [replace(plan, clip_id=f"{index:0{width}d}-{plan.track_id}") for index, plan in enumerate(plans)]


def _track_plans(params: RenderedCorpusParams, track: _Track, production: Production) -> list[ClipPlan]:
    track_id = f"{track.work.key}-v{track.number}"
    rng = generator("track", params.seed, track_id)
    pulse_bpm = float(rng.uniform(*TEMPO_BPM[production.tempo]))
    level_db = float(rng.uniform(*params.level_db))
    # All twelve keys, each by the shorter way.
    transpose = int(rng.integers(-5, 7))
    # One start in each equal stretch of the work, so that excerpts of one performance lie apart.
    starts = (np.arange(track.n_clips) + rng.random(track.n_clips)) / track.n_clips
    return [
        ClipPlan(
            clip_id="",
            track_id=track_id,
            family_id=track.family_id,
            split=track.split,
            work=track.work,
            production=production,
            pulse_bpm=pulse_bpm,
            level_db=level_db,
            transpose=transpose,
            start_fraction=float(start),
        )
        for start in starts
    ]
