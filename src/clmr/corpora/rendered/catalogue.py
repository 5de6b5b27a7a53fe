"""The scores that are available, found by skimming the text of the installed files.

What belongs here: titles, metres, keys, dance types and the outline of each melody, at a fraction of
a millisecond per work. What does not: the notes themselves, which `reading` reads with music21, a
hundred times slower, and only for the works a corpus uses.
"""

import functools
import importlib.util
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clmr.corpora.rendered.params import COLLECTIONS, FOLK_COLLECTIONS

# Collections in which no restriction was found. Others that music21 brings have unclear or reserved rights
# (Essen, Palestrina), and are left out.
FOLDERS = {
    "aird": ("airdsAirs",),
    "oneill": ("oneills1850",),
    "ryan": ("ryansMammoth",),
    "misc_folk": ("miscFolk",),
    "bach": ("bach",),
    "mozart": ("mozart",),
    "haydn": ("haydn",),
    "beethoven": ("beethoven",),
    "schumann": ("schumann_robert", "schumann_clara"),
}
MIN_MELODY_NOTES = 24
# music21 takes over ten seconds to read a longer movement, for a handful of clips.
MAX_MELODY_NOTES = 2000

# The first match counts, so a slip jig must be looked for before a jig.
_DANCES = {
    "slip jig": r"slip ?jig",
    "strathspey": r"strathspey",
    "hornpipe": r"hornpipe|clog",
    "highland fling": r"fling",
    "reel": r"reel",
    "jig": r"jig",
    "march": r"march|quick ?step",
    "waltz": r"waltz",
    "polka": r"polka",
    "minuet": r"minuet",
}
_MODES = {"": "major", "maj": "major", "m": "minor", "min": "minor", "aeo": "minor", "ion": "major"}
_ABC_NOISE = re.compile(r'"[^"]*"|\{[^}]*\}|![^!]*!|\[[A-Za-z]:[^\]]*\]|%.*')
_ABC_NOTE = re.compile(r"([A-Ga-g])([,']*)")
_XML_NOTE = re.compile(rb"<step>([A-G])</step>\s*(?:<alter>[^<]*</alter>\s*)?<octave>(\d)</octave>")


@dataclass(frozen=True)
class WorkRef:
    """A work, and what its file says about it without being parsed.

    Attributes:
        key: Unique and stable: collection, file and number within the file.
        collection: A name of `params.COLLECTIONS`.
        file: Path below music21's corpus folder.
        tune_index: Number of the tune within an ABC file; 0 for other files.
        title: Title for readers.
        dance: Dance type that the file states in its ``R:`` field or title; "" if none.
        mode: "major", "minor", "modal", or "" where the file does not say.
        steps: Melody as diatonic steps above C0, ornaments left out.
    """

    key: str
    collection: str
    file: str
    tune_index: int
    title: str
    dance: str
    mode: str
    steps: tuple[int, ...]

    @property
    def is_tune(self) -> bool:
        """Whether the work is a single melody line rather than a score in parts."""
        return self.collection in FOLK_COLLECTIONS


@dataclass(frozen=True)
class Catalogue:
    """All usable works in a fixed order, and the number of unusable ones by reason."""

    works: tuple[WorkRef, ...]
    n_skipped: dict[str, int]


def corpus_dir() -> Path:
    """Folder of the scores that come with the installed music21 package.

    Raises:
        FileNotFoundError: If the package is not installed.
    """
    # Found, not imported: importing music21 takes a second, and skimming needs its files only.
    spec = importlib.util.find_spec("music21")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package music21, which brings the scores, is not installed; pip install music21")
    return Path(spec.origin).parent / "corpus"


@functools.cache
def read_catalogue() -> Catalogue:
    """Every work of every allowed collection; planning decides which of them a corpus uses."""
    works: list[WorkRef] = []
    skipped: dict[str, int] = {}
    root = corpus_dir()
    for collection in COLLECTIONS:
        for path in _files(root, collection):
            for work, reason in _skim(root, path, collection):
                if reason:
                    skipped[reason] = skipped.get(reason, 0) + 1
                else:
                    works.append(work)
    return Catalogue(tuple(works), dict(sorted(skipped.items())))


@functools.cache
def tunes_of(path: Path) -> tuple[str, ...]:
    """The tunes of an ABC file, as :func:`split_tunes` finds them; kept, since works are read tune by tune."""
    return tuple(split_tunes(path.read_text(encoding="utf-8")))


def split_tunes(text: str) -> list[str]:
    r"""The tunes of an ABC file, each with its own header.

    >>> [tune[:4] for tune in split_tunes("% a book\nX:1\nK:G\nGABc\nX:2\nK:D\nDEFG\n")]
    ['X:1\n', 'X:2\n']
    """
    return re.split(r"(?m)^(?=X:)", text)[1:]


def _files(root: Path, collection: str) -> list[Path]:
    # Only formats whose licences were checked: the .krn files restrict use.
    suffixes = (".abc", ".mxl", ".xml")
    paths = [path for folder in FOLDERS[collection] for path in (root / folder).rglob("*")]
    return sorted(path for path in paths if path.suffix in suffixes)


def _skim(root: Path, path: Path, collection: str) -> Iterator[tuple[WorkRef, str]]:
    file = path.relative_to(root).as_posix()
    if path.suffix == ".abc":
        for index, tune in enumerate(tunes_of(path)):
            work = _skim_tune(tune, collection, file, index)
            # Their voices would be read as one melody.
            multi_voice = re.search(r"(?m)^V:|\[V:", tune) is not None
            yield work, "several voices in a tune" if multi_voice else _unsuitable(work)
    else:
        work = _skim_score(path, collection, file)
        yield work, _unsuitable(work)


def _unsuitable(work: WorkRef) -> str:
    if len(work.steps) < MIN_MELODY_NOTES:
        return f"fewer than {MIN_MELODY_NOTES} melody notes"
    return f"more than {MAX_MELODY_NOTES} melody notes" if len(work.steps) > MAX_MELODY_NOTES else ""


def _skim_tune(tune: str, collection: str, file: str, index: int) -> WorkRef:
    header, _, body = tune.partition("\nK:")
    key_text, _, body = body.partition("\n")
    fields = re.findall(r"(?m)^([A-Z]):[ \t]*(.*?)[ \t]*$", header)
    titles = [value for letter, value in fields if letter == "T"]
    rhythm = " ".join(value for letter, value in fields if letter == "R")
    lines = [line for line in body.split("\n") if not re.match(r"[A-Za-z]:", line)]
    return WorkRef(
        key=f"{collection}-{Path(file).stem}-{index:04d}",
        collection=collection,
        file=file,
        tune_index=index,
        title=titles[0] if titles else "untitled",
        # The R: field states the dance; a title may only mention one.
        dance=_dance(rhythm) or _dance(" ".join(titles)),
        mode=_abc_mode(key_text),
        steps=_abc_steps("\n".join(lines)),
    )


def _dance(text: str) -> str:
    found = (name for name, pattern in _DANCES.items() if re.search(rf"\b({pattern})s?\b", text.lower()))
    return next(found, "")


def _abc_mode(key_text: str) -> str:
    match = re.match(r"\s*([A-G])([#b]?)\s*([A-Za-z]*)", key_text)
    if match is None:
        return ""
    # In ABC a lone capital M is no mode; "EM" in these files stands for E major.
    word = "" if match[3] == "M" else match[3].lower()[:3]
    if word in ("dor", "mix", "phr", "lyd"):
        return "modal"
    return _MODES.get(word, "")


def _abc_steps(body: str) -> tuple[int, ...]:
    steps = []
    # Accidentals are not read: diatonic steps are enough to compare melodies, and the same in every key.
    for letter, marks in _ABC_NOTE.findall(_ABC_NOISE.sub("", body)):
        octave = 5 if letter.islower() else 4
        octave += marks.count("'") - marks.count(",")
        steps.append(7 * octave + "CDEFGAB".index(letter.upper()))
    return tuple(steps)


def _skim_score(path: Path, collection: str, file: str) -> WorkRef:
    part = _melody_part(xml_bytes(path))
    steps = [7 * int(octave) + b"CDEFGAB".index(step) for step, octave in _XML_NOTE.findall(part)]
    stem = Path(file).with_suffix("").as_posix()
    return WorkRef(
        key=stem.replace("/", "-").replace("_", "-"),
        collection=collection,
        file=file,
        tune_index=0,
        title=stem.replace("/", " ").replace("_", " "),
        dance="",
        mode="",
        steps=tuple(steps),
    )


def xml_bytes(path: Path) -> bytes:
    """The MusicXML text of a file, which may be compressed."""
    if path.suffix == ".xml":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.startswith("META-INF") and name.endswith("xml")]
        return archive.read(names[0])


def _melody_part(xml: bytes) -> bytes:
    """The soprano's part if one is named, else the first; some chorales put a horn on top."""
    named = re.search(rb'<score-part id="([^"]*)">\s*<part-name[^>]*>\s*Soprano', xml)
    start = xml.find(b'<part id="' + named[1]) if named else xml.find(b"<part id=")
    return xml[start : xml.find(b"</part>", start)] if start >= 0 else b""
