"""What a tune is called, however a book prints it."""

import re
import unicodedata

_ASIDES = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_ARTICLES = frozenset({"a", "an", "the"})
# What books add to a name or leave out: the dance ("Do." is ditto, for that of the tune before) and the number of the
# setting.
_ADDED = re.compile(
    r"a|an|the|do|no|settings?|\d{1,2}(st|n?d|rd|th)?|"
    r"(reel|jig|jigg|gigg|hornpipe|clog|strathspey|fling|march|quick|step|quickstep|waltz|polka|minuet|cotillon|air)s?"
)


def tune_name(title: str) -> str:
    """The name in a title, without case, spaces, punctuation, articles, dance and numbering; "" if it names no tune.

    >>> tune_name("HIGHWAY TO DUBLIN -- JIG."), tune_name("The high way to Dublin (2)"), tune_name("A Reel.")
    ('highwaytodublin', 'highwaytodublin', '')
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    # The fiddle books set the dance off by a double dash.
    name = _ASIDES.sub(" ", plain).partition(" -- ")[0]
    words = re.findall(r"[a-z0-9]+", name.replace("'", ""))
    while words and _ADDED.fullmatch(words[-1]):
        words.pop()
    while words and words[0] in _ARTICLES:
        words.pop(0)
    return "" if words == ["untitled"] else "".join(words)
