"""The tags and the rules by which a clip earns them.

A tag is meant to be given only where a listener would agree. Rules depend on what was played, never on the
sound. Gaps between the classes of tempo leave doubtful cases untagged.

There is no ``loud`` and no ``quiet``, although MagnaTagATune has both. Mastered music has about one level, and so have
the clips (``level_db``). Where levels do differ, these tags say nothing about a network: any that reads amplitude has
them, an untrained one with a ROC-AUC of 100.

Mode, metre and march can hardly be told from the sound, by log-mel statistics or by a supervised network. The
vocabulary ``semantic`` keeps them, as the Million Song Dataset has tags that nobody hears; the tables list them apart,
by a rule that is fixed on the validation split (:mod:`clmr.evaluation.audible`).
"""

from collections.abc import Callable

from clmr.corpora.rendered.params import FOLK_COLLECTIONS
from clmr.corpora.rendered.performance import Performance

_GUITARS = frozenset({"guitar", "electric guitar", "distorted guitar"})
_AMPLIFIED = frozenset({"electric guitar", "distorted guitar", "electric bass"})
_BOWED = frozenset({"violin", "cello", "string section"})
_SYNTHS = frozenset({"synth lead", "synth pad"})
_DRIVING = frozenset({"four on the floor", "backbeat", "double kick", "train"})

Rule = Callable[[Performance], bool]


def tags_of(performance: Performance, vocabulary: str) -> tuple[str, ...]:
    """The tags that a performance earns, in the vocabulary's order."""
    return tuple(tag for tag, rule in VOCABULARIES[vocabulary].items() if rule(performance))


def _plays(*names: str) -> Rule:
    return lambda p: p.plays(names)


def _tempo(name: str) -> Rule:
    return lambda p: p.production.tempo == name


def _is_soft(p: Performance) -> bool:
    gentle = p.all_are("gentle", besides=("piano", "string section", "violin"))
    return p.production.touch == "soft" and not p.has_drums and gentle


# One synthesiser in a folk band does not make it electronic: half of the instruments are, or the drums.
def _is_electronic(p: Performance) -> bool:
    carried = 2 * p.n_synthetic >= len(p.instruments)
    return p.n_synthetic > 0 and (carried or p.production.kit == "electronic")


def _is_dance(p: Performance) -> bool:
    return p.production.drums == "four on the floor" and 108 <= p.pulse_bpm <= 150


# Genres ask for what defines them in sound, not for the style a track was drawn to fit: an independent draw that
# happens to make a metal band is one.
def _is_techno(p: Performance) -> bool:
    synths = {"synth lead", "synth bass"} <= p.instruments
    return (
        p.production.drums == "four on the floor" and p.production.kit == "electronic" and synths and p.pulse_bpm >= 118
    )


def _is_rock(p: Performance) -> bool:
    electric = p.plays(("distorted guitar", "electric guitar")) and "electric bass" in p.instruments
    driven = p.production.drums in ("backbeat", "double kick") and p.production.kit == "acoustic"
    return electric and driven and p.production.tempo != "slow" and p.production.touch != "soft"


def _is_metal(p: Performance) -> bool:
    heavy = p.production.backing == "distorted guitar" and p.production.touch == "hard"
    return heavy and p.production.drums == "double kick" and p.pulse_bpm >= 118


def _is_ambient(p: Performance) -> bool:
    return (
        "synth pad" in p.instruments
        and not p.has_drums
        and p.production.tempo == "slow"
        and p.production.touch != "hard"
    )


def _is_new_age(p: Performance) -> bool:
    dreamy = p.production.lead in ("flute", "harp", "piano", "guitar", "bells") and p.plays(("synth pad", "choir"))
    calm = p.production.tempo in ("slow", "medium") and p.production.touch != "hard"
    return dreamy and calm and not p.has_drums and not p.plays(("distorted guitar", "electric guitar", "banjo"))


def _is_country(p: Performance) -> bool:
    twang = p.production.lead in ("banjo", "violin", "guitar") and p.production.backing in ("guitar", "banjo")
    rhythm = p.production.bass in ("acoustic bass", "electric bass") and p.production.pattern in ("offbeat", "strum")
    return twang and rhythm and p.production.drums in ("", "train", "backbeat") and p.production.tempo != "slow"


def _is_indian(p: Performance) -> bool:
    return p.production.lead == "sitar" and p.production.backing == "sitar" and p.production.kit in ("", "acoustic")


def _is_choral(p: Performance) -> bool:
    singing = p.production.lead == "choir" and (p.production.ensemble == "parts" or p.production.backing == "choir")
    return singing and not p.has_drums


def _is_classical(p: Performance) -> bool:
    return p.all_are("orchestral") and (not p.has_drums or p.production.kit == "orchestral")


# Names of MagnaTagATune's 50 most frequent tags. Left out are loud and quiet, and what cannot be rendered honestly:
# sung voices, opera, pop, weird.
MAGNATAGATUNE: dict[str, Rule] = {
    "guitar": lambda p: p.plays(_GUITARS),
    "classical": _is_classical,
    "slow": _tempo("slow"),
    "techno": _is_techno,
    "strings": lambda p: p.plays(_BOWED),
    "drums": lambda p: p.has_drums,
    "electronic": _is_electronic,
    "rock": _is_rock,
    "fast": _tempo("fast"),
    "piano": _plays("piano"),
    "ambient": _is_ambient,
    "beat": lambda p: p.production.drums in _DRIVING,
    "violin": _plays("violin"),
    "synth": lambda p: p.plays(_SYNTHS),
    "indian": _is_indian,
    "no vocals": lambda p: "choir" not in p.instruments,
    "harpsichord": _plays("harpsichord"),
    "flute": _plays("flute"),
    "soft": _is_soft,
    "sitar": _plays("sitar"),
    "solo": lambda p: p.n_pitched_parts == 1 and not p.has_drums,
    "choir": _plays("choir"),
    "new age": _is_new_age,
    "dance": _is_dance,
    "harp": _plays("harp"),
    "cello": _plays("cello"),
    "country": _is_country,
    "metal": _is_metal,
    "choral": _is_choral,
}


def _dance_type(name: str) -> Rule:
    # A reel at half speed is no longer heard as a reel.
    return lambda p: p.dance == name and p.production.tempo != "slow"


def _metre(name: str) -> Rule:
    return lambda p: p.metre == name


def _mode(name: str) -> Rule:
    return lambda p: p.mode == name


# Bach on synthesisers is not heard as baroque.
def _era(*collections: str) -> Rule:
    return lambda p: p.collection in collections and not p.has_drums and p.n_synthetic == 0 and not p.plays(_AMPLIFIED)


def _is_acoustic(p: Performance) -> bool:
    return p.all_are("acoustic") and p.production.kit != "electronic"


def _is_happy(p: Performance) -> bool:
    lively = p.production.tempo != "slow" and p.production.articulation != "legato" and p.production.touch != "soft"
    return p.mode == "major" and lively


def _is_sad(p: Performance) -> bool:
    return (
        p.mode == "minor"
        and p.production.tempo in ("slow", "medium")
        and p.production.touch != "hard"
        and not _drives(p)
    )


def _is_calm(p: Performance) -> bool:
    return p.production.tempo in ("slow", "medium") and p.production.touch == "soft" and not p.has_drums


def _is_energetic(p: Performance) -> bool:
    return p.production.tempo in ("brisk", "fast") and p.production.touch == "hard"


def _is_mellow(p: Performance) -> bool:
    soft_lead = p.production.lead in (
        "guitar",
        "cello",
        "choir",
        "flute",
        "reed",
        "saxophone",
        "synth pad",
        "harp",
    )
    smooth = (
        p.production.articulation != "staccato"
        and p.production.touch != "hard"
        and p.production.tempo in ("slow", "medium")
    )
    return soft_lead and smooth and not _drives(p) and "distorted guitar" not in p.instruments


def _is_aggressive(p: Performance) -> bool:
    return "distorted guitar" in p.instruments and p.production.touch == "hard" and _drives(p)


def _drives(p: Performance) -> bool:
    return p.production.drums in _DRIVING


def _is_folk(p: Performance) -> bool:
    return p.collection in FOLK_COLLECTIONS and p.all_are("folk") and p.production.drums in ("", "hand")


# For the corpus in the role of the Million Song Dataset: dances, metre, mode, era and mood, besides instruments.
SEMANTIC: dict[str, Rule] = {
    "reel": _dance_type("reel"),
    "jig": _dance_type("jig"),
    "hornpipe": _dance_type("hornpipe"),
    "slip jig": _dance_type("slip jig"),
    "strathspey": _dance_type("strathspey"),
    "march": _dance_type("march"),
    "duple metre": _metre("duple"),
    "triple metre": _metre("triple"),
    "compound metre": _metre("compound"),
    "major": _mode("major"),
    "minor": _mode("minor"),
    "modal": _mode("modal"),
    "baroque": _era("bach"),
    "classical era": _era("mozart", "haydn", "beethoven"),
    "romantic": _era("schumann"),
    "traditional": _era(*sorted(FOLK_COLLECTIONS)),
    "happy": _is_happy,
    "sad": _is_sad,
    "calm": _is_calm,
    "energetic": _is_energetic,
    "mellow": _is_mellow,
    "aggressive": _is_aggressive,
    "party": _is_dance,
    "chillout": lambda p: "synth pad" in p.instruments and p.production.tempo in ("slow", "medium") and not _drives(p),
    "acoustic": _is_acoustic,
    "electronic": _is_electronic,
    "instrumental": lambda p: "choir" not in p.instruments,
    "solo": lambda p: p.n_pitched_parts == 1 and not p.has_drums,
    "folk": _is_folk,
    "rock": _is_rock,
    "drums": lambda p: p.has_drums,
    "guitar": lambda p: p.plays(_GUITARS),
    "piano": _plays("piano"),
    "strings": lambda p: p.plays(_BOWED),
    "flute": _plays("flute"),
    "brass": _plays("brass"),
    "saxophone": _plays("saxophone"),
    "organ": _plays("organ"),
    "accordion": _plays("accordion"),
    "choir": _plays("choir"),
}

VOCABULARIES: dict[str, dict[str, Rule]] = {"magnatagatune": MAGNATAGATUNE, "semantic": SEMANTIC}
