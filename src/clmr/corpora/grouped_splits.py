"""Splits in which no group is in two parts: drawn by seed, or taken as they are stated and checked."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from clmr.corpora.store import SPLITS

_NAMES = {
    **{name: "train" for name in ("train", "training", "tr")},
    **{name: "valid" for name in ("valid", "validation", "val", "dev", "development")},
    **{name: "test" for name in ("test", "testing", "eval", "evaluation")},
}


def split_named(text: str, where: str) -> str:
    """The split that a text names.

    Args:
        text: Its name, such as ``validation``.
        where: Place of the text, for the message.

    Raises:
        ValueError: If it names none.

    >>> split_named("Validation", "here")
    'valid'
    """
    found = _NAMES.get(text.strip().lower())
    if found is None:
        raise ValueError(f"{where}: found the split {text!r}, allowed are {', '.join(SPLITS)}; rename it")
    return found


def require_whole_groups(splits: Sequence[str], groups: Sequence[str], places: Sequence[str]) -> None:
    """Raise ``ValueError`` if a group is in two splits, naming the places: what is tested would have been trained on.

    Args:
        splits: Split of each clip.
        groups: Its group.
        places: Where its split is stated.
    """
    first: dict[str, tuple[str, str]] = {}
    for split, group, place in zip(splits, groups, places, strict=True):
        other, where = first.setdefault(group, (split, place))
        if other != split:
            raise ValueError(f"{place}: the group {group!r} is in {split} here and in {other} in {where}; choose one")


def draw_splits(
    groups: Sequence[str], tags: Sequence[Sequence[str]], shares: Mapping[str, float], seed: int
) -> list[str]:
    """The split of each clip: groups are dealt out one after the other, each to where its rarest tag lacks most.

    So every tag has about its share of clips in every split, as far as groups allow.

    Args:
        groups: Group of each clip.
        tags: Tags of each clip.
        shares: Share of the clips by split; they add up to 1.
        seed: Decides the order of groups.

    >>> draw_splits(["a", "a", "b", "c"], [[]] * 4, {"train": 0.5, "valid": 0.25, "test": 0.25}, seed=0)
    ['train', 'train', 'test', 'valid']
    """
    counts = Counter(tag for own in tags for tag in own)
    members: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    names = sorted(members)
    order = [names[index] for index in np.random.default_rng(seed).permutation(len(names))]
    # Large groups first: small ones can still make up for what these leave; a stable sort keeps the drawn order.
    order.sort(key=lambda group: -len(members[group]))
    # Of clips without tags the key is empty.
    rarest = {group: _rarest(members[group], tags, counts) for group in order}
    wanted, dealt, total = Counter[str](), Counter[tuple[str, str]](), Counter[str]()
    for group in order:
        wanted[rarest[group]] += len(members[group])
    by_group: dict[str, str] = {}
    for group in order:
        tag = rarest[group]
        # Where a tag lacks in two splits alike, as with few groups, what lacks over all tags decides.
        lacks = {
            split: (round(share * wanted[tag] - dealt[tag, split], 6), share * len(groups) - total[split])
            for split, share in shares.items()
            if share > 0
        }
        chosen = max(lacks, key=lambda split: lacks[split])
        by_group[group] = chosen
        dealt[tag, chosen] += len(members[group])
        total[chosen] += len(members[group])
    return [by_group[group] for group in groups]


def _rarest(clips: Sequence[int], tags: Sequence[Sequence[str]], counts: Counter[str]) -> str:
    own = {tag for clip in clips for tag in tags[clip]}
    return min(own, key=lambda tag: (counts[tag], tag), default="")
