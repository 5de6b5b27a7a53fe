"""The stage of the listening page: from activations and stores to a page whose audio is beside it."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from clmr.batches.segments import segment_starts
from clmr.evaluation.frozen import embeddings_file
from clmr.interpret.activations import Activations, save_activations
from clmr.paper.listening.selection import ListeningParams
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import ListeningStage
from clmr.pipeline.stages import listening
from clmr.storage import paths
from clmr.storage.tensors import save_tensors
from tests.evaluation.probes import probe_params

SEGMENT_SAMPLES, N_FEATURES = 16_000, 6
PARAMS = ListeningStage(
    scale="smoke",
    listening=ListeningParams(n_per_feature=2, n_per_tag=2, rows_per_page=10, most_features=4),
    run="clmr_primary",
    corpora={"primary": "tones", "secondary": "others"},
    head_store="primary",
    seed=0,
    probe=probe_params(heads=("linear",), max_epochs=2, patience_epochs=2, n_resamples=10),
)


@pytest.fixture
def ready(repository, store):
    """A repository with two stores of the same tones, the second without tags, and what encoders made of them."""
    starts, rows = segment_starts(store, SEGMENT_SAMPLES)
    # Features that know the tags, so that a head has something to learn, and one that never responds.
    values = np.random.default_rng(0).uniform(size=(len(rows), N_FEATURES)).astype(np.float32)
    values[:, 0], values[:, 5] = values[:, 0] + 3 * store.tags[rows, 0], 0
    tensors = {"values": torch.from_numpy(values), "clips": torch.from_numpy(rows)}
    save_tensors(embeddings_file(paths.embeddings_dir("evaluate@clmr_primary"), 0), tensors, {})
    heard = np.isin(rows, store.rows("test"))
    clips = store.clips.iloc[rows[heard]].reset_index(drop=True)
    start_s = (starts[heard] - clips.offset.to_numpy()) / store.sample_rate_hz
    segments = clips[["clip_id", "track_id", "group_id"]].assign(start_s=start_s)
    facts = {"run": "clmr_primary", "seed": 0, "sample_rate_hz": 8_000, "segment_samples": SEGMENT_SAMPLES}
    own = Activations(values[heard], segments, store.tags[rows[heard]], store.tag_names, store="primary", **facts)
    other = replace(own, tags=own.tags[:, :0], tag_names=(), store="secondary")
    for activations, corpus in ((own, "tones"), (other, "others")):
        save_activations(paths.activations_dir("clmr_primary", activations.store), activations)
        paths.store_dir(activations.store).parent.mkdir(parents=True, exist_ok=True)
        paths.store_dir(activations.store).symlink_to(store.folder)
        paths.corpus_dir(corpus).mkdir(parents=True)
    titled = store.clips[["clip_id", "track_id", "split"]].assign(title='<b>A "tune" 🎻')
    titled.loc[titled.index[-1], "title"] = ""
    titled.to_csv(paths.corpus_dir("tones") / "clips.csv", index=False)
    titled.drop(columns="title").to_csv(paths.corpus_dir("others") / "clips.csv", index=False)
    return repository


def test_the_page_has_the_strongest_segments_of_both_corpora_and_their_audio(ready, capsys):
    listening.work(Stage("listening", "", PARAMS, {}))
    html = paths.listening_page().read_text(encoding="utf-8")
    (text,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', html, flags=re.S)
    data = json.loads(text)
    own, other = data["corpora"]
    assert (data["run"], data["n_features"], data["segment_s"]) == ("clmr_primary", N_FEATURES, 2.0)
    assert data["head"] == {"corpus": "tones", "tags": ["high", "low", "rare", "never"]}
    assert (own["name"], other["name"]) == ("tones", "others")
    assert own["tags"] == ["high", "low", "rare", "never"]
    assert other["tags"] is None
    # Two clips of each of five features and four tags, at most.
    assert 2 <= len(own["segments"]) <= 18
    assert own["n_segments"] == 36
    assert {segment["title"] for segment in own["segments"]} <= {'<b>A "tune" 🎻', own["segments"][-1]["track"]}
    assert all(segment["title"] == segment["track"] for segment in other["segments"])
    audio = {file.relative_to(paths.listening_page().parent).as_posix() for file in ready.rglob("*.mp3")}
    assert audio == {segment["audio"] for corpus in data["corpora"] for segment in corpus["segments"]}
    assert "segments: " in capsys.readouterr().out


def test_the_head_scores_high_what_it_was_trained_to_find(ready):
    probes, _ = listening.trained_head(replace(PARAMS, probe=replace(PARAMS.probe, max_epochs=60, patience_epochs=60)))
    activations, _ = next(listening.activations_of_corpora(PARAMS))
    scores = listening.head_scores(probes, activations.values)[:, 0]
    tagged = activations.tags[:, 0].astype(bool)
    # Not all: early stopping ends as soon as the few validation clips are told apart.
    assert (scores[tagged][:, None] > scores[~tagged]).mean() > 0.9


def test_the_strongest_segment_of_every_feature_is_there(ready):
    activations, corpus = next(listening.activations_of_corpora(PARAMS))
    scores = np.zeros((len(activations.values), 1))
    chosen = listening.chosen_rows(PARAMS, activations, scores)
    assert set(activations.values[:, :5].argmax(axis=0)) <= set(chosen)
    listed = listening.listed_corpus(corpus, activations, scores, chosen)
    pd.testing.assert_index_equal(
        pd.Index(listed.segments.columns).sort_values(),
        pd.Index(["audio", "clip_id", "group_id", "start_s", "title", "track_id"]),
    )
    np.testing.assert_array_equal(listed.values, activations.values[chosen])
