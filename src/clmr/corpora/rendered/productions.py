"""Productions: who plays a track, how and how fast.

The factors of a production are drawn independently of each other, of the work and of the split, so that no
factor gives another away: in a first sketch, where styles fixed the instruments, log-mel statistics reached
0.97 ROC-AUC. A share of the tracks is drawn to fit a style instead, since independent draws seldom make,
say, a metal band.
"""

from dataclasses import dataclass, replace

import numpy as np

from clmr.corpora.rendered.draws import deal
from clmr.corpora.rendered.instruments import DRUM_KITS, INSTRUMENTS

# Beats per minute; the gaps between the classes keep "slow" and "fast" beyond dispute.
TEMPO_BPM = {"slow": (46, 66), "medium": (82, 112), "brisk": (120, 134), "fast": (142, 176)}


@dataclass(frozen=True)
class Production:
    """The drawn factors of one track. Names of instruments are keys of `INSTRUMENTS`; "" means none.

    Attributes:
        style: Style the factors were drawn to fit; "" if they were drawn independently.
        ensemble: "solo", "duo" (lead and backing), "band" (with a bass) or "parts" (the score's own).
        lead: Plays the melody.
        second_lead: Takes turns with the lead.
        backing: Plays the chords.
        pattern: How it plays them.
        bass: Plays the chords' roots.
        pad: Holds the chords in the background.
        drums: Pattern of the drums.
        kit: Key of `DRUM_KITS`.
        tempo: Key of `TEMPO_BPM`.
        touch: "soft", "normal" or "hard".
        articulation: "staccato", "normal" or "legato".
    """

    style: str
    ensemble: str
    lead: str
    second_lead: str
    backing: str
    pattern: str
    bass: str
    pad: str
    drums: str
    kit: str
    tempo: str
    touch: str
    articulation: str


# The options for a track without a style, with their weights.
_CHOICES: dict[str, dict[str, float]] = {
    "ensemble": {"solo": 0.22, "duo": 0.32, "band": 0.46},
    "lead": {
        "piano": 1.0, "harpsichord": 1.1, "organ": 0.7, "accordion": 0.7, "guitar": 1.0,
        "electric guitar": 0.6,
        "distorted guitar": 0.5, "violin": 1.6, "cello": 1.5, "harp": 1.2, "string section": 0.7,
        "choir": 0.9,
        "brass": 1.0, "saxophone": 1.0, "reed": 0.7, "flute": 1.6, "synth lead": 1.4, "synth pad": 0.5,
        "sitar": 1.3, "banjo": 0.8, "bagpipe": 0.5, "bells": 0.6,
    },
    "second_lead": {
        "": 20.0, "violin": 1.0, "cello": 1.0, "flute": 1.0, "brass": 0.7, "saxophone": 0.7, "reed": 0.6,
        "piano": 0.6, "synth lead": 0.8, "harpsichord": 0.6, "harp": 0.6, "choir": 0.6, "sitar": 0.6,
    },
    "backing": {
        "piano": 1.2, "harpsichord": 1.0, "organ": 0.8, "accordion": 0.7, "guitar": 1.4,
        "electric guitar": 0.8,
        "distorted guitar": 0.6, "harp": 1.1, "string section": 1.2, "choir": 1.0, "synth pad": 1.1,
        "banjo": 0.6,
    },
    "pattern": {"block": 1.0, "pulse": 1.0, "offbeat": 1.0, "arpeggio": 1.2, "strum": 0.8},
    "bass": {"acoustic bass": 1.2, "electric bass": 1.0, "synth bass": 0.7},
    "pad": {"": 5.0, "synth pad": 0.7, "string section": 0.6, "choir": 0.5},
    "drums": {
        "": 5.5, "four on the floor": 1.2, "backbeat": 1.2, "double kick": 0.5, "swing": 0.9, "train": 0.7,
        "march": 0.7, "hand": 1.0, "sparse": 0.8,
    },
    "kit": {"acoustic": 2.0, "electronic": 1.3, "jazz": 1.0, "orchestral": 0.7},
    "tempo": {"slow": 0.29, "medium": 0.27, "brisk": 0.19, "fast": 0.25},
    "touch": {"soft": 0.34, "normal": 0.36, "hard": 0.30},
    "articulation": {"staccato": 0.3, "normal": 0.4, "legato": 0.3},
}  # fmt: skip

# What a style requires of the factors that define it; the others stay as drawn, and so give nothing away.
STYLES: dict[str, dict[str, tuple[str, ...]]] = {
    "techno": {
        "ensemble": ("band",), "lead": ("synth lead",), "second_lead": ("",), "bass": ("synth bass",),
        "backing": ("synth pad", "string section", "piano", "choir"), "drums": ("four on the floor",),
        "kit": ("electronic",), "tempo": ("brisk", "fast"), "touch": ("normal", "hard"),
    },
    "dance": {
        "ensemble": ("band",), "drums": ("four on the floor",), "kit": ("electronic", "acoustic"),
        "tempo": ("brisk", "medium", "fast"),
    },
    "rock": {
        "ensemble": ("band",), "backing": ("distorted guitar", "electric guitar"), "bass": ("electric bass",),
        "drums": ("backbeat",), "kit": ("acoustic",), "tempo": ("medium", "brisk", "fast"),
        "touch": ("normal", "hard"), "pattern": ("pulse", "strum"),
    },
    "metal": {
        "ensemble": ("band",), "lead": ("distorted guitar", "violin", "synth lead"),
        "second_lead": ("",), "backing": ("distorted guitar",), "pad": ("", "choir"),
        "bass": ("electric bass",),
        "drums": ("double kick",), "kit": ("acoustic",), "tempo": ("brisk", "fast"), "touch": ("hard",),
    },
    "ambient": {
        "ensemble": ("duo", "band"), "backing": ("synth pad",), "pattern": ("block",), "drums": ("",),
        "tempo": ("slow",), "touch": ("soft", "normal"), "articulation": ("legato",),
    },
    "new age": {
        "ensemble": ("duo", "band"), "lead": ("flute", "harp", "piano", "guitar", "bells"),
        "second_lead": ("",),
        "backing": ("harp", "piano", "guitar", "synth pad", "choir"), "pad": ("synth pad", "choir"),
        "drums": ("",),
        "pattern": ("arpeggio", "block"), "tempo": ("slow", "medium"), "touch": ("soft", "normal"),
    },
    "country": {
        "ensemble": ("band",), "lead": ("banjo", "violin", "guitar"), "second_lead": ("",),
        "backing": ("guitar",),
        "pattern": ("offbeat", "strum"), "bass": ("acoustic bass", "electric bass"), "pad": ("",),
        "drums": ("train", "", "backbeat"), "kit": ("acoustic",), "tempo": ("medium", "brisk", "fast"),
    },
    "indian": {
        "ensemble": ("duo",), "lead": ("sitar",), "second_lead": ("", "flute", "violin"),
        "backing": ("sitar",),
        "drums": ("hand", ""), "kit": ("acoustic",),
    },
    "choral": {
        "ensemble": ("parts",), "lead": ("choir",), "second_lead": ("",), "pad": ("",), "drums": ("",),
        "articulation": ("legato", "normal"), "tempo": ("slow", "medium", "brisk"),
    },
    "classical": {
        "ensemble": ("duo", "band"),
        "lead": ("violin", "cello", "flute", "reed", "piano", "harpsichord", "string section", "harp"),
        "second_lead": ("",), "backing": ("piano", "harpsichord", "string section", "harp"),
        "pattern": ("arpeggio", "block"), "bass": ("acoustic bass",), "pad": ("", "string section"),
        "drums": ("",),
    },
    "folk": {
        "ensemble": ("duo", "band"), "lead": ("violin", "flute", "accordion", "banjo", "bagpipe"),
        "second_lead": ("", "violin", "flute"), "backing": ("guitar", "accordion"),
        "bass": ("acoustic bass",),
        "pad": ("",), "drums": ("", "hand"), "kit": ("acoustic",), "tempo": ("medium", "brisk", "fast"),
    },
}  # fmt: skip


def draw_productions(
    n_productions: int, p_style: float, p_parts: np.ndarray, rng: np.random.Generator
) -> list[Production]:
    """``n_productions`` productions whose factors each occur as often as their weights say, in random combination.

    Args:
        n_productions: Number of productions.
        p_style: Fraction drawn to fit a style, the same number for each style.
        p_parts: Probability that each production plays the score's own parts, shape (n_productions,); 0 for
            tunes, which have only one.
        rng: Source of all draws.

    >>> len(draw_productions(3, 0.5, np.zeros(3), np.random.default_rng(0)))
    3
    """
    styles = ("", *STYLES)
    style_weights = (1 - p_style, *[p_style / len(STYLES)] * len(STYLES))
    drawn = {
        factor: deal(tuple(options), tuple(options.values()), n_productions, rng)
        for factor, options in _CHOICES.items()
    }
    drawn["style"] = deal(styles, style_weights, n_productions, rng)
    productions = [
        Production(**{factor: cards[index] for factor, cards in drawn.items()}) for index in range(n_productions)
    ]
    return [_finished(production, float(p), rng) for production, p in zip(productions, p_parts, strict=True)]


def _finished(production: Production, p_parts: float, rng: np.random.Generator) -> Production:
    wants_parts = rng.random() < p_parts
    if production.style:
        production = _styled(production, rng)
    elif wants_parts:
        production = replace(production, ensemble="parts")
    if p_parts == 0 and production.ensemble == "parts":
        # A choral style on a tune, which is a lone melody: the other voices are made from its chords.
        production = replace(production, ensemble="duo", backing="choir", pattern="block")
    return _without_unused(production)


def _styled(production: Production, rng: np.random.Generator) -> Production:
    wanted = STYLES[production.style]
    # What fits already stays, so that frequencies change no more than the style demands.
    changed = {
        factor: options[int(rng.integers(len(options)))]
        for factor, options in wanted.items()
        if getattr(production, factor) not in options
    }
    return replace(production, **changed)


def _without_unused(production: Production) -> Production:
    """The production without what its ensemble does not have, so that its factors state what sounds."""
    blank: tuple[str, ...] = ()
    if production.ensemble in ("solo", "parts"):
        blank = ("second_lead", "backing", "bass", "pad", "drums")
    elif production.ensemble == "duo":
        blank = ("bass", "pad")
    changed = dict.fromkeys(blank, "")
    # The one style whose duos keep a pad, since its tag asks for a synth pad or a choir.
    if production.style == "new age":
        changed.pop("pad", None)
    # Two players of one instrument would sound as one.
    if production.second_lead in (production.lead, production.backing):
        changed["second_lead"] = ""
    if production.pad in (production.lead, production.backing):
        changed["pad"] = ""
    production = replace(production, **changed)
    return production if production.drums else replace(production, kit="")


@dataclass(frozen=True)
class Programs:
    """The program for each role of a production; 0 where the role is not filled."""

    lead: int
    second_lead: int
    backing: int
    bass: int
    pad: int
    kit: int


def draw_programs(production: Production, rng: np.random.Generator) -> Programs:
    """One of the instrument's programs for every role."""

    def pick(options: tuple[int, ...]) -> int:
        return options[int(rng.integers(len(options)))] if options else 0

    def of_instrument(name: str) -> int:
        return pick(INSTRUMENTS[name].programs if name else ())

    return Programs(
        lead=of_instrument(production.lead),
        second_lead=of_instrument(production.second_lead),
        backing=of_instrument(production.backing),
        bass=of_instrument(production.bass),
        pad=of_instrument(production.pad),
        kit=pick(DRUM_KITS[production.kit] if production.kit else ()),
    )
