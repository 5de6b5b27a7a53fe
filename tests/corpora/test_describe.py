import json
from pathlib import Path

import pandas as pd

from clmr.corpora.describe import corpus_metrics, describe
from tests.conftest import write_corpus


def test_splits_are_counted_by_clip_track_and_group(corpus_dir: Path):
    table = describe(corpus_dir)
    assert list(table.index) == ["train", "valid", "test"]
    assert table.clips.tolist() == [24, 12, 12]
    assert table.tracks.tolist() == table.groups.tolist() == [12, 6, 6]
    assert (table["clips without tag"] == 0).all()


def test_groups_are_counted_apart_from_tracks(tmp_path: Path):
    corpus = write_corpus(tmp_path, n_tracks=8, clips_per_track=2)
    clips = pd.read_csv(corpus / "clips.csv")
    clips.assign(group_id=clips.split).to_csv(corpus / "clips.csv", index=False)
    assert describe(corpus).groups.tolist() == [1, 1, 1]


def test_metrics_are_plain_numbers(corpus_dir: Path):
    metrics = json.loads(json.dumps(corpus_metrics(corpus_dir)))
    assert metrics["n_tags"] == 4
    assert metrics["splits"]["test"]["groups"] == 6
