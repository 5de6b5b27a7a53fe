"""A rendered corpus without labels, for pre-training alone.

What belongs here: its parameters, and what becomes of the tables of a rendered corpus. What does not: rendering, which
is that of labelled corpora, scores kept for other corpora included (:mod:`clmr.corpora.rendered.build`).
"""

from pathlib import Path
from typing import Literal

import pandas as pd

from clmr.corpora.rendered.params import (
    CollectionShare,
    ColouringParams,
    RenderedCorpusParams,
    Soundfont,
    SplitShares,
)
from clmr.corpora.store import CLIPS_NAME, TAGS_NAME
from clmr.storage.files import read_json, write_json, write_text
from clmr.storage.strict import Probability, strict

_COMPLETE_TAGS_NAME, _FACTS_NAME = "tags_complete.csv", "corpus.json"
_FACTS_OF_LABELS = ("n_clips_by_split", "tags", "n_positives", "tags_without_positives")


@strict
class UnlabelledCorpus:
    """Everything that decides the content of an unlabelled corpus; equal parameters give equal bytes.

    Attributes:
        kind: ``unlabelled``, its name among the kinds of corpora.
        soundfont: As those below of :class:`clmr.corpora.rendered.params.RenderedCorpusParams`.
        collections: Share of each collection of scores, by name.
        n_clips: Number of clips, all of them in the training split.
        clips_per_tune: Mean number of clips made from one tune or movement.
        clip_duration_s: Length of each clip.
        sample_rate_hz: Sample rate of the clips.
        p_style: Probability that a track is drawn to fit a style.
        level_db: Lowest and highest level of a clip in dB re full scale.
        colouring: Recording conditions.
        seed: Seed of all draws.
    """

    kind: Literal["unlabelled"]
    soundfont: Soundfont
    collections: dict[str, CollectionShare]
    n_clips: int
    clips_per_tune: float
    clip_duration_s: float
    sample_rate_hz: int
    p_style: Probability
    level_db: tuple[float, float]
    colouring: ColouringParams
    seed: int

    def __post_init__(self) -> None:
        # For its checks, which are those of a labelled corpus.
        self.labelled()

    def labelled(self) -> RenderedCorpusParams:
        """The labelled corpus with the same audio, whose clips are spread over all splits."""
        return RenderedCorpusParams(
            kind="rendered",
            soundfont=self.soundfont,
            # Neither is heard: no tag is published.
            vocabulary="magnatagatune",
            hidden_positive_rate=0.0,
            collections=self.collections,
            n_clips=self.n_clips,
            clips_per_tune=self.clips_per_tune,
            clip_duration_s=self.clip_duration_s,
            sample_rate_hz=self.sample_rate_hz,
            # Productions are dealt split by split, and none may be empty; equal ones never are.
            split_shares=SplitShares(train=1 / 3, valid=1 / 3, test=1 / 3),
            p_style=self.p_style,
            level_db=self.level_db,
            colouring=self.colouring,
            seed=self.seed,
        )

    def build(self, corpus_dir: Path, work_dir: Path, n_workers: int) -> None:
        """Render the corpus.

        Args:
            corpus_dir: Receives ``audio/``, ``clips.csv``, ``tags.csv`` without a tag, and ``corpus.json``.
            work_dir: Keeps finished clips if the build is interrupted.
            n_workers: Processes that render at the same time.
        """
        # Imported here: synthesis needs optional packages, which reading parameters must not.
        from clmr.corpora.rendered.build import build_corpus

        build_corpus(self.labelled(), corpus_dir, work_dir, n_workers)
        drop_labels(corpus_dir)


def drop_labels(corpus_dir: Path) -> None:
    """Take all tags out of the folder of a rendered corpus, and put all of its clips into the training split.

    Args:
        corpus_dir: The folder; its audio stays as it is.
    """
    # As text, so that numbers are written back as they were.
    clips = pd.read_csv(corpus_dir / CLIPS_NAME, dtype=str, na_filter=False).assign(split="train")
    for name, table in ((CLIPS_NAME, clips), (TAGS_NAME, clips[["clip_id"]])):
        write_text(corpus_dir / name, table.to_csv(index=False, lineterminator="\n"))
    (corpus_dir / _COMPLETE_TAGS_NAME).unlink(missing_ok=True)
    facts = read_json(corpus_dir / _FACTS_NAME)
    write_json(corpus_dir / _FACTS_NAME, {key: value for key, value in facts.items() if key not in _FACTS_OF_LABELS})
