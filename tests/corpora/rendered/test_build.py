import csv
import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile

from clmr.corpora.rendered import build, reading
from clmr.corpora.rendered.build import build_corpus
from clmr.corpora.rendered.planning import plan_corpus
from clmr.corpora.rendered.reading import read_score
from clmr.corpora.rendered.rendering import play_clip, render_clip
from clmr.corpora.rendered.tables import hide_positives


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rendered(plan, params):
    return render_clip(plan, play_clip(plan, read_score(plan.work), params), params)


@pytest.fixture(scope="module")
def corpus(params, tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    build_corpus(params, folder / "out", folder / "work", n_workers=1)
    return folder


def test_clips_have_exact_length_are_finite_and_not_silent(params, plans):
    samples = rendered(plans[0], params)
    assert samples.shape == (params.clip_samples,)
    assert samples.dtype == np.float32
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0
    level_db = 20 * np.log10(np.sqrt(np.mean(samples**2)))
    # The limiter takes up to 2 dB off the peaks of the loudest clips.
    assert plans[0].level_db - 2 <= level_db <= plans[0].level_db + 0.1


def test_rendering_twice_gives_the_same_samples(params, plans):
    np.testing.assert_array_equal(rendered(plans[-1], params), rendered(plans[-1], params))


def test_other_soundfont_changes_the_sound_and_not_the_arrangement(params, plans):
    other = replace(params, soundfont="merlin")
    assert list(plan_corpus(other).clips) == plans
    assert not np.array_equal(rendered(plans[0], params), rendered(plans[0], other))


def test_output_is_complete_and_consistent(params, corpus, plans):
    out = corpus / "out"
    clips = pd.read_csv(out / "clips.csv")
    tags, complete = pd.read_csv(out / "tags.csv"), pd.read_csv(out / "tags_complete.csv")
    facts = json.loads((out / "corpus.json").read_text())
    assert len(clips) == facts["n_clips"] == params.n_clips
    assert list(tags["clip_id"]) == list(complete["clip_id"]) == list(clips["clip_id"])
    assert list(tags.columns[1:]) == facts["tags"]
    assert list(clips["group_id"]) == [plan.family_id for plan in plans]
    assert clips["group_id"].nunique() == facts["n_families"]
    totals = complete.drop(columns="clip_id").sum().to_numpy()
    assert (np.diff(totals) <= 0).all(), "tags must come in order of falling frequency"
    for path in clips["path"]:
        info = soundfile.info(out / path)
        assert (info.frames, info.samplerate, info.channels) == (params.clip_samples, 22050, 1)
        assert info.subtype == "PCM_16"
    assert not (corpus / "work").exists()


def test_two_workers_and_a_killed_build_give_the_same_bytes(params, corpus, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    calls = []

    def killed_after_two(clip, players, params):
        if len(calls) == 2:
            raise Killed
        calls.append(clip)
        return render_clip(clip, players, params)

    with monkeypatch.context() as patch:
        patch.setattr(build, "render_clip", killed_after_two)
        with pytest.raises(Killed):
            build_corpus(params, tmp_path / "out", tmp_path / "work", n_workers=1)
    assert len(list((tmp_path / "work" / "records").iterdir())) == 2
    assert not (tmp_path / "out").exists()
    (tmp_path / "work" / "audio" / ".half-written.flac.1.tmp").write_bytes(b"cut off")
    build_corpus(params, tmp_path / "out", tmp_path / "work", n_workers=2)
    assert digests(tmp_path / "out") == digests(corpus / "out")


def test_scores_outlive_the_build_for_other_corpora(params, corpus, plans, tmp_path, monkeypatch):
    (scores,) = [folder for folder in corpus.iterdir() if folder.name not in ("out", "work")]
    assert {file.stem for file in scores.iterdir()} == {plan.work.key for plan in plans}
    shutil.copytree(scores, tmp_path / scores.name)
    # With the scores at hand, none is read from its source.
    monkeypatch.setattr(reading, "read_score", None)
    build_corpus(params, tmp_path / "out", tmp_path / "work", n_workers=1)
    assert digests(tmp_path / "out") == digests(corpus / "out")


def test_no_workers_are_refused(params, tmp_path):
    with pytest.raises(ValueError, match="n_workers must be >= 1, got 0"):
        build_corpus(params, tmp_path / "out", tmp_path / "work", n_workers=0)


def test_tables_are_plain_csv(corpus):
    with (corpus / "out" / "tags.csv").open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert {value for row in rows[1:] for value in row[1:]} <= {"0", "1"}


def test_positives_are_hidden_in_training_only_and_at_the_right_rate():
    rng = np.random.default_rng(0)
    complete = pd.DataFrame((rng.random((4000, 10)) < 0.2).astype(int))
    in_training = np.arange(4000) < 3000
    published = hide_positives(complete, in_training, 0.25, seed=0)
    pd.testing.assert_frame_equal(published[~in_training], complete[~in_training])
    assert ((complete - published).to_numpy() >= 0).all()
    n_positives = int(complete[in_training].to_numpy().sum())
    rate = 1 - published[in_training].to_numpy().sum() / n_positives
    # Four standard deviations of a binomial share with some 6,000 draws.
    assert rate == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / n_positives))
