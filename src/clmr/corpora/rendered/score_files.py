"""Scores kept as small files, so that a work is parsed once for all corpora, builds and interruptions.

What belongs here: the form of the files, and what happens where they fail. What does not: parsing (``reading``).
"""

import dataclasses
import hashlib
import importlib.metadata
import json
from pathlib import Path
from typing import Any

from clmr.compute.progress import note
from clmr.corpora.rendered import reading, scores
from clmr.corpora.rendered.catalogue import WorkRef
from clmr.corpora.rendered.reading import read_score
from clmr.corpora.rendered.scores import Note, Score
from clmr.storage.files import write_text


def scores_dir(work_dir: Path) -> Path:
    """The folder of the scores that this code and this music21 parse, beside the work folders of all builds."""
    code = Path(reading.__file__).read_bytes() + Path(scores.__file__).read_bytes()
    made_by = code + importlib.metadata.version("music21").encode()
    return work_dir.parent / f"scores-{hashlib.sha256(made_by).hexdigest()[:12]}"


def kept_score(work: WorkRef, folder: Path) -> Score:
    """The score of a work: what an earlier call has kept in ``folder``, or parsed now and kept.

    A file that is damaged, or a folder that cannot be written, costs time only: the work is parsed, with a line of log.

    Args:
        work: The work.
        folder: From :func:`scores_dir`.

    Raises:
        ValueError: If music21 finds no notes in it.
    """
    path = folder / f"{hashlib.sha256(work.key.encode()).hexdigest()[:16]}.json"
    if path.is_file():
        try:
            return _score_of(json.loads(path.read_text(encoding="utf-8")), work)
        except (ValueError, KeyError, TypeError) as error:
            note(f"{path} is damaged ({error}); parsing {work.key} again")
    score = read_score(work)
    try:
        write_text(path, json.dumps({"work": work.key, **dataclasses.asdict(score)}, separators=(",", ":")) + "\n")
    except OSError as error:
        note(f"{path} cannot be written ({error}); {work.key} will be parsed again when it is needed")
    return score


def _score_of(kept: dict[str, Any], work: WorkRef) -> Score:
    if kept.pop("work") != work.key:
        raise ValueError("it holds another work")
    notes = {name: kept.pop(name) for name in ("parts", "melody")}
    return Score(
        parts=tuple(tuple(Note(**one) for one in part) for part in notes["parts"]),
        melody=tuple(Note(**one) for one in notes["melody"]),
        metre=(int(kept["metre"][0]), int(kept["metre"][1])),
        **{name: value for name, value in kept.items() if name != "metre"},
    )
