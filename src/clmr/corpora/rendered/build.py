"""A rendered corpus on disk: FLAC files, a clip table and tag tables.

Each worker takes one work at a time, reads its score once and writes each of its clips, atomically, into
the work folder; clips found there are kept. The tables are made from the finished clips at the end. So a
build that was killed continues where it stopped, and ends with the same bytes. Scores outlive the build, beside
the work folder, for later builds and for other corpora.
"""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from clmr.compute.progress import progress
from clmr.compute.worker_processes import worker_context
from clmr.corpora.rendered.catalogue import WorkRef
from clmr.corpora.rendered.params import RenderedCorpusParams
from clmr.corpora.rendered.planning import ClipPlan, plan_corpus
from clmr.corpora.rendered.rendering import perform, play_clip, render_clip
from clmr.corpora.rendered.score_files import kept_score, score_file, scores_dir
from clmr.corpora.rendered.scores import Score
from clmr.corpora.rendered.tables import TABLES, write_tables
from clmr.corpora.rendered.vocabulary import tags_of
from clmr.storage.files import read_json, replacing, write_json


@dataclass(frozen=True)
class _Task:
    """All clips of one work that are still to be made."""

    clips: tuple[ClipPlan, ...]
    params: RenderedCorpusParams
    work_dir: Path
    scores_dir: Path

    @property
    def work(self) -> WorkRef:
        return self.clips[0].work


def build_corpus(params: RenderedCorpusParams, out_dir: Path, work_dir: Path, n_workers: int) -> None:
    """Make the corpus in ``out_dir``; the result depends on ``params`` alone.

    Args:
        params: What to make.
        out_dir: Receives ``audio/``, ``clips.csv``, ``tags.csv``, ``tags_complete.csv``, ``corpus.json``.
        work_dir: Keeps finished clips if the build is interrupted; removed on success. The caller
            names it after the parameters and the code, since finished clips are not made again. Scores are
            kept in a folder beside it, which remains.
        n_workers: Processes that render at the same time.

    Raises:
        ValueError: If ``n_workers`` is not positive, or a collection has no work for its clips.
    """
    if n_workers < 1:
        raise ValueError(f"n_workers must be >= 1, got {n_workers}; pass the number of cores to use")
    plan = plan_corpus(params)
    _render_missing(plan.clips, params, work_dir, n_workers)
    # Read back even where they were just written: a resumed build makes its tables from the same bytes.
    records = [read_json(_record_path(work_dir, clip.clip_id)) for clip in plan.clips]
    write_tables(params, plan, records, work_dir)
    _publish(work_dir, out_dir)


def _render_missing(clips: Iterable[ClipPlan], params: RenderedCorpusParams, work_dir: Path, n_workers: int) -> None:
    for folder in ("audio", "records"):
        (work_dir / folder).mkdir(parents=True, exist_ok=True)
        for leftover in (work_dir / folder).glob(".*.tmp"):
            leftover.unlink()
    missing = [clip for clip in clips if not _is_finished(work_dir, clip.clip_id)]
    # One task per work, whose score is then read once: a long one takes longer than rendering its clips.
    by_work = sorted(missing, key=lambda clip: clip.work.key)
    scores = scores_dir(work_dir.parent)
    tasks = [
        _Task(tuple(group), params, work_dir, scores) for _, group in groupby(by_work, key=lambda clip: clip.work.key)
    ]
    # Longest tasks first, so that the build does not end with one core reading a quartet and all others idle.
    tasks.sort(key=lambda task: (-_cost_s(task), task.clips[0].clip_id))
    for _ in progress(_completed(tasks, n_workers), "rendering", total=len(tasks), unit="work"):
        pass


def _is_finished(work_dir: Path, clip_id: str) -> bool:
    return _record_path(work_dir, clip_id).is_file() and _audio_path(work_dir, clip_id).is_file()


def _cost_s(task: _Task) -> float:
    # As measured: 0.1 s for a clip; to read a score, 0.1 ms for each note of a tune and 0.4 ms for each of a melody
    # in several parts.
    is_kept = score_file(task.work, task.scores_dir).is_file()
    reading_s = 0.0 if is_kept else (0.0001 if task.work.is_tune else 0.0004) * len(task.work.steps)
    return 0.1 * len(task.clips) + reading_s


def _completed(tasks: list[_Task], n_workers: int) -> Iterator[None]:
    if n_workers == 1:
        yield from map(_render_work, tasks)
        return
    with worker_context().Pool(n_workers) as pool:
        yield from pool.imap_unordered(_render_work, tasks)


def _render_work(task: _Task) -> None:
    """Write all clips of one work, whose score is read only once."""
    score = kept_score(task.work, task.scores_dir)
    for clip in task.clips:
        _write_clip(clip, score, task.params, task.work_dir)


def _write_clip(clip: ClipPlan, score: Score, params: RenderedCorpusParams, work_dir: Path) -> None:
    players = play_clip(clip, score, params)
    samples = render_clip(clip, players, params)
    with replacing(_audio_path(work_dir, clip.clip_id)) as temporary:
        soundfile.write(temporary, _as_int16(samples), params.sample_rate_hz, format="FLAC", subtype="PCM_16")
    performance = perform(clip, score, players)
    record: dict[str, Any] = {
        "tags": list(tags_of(performance, params.vocabulary)),
        "mode": performance.mode,
        "metre": performance.metre,
        "instruments": sorted(performance.instruments),
        "production": asdict(clip.production),
    }
    # Last: a record stands for a finished clip.
    write_json(_record_path(work_dir, clip.clip_id), record)


def _as_int16(samples: np.ndarray) -> np.ndarray:
    return np.round(samples * 32767).astype(np.int16)


def _record_path(work_dir: Path, clip_id: str) -> Path:
    return work_dir / "records" / f"{clip_id}.json"


def _audio_path(work_dir: Path, clip_id: str) -> Path:
    return work_dir / "audio" / f"{clip_id}.flac"


def _publish(work_dir: Path, out_dir: Path) -> None:
    """Move the finished corpus into place and remove the work folder."""
    out_dir.mkdir(parents=True, exist_ok=True)
    # Audio last: killed before that, the next build finds all clips finished and writes the tables again.
    for name in (*TABLES, "audio"):
        target = out_dir / name
        if target.is_dir():
            shutil.rmtree(target)
        target.unlink(missing_ok=True)
        shutil.move(work_dir / name, target)
    shutil.rmtree(work_dir)
