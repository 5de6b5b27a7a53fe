"""Tune families: works whose melodies share enough that they must not be split between train and test.

The fiddle books overlap, and chorale melodies were harmonised many times, under other titles and in
other keys. Families are therefore found by melody: as sequences of diatonic intervals, which do not
change with the key, with repeated notes merged, since that is where settings differ most.

Only works of one repertoire are compared: fiddle tunes, chorales, or longer movements. A tune of sixty
notes resembles some passage of a movement of a thousand by accident.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations, pairwise

from clmr.corpora.rendered.catalogue import WorkRef

_GRAM_INTERVALS = 7
# Formulas that occur in many tunes (scale runs, arpeggios) say nothing about kinship.
_MAX_TUNES_PER_GRAM = 25
_MIN_SHARED_GRAMS = 6
_MIN_SHARED_FRACTION = 0.22


def tune_families(works: Sequence[WorkRef]) -> dict[str, str]:
    """Family of every work, by work key; a family is named after its first member in key order.

    Two works are related if they share at least 6 rare interval sequences, and these are at least 22 %
    of the shorter work's; families are the connected components.

    >>> melody = tuple(n * n for n in range(20))
    >>> tune_families([WorkRef(key, "aird", "", 0, "", "", "", melody) for key in "ab"])
    {'a': 'a', 'b': 'a'}
    """
    # Components, not pairs: were only pairs kept together, a chain of settings could still cross the splits.
    repertoires: dict[str, dict[str, frozenset[tuple[int, ...]]]] = defaultdict(dict)
    for work in works:
        repertoires[_repertoire(work)][work.key] = interval_grams(work.steps)
    return {key: family for grams in repertoires.values() for key, family in _components(grams).items()}


def _repertoire(work: WorkRef) -> str:
    return "tunes" if work.is_tune else "chorales" if work.collection == "bach" else "movements"


def _components(grams: dict[str, frozenset[tuple[int, ...]]]) -> dict[str, str]:
    parents = {key: key for key in grams}
    for (first, second), n_shared in _shared_grams(grams).items():
        smaller = min(len(grams[first]), len(grams[second]))
        if n_shared >= _MIN_SHARED_GRAMS and n_shared >= _MIN_SHARED_FRACTION * smaller:
            # The smaller key becomes the root, so that names do not depend on the order of comparison.
            roots = sorted((_root(parents, first), _root(parents, second)))
            parents[roots[1]] = roots[0]
    return {key: _root(parents, key) for key in parents}


def interval_grams(steps: Sequence[int]) -> frozenset[tuple[int, ...]]:
    """All runs of 7 successive intervals of a melody given in diatonic steps, repeated notes merged.

    >>> interval_grams([0, 1, 1, 2, 3, 4, 5, 6, 7]) == interval_grams([9, 10, 11, 12, 13, 14, 15, 16])
    True
    """
    intervals = [after - before for before, after in pairwise(steps) if after != before]
    starts = range(len(intervals) - _GRAM_INTERVALS + 1)
    return frozenset(tuple(intervals[start : start + _GRAM_INTERVALS]) for start in starts)


def _shared_grams(grams: dict[str, frozenset[tuple[int, ...]]]) -> dict[tuple[str, str], int]:
    owners: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for key in sorted(grams):
        for gram in grams[key]:
            owners[gram].append(key)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for keys in owners.values():
        if 2 <= len(keys) <= _MAX_TUNES_PER_GRAM:
            for pair in combinations(keys, 2):
                counts[pair] += 1
    return counts


def _root(parents: dict[str, str], key: str) -> str:
    # Halves the path on the way, so that long chains of settings stay fast to follow.
    while parents[key] != key:
        parents[key] = parents[parents[key]]
        key = parents[key]
    return key
