"""Scores that were read once, kept as files: reading one takes music21 ten to a hundred times as long.

The files only save time. One that is missing, damaged or not ours is made anew, and where none can be written,
every score is read from its source.
"""

import functools
import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from clmr.compute.progress import note
from clmr.corpora.rendered.catalogue import WorkRef
from clmr.corpora.rendered.scores import Note, Score
from clmr.storage.files import sha256_of, write_text

# What decides a score besides the packages: how works are found and read, and what a score is.
READING_MODULES = ("catalogue.py", "reading.py", "score_files.py", "scores.py")
_PACKAGES = ("music21", "numpy")


def scores_dir(parent: Path) -> Path:
    """The folder below ``parent`` for scores read by the installed packages and this code; it need not exist."""
    decisive = [version(package) for package in _PACKAGES]
    decisive += [sha256_of(Path(__file__).with_name(module)) for module in READING_MODULES]
    return parent / f"scores-{hashlib.sha256(' '.join(decisive).encode()).hexdigest()[:16]}"


def kept_score(work: WorkRef, folder: Path) -> Score:
    """The score of a work, equal to what :func:`clmr.corpora.rendered.reading.read_score` returns.

    Args:
        work: The work.
        folder: Where scores are kept, from :func:`scores_dir`; several processes may use it at once.

    Raises:
        ValueError: If the work has no notes.
    """
    path = score_file(work, folder)
    score = _loaded(path, work.key)
    if score is None:
        # Imported here: a build that finds all scores need not import music21.
        from clmr.corpora.rendered.reading import read_score

        score = read_score(work)
        try:
            write_text(path, _encoded(score, work.key))
        except OSError as error:
            _note_once(folder, error.strerror or type(error).__name__)
    return score


def score_file(work: WorkRef, folder: Path) -> Path:
    """Where the score of a work is kept; see :func:`kept_score`."""
    return folder / f"{work.key}.json"


def _loaded(path: Path, key: str) -> Score | None:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        note(f"{path}: cannot be read ({error}); reading the score anew")
        return None
    digest, _, content = text.partition("\n")
    if digest != _digest(content, key):
        note(f"{path}: damaged, or not the score of {key}; reading the score anew")
        return None
    return _decoded(content)


def _encoded(score: Score, key: str) -> str:
    # Not through write_json, which gives every number a line of its own. JSON keeps floats exactly.
    rest = (score.bar_quarters, score.metre, score.one_metre, score.pickup_quarters, score.tonic, score.mode)
    values = ([_plain(part) for part in score.parts], _plain(score.melody), *rest)
    content = json.dumps(values, separators=(",", ":"), allow_nan=False)
    return f"{_digest(content, key)}\n{content}"


def _plain(notes: tuple[Note, ...]) -> list[tuple[float, float, int]]:
    return [(note.onset, note.length, note.pitch) for note in notes]


def _digest(content: str, key: str) -> str:
    # With the key: the intact file of another work is as wrong as a damaged one.
    return hashlib.sha256(f"{key}\n{content}".encode()).hexdigest()


def _decoded(content: str) -> Score:
    parts, melody, bar_quarters, metre, one_metre, pickup_quarters, tonic, mode = json.loads(content)
    return Score(
        parts=tuple(tuple(Note(*values) for values in part) for part in parts),
        melody=tuple(Note(*values) for values in melody),
        bar_quarters=bar_quarters,
        metre=tuple(metre),
        one_metre=one_metre,
        pickup_quarters=pickup_quarters,
        tonic=tonic,
        mode=mode,
    )


@functools.cache
def _note_once(folder: Path, error: str) -> None:
    """Once in each process, not for each of a thousand works."""
    note(f"{folder}: scores cannot be kept there ({error}); they are read again in every build")
