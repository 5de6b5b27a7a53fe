"""The page itself: one HTML file with data, style and script inside, and audio in files beside it.

What belongs here: what the page is told, and its text. What does not: which segments it has
(:mod:`clmr.paper.listening.selection`), and where files lie (the stage).
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from clmr.paper.listening.selection import ListeningParams

TEMPLATE_DIR = Path(__file__).parent / "template"
_SCORE_DECIMALS = 4


@dataclass(frozen=True)
class Head:
    """The head whose tags can be chosen.

    Attributes:
        corpus: Corpus that it was trained on.
        tags: Its K tags.
    """

    corpus: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class ListedCorpus:
    """The segments of one corpus that the page has.

    Attributes:
        name: Name of the corpus.
        n_segments: Segments of its test split, of which those listed are a part.
        segments: One row per listed segment: title, track_id, start_s, and audio, the file relative to the page.
        values: Activations, shape (B, D).
        scores: Scores of the head, shape (B, K); K is 0 without a head.
        tags: The corpus's own tags, shape (B, L), 0/1; L is 0 for a corpus without tags.
        tag_names: The L tags.
    """

    name: str
    n_segments: int
    segments: pd.DataFrame
    values: np.ndarray
    scores: np.ndarray
    tags: np.ndarray
    tag_names: tuple[str, ...]


@dataclass(frozen=True)
class Heard:
    """The encoder, and what it hears of each segment.

    Attributes:
        run: The run whose encoder it is.
        sample_rate_hz: Rate of the audio.
        segment_samples: Length of a segment.
    """

    run: str
    sample_rate_hz: int
    segment_samples: int


def page_data(
    scale: str, params: ListeningParams, heard: Heard, head: Head | None, corpora: Sequence[ListedCorpus]
) -> dict[str, Any]:
    """What the page is told, as plain values.

    Args:
        scale: Label of all numbers.
        params: Settings of the page.
        heard: The encoder, and rate and length of the segments.
        head: The head; None if only features can be chosen.
        corpora: The corpora, that which is shown first in front.

    Raises:
        ValueError: If there is no corpus, one has no segment, or the corpora differ in their number of features.
    """
    empty = [corpus.name for corpus in corpora if not len(corpus.segments)]
    if empty or not corpora:
        raise ValueError(
            f"found no segment to listen to in {', '.join(empty) or 'any corpus'}, where every feature is constant; "
            "choose a run that was trained (params.yaml: interpretability.activations.primary.run)"
        )
    n_features = {corpus.values.shape[1] for corpus in corpora}
    if len(n_features) > 1:
        raise ValueError(f"found {sorted(n_features)} features, expected those of one encoder for all corpora")
    return {
        "scale": scale,
        "run": heard.run,
        "n_per_feature": params.n_per_feature,
        "n_per_tag": params.n_per_tag,
        "rows_per_page": params.rows_per_page,
        "most_features": params.most_features,
        "n_features": n_features.pop(),
        "sample_rate_hz": heard.sample_rate_hz,
        "segment_s": heard.segment_samples / heard.sample_rate_hz,
        "head": {"corpus": head.corpus, "tags": list(head.tags)} if head else None,
        "corpora": [_corpus_data(corpus) for corpus in corpora],
    }


def page_html(data: dict[str, Any]) -> str:
    """The page, complete in itself but for the audio.

    Everything in ``data`` is escaped, wherever it stands. On top of that the page forbids browsers to run any script
    but its own, told by its digest, or to load anything but audio.

    Args:
        data: As :func:`page_data` gives it.
    """
    loader = jinja2.FileSystemLoader(TEMPLATE_DIR)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}
    style, script = (f"\n{(TEMPLATE_DIR / name).read_text(encoding='utf-8')}" for name in ("page.css", "page.js"))
    return environment.get_template("page.html").render(
        data=data,
        style=style,
        script=script,
        style_digest=_digest(style),
        script_digest=_digest(script),
    )


def _corpus_data(corpus: ListedCorpus) -> dict[str, Any]:
    segments = [
        {"title": row.title, "track": row.track_id, "start_s": round(row.start_s, 3), "audio": row.audio}
        for row in corpus.segments.itertuples()
    ]
    if corpus.tag_names:
        for segment, of_segment in zip(segments, corpus.tags, strict=True):
            segment["tags"] = np.flatnonzero(of_segment).tolist()
    return {
        "name": corpus.name,
        "n_segments": corpus.n_segments,
        "segments": segments,
        "tags": list(corpus.tag_names) or None,
        # Column by column, as they are sorted and shown; four digits tell segments apart, more would double the page.
        "features": [[float(f"{value:.4g}") for value in column] for column in corpus.values.T],
        "scores": corpus.scores.T.round(_SCORE_DECIMALS).tolist(),
    }


def _digest(text: str) -> str:
    """SHA-256 of a text in the form of a Content-Security-Policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"
