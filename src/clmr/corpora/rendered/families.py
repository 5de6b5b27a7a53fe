"""Tune families: works that share so much that they must not be split between train and test.

The fiddle books overlap, and chorale melodies were harmonised many times, under other titles and in
other keys. Families are therefore found by melody: as sequences of diatonic intervals, which do not
change with the key, with repeated notes merged, since that is where settings differ most. A tune that a
book prints under the name it has in another is of one family with it even where the settings differ more.

Only works of one repertoire are compared: fiddle tunes, chorales, or longer movements. A tune of sixty
notes resembles some passage of a movement of a thousand by accident.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, combinations, pairwise

from clmr.corpora.rendered.catalogue import WorkRef
from clmr.corpora.rendered.titles import tune_name

_GRAM_INTERVALS = 7
# Sequences that occur in more works are formulas (scale runs, arpeggios), and say little about kinship.
_MAX_WORKS_PER_RARE_GRAM = 25
# Number of shared sequences, and their share of the shorter work's, from which works are kin: of rare sequences, and of
# all. Formulas chain works together: from 40 % instead of half of all, 100 chorales would be one family.
_ENOUGH_RARE = (6, 0.22)
_MANY = (16, 0.3)
_MOST = (6, 0.5)

_Pair = tuple[str, str]


def tune_families(works: Sequence[WorkRef]) -> dict[str, str]:
    """Family of every work, by work key; a family is named after its first member in key order.

    Two works are related if they are tunes of one name, or if they share enough interval sequences: at least
    6 rare ones that are 22 % of the shorter work's, or, with common ones, 16 that are 30 %, or 6 that are
    half of them. Families are the connected components.

    >>> melody = tuple(n * n for n in range(20))
    >>> tune_families([WorkRef(key, "aird", "", 0, "", "", "", melody) for key in "ab"])
    {'a': 'a', 'b': 'a'}
    """
    # Components, not pairs: were only pairs kept together, a chain of settings could still cross the splits.
    parents = {work.key: work.key for work in works}
    repertoires: dict[str, dict[str, frozenset[tuple[int, ...]]]] = defaultdict(dict)
    for work in works:
        repertoires[_repertoire(work)][work.key] = interval_grams(work.steps)
    by_melody = chain.from_iterable(_of_one_melody(grams) for grams in repertoires.values())
    for pair in chain(by_melody, _of_one_name(works)):
        # The smaller key becomes the root, so that names do not depend on the order of comparison.
        first, second = sorted(_root(parents, key) for key in pair)
        parents[second] = first
    return {key: _root(parents, key) for key in parents}


def _repertoire(work: WorkRef) -> str:
    return "tunes" if work.is_tune else "chorales" if work.collection == "bach" else "movements"


def _of_one_melody(grams: dict[str, frozenset[tuple[int, ...]]]) -> Iterator[_Pair]:
    for (first, second), n_rare in _shared_rare_grams(grams).items():
        smaller = min(len(grams[first]), len(grams[second]))
        n_shared = len(grams[first] & grams[second])
        for n_found, (at_least, share) in ((n_rare, _ENOUGH_RARE), (n_shared, _MANY), (n_shared, _MOST)):
            if n_found >= at_least and n_found >= share * smaller:
                yield first, second
                break


def _of_one_name(works: Sequence[WorkRef]) -> Iterator[_Pair]:
    # Of tunes only: scores in parts go by the names of their files.
    named: dict[str, list[str]] = defaultdict(list)
    for work in works:
        if work.is_tune and (name := tune_name(work.title)):
            named[name].append(work.key)
    for keys in named.values():
        yield from pairwise(keys)


def interval_grams(steps: Sequence[int]) -> frozenset[tuple[int, ...]]:
    """All runs of 7 successive intervals of a melody given in diatonic steps, repeated notes merged.

    >>> interval_grams([0, 1, 1, 2, 3, 4, 5, 6, 7]) == interval_grams([9, 10, 11, 12, 13, 14, 15, 16])
    True
    """
    intervals = [after - before for before, after in pairwise(steps) if after != before]
    starts = range(len(intervals) - _GRAM_INTERVALS + 1)
    return frozenset(tuple(intervals[start : start + _GRAM_INTERVALS]) for start in starts)


def _shared_rare_grams(grams: dict[str, frozenset[tuple[int, ...]]]) -> Counter[_Pair]:
    """Number of rare sequences that two works share, for every pair that shares any."""
    owners: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for key in sorted(grams):
        for gram in grams[key]:
            owners[gram].append(key)
    counts: Counter[_Pair] = Counter()
    for keys in owners.values():
        if len(keys) <= _MAX_WORKS_PER_RARE_GRAM:
            counts.update(combinations(keys, 2))
    return counts


def _root(parents: dict[str, str], key: str) -> str:
    # Halves the path on the way, so that long chains of settings stay fast to follow.
    while parents[key] != key:
        parents[key] = parents[parents[key]]
        key = parents[key]
    return key
