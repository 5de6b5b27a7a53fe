"""Which segments the page has: the strongest of each feature and tag, of as many clips as asked for."""

import numpy as np
import pandas as pd
import pytest
import torch

from clmr.evaluation.embed import Embeddings
from clmr.evaluation.probe import Probes
from clmr.paper.listening.selection import head_scores, strongest_of_clips


@pytest.mark.parametrize("n_clips", [1, 3, 9])
def test_each_column_has_its_strongest_clips_by_their_strongest_segment(n_clips):
    rng = np.random.default_rng(0)
    clips = pd.Series(np.repeat([f"clip{number}" for number in range(9)], 4))
    values = rng.permuted(np.tile(np.arange(36.0), (5, 1)), axis=1).T
    wanted = set()
    for column in values.T:
        frame = pd.DataFrame({"clip": clips, "value": column})
        best = frame.loc[frame.groupby("clip").value.idxmax()].nlargest(n_clips, "value")
        wanted |= set(best.index)
    assert strongest_of_clips(values, clips, n_clips).tolist() == sorted(wanted)


def test_a_feature_that_never_responds_has_no_strongest_segment():
    assert strongest_of_clips(np.zeros((4, 3)), pd.Series(list("abcd")), 2).size == 0


def test_of_equal_segments_the_first_is_taken():
    values = np.array([[0.0], [1.0], [1.0], [1.0]])
    assert strongest_of_clips(values, pd.Series(list("abcd")), 2).tolist() == [1, 2]
    assert strongest_of_clips(values, pd.Series(list("aabb")), 2).tolist() == [1, 2]


def test_a_split_of_fewer_clips_gives_all_of_them():
    assert strongest_of_clips(np.array([[0.0], [1.0]]), pd.Series(["a", "b"]), 5).tolist() == [0, 1]


def test_scores_of_segments_average_to_those_that_the_evaluation_has_of_clips():
    rng = torch.Generator().manual_seed(0)
    layer = torch.randn(2, 5, 3, generator=rng), torch.randn(2, 5, 1, generator=rng)
    probes = Probes((layer,), torch.randn(3, generator=rng), torch.ones(3), epochs=(1, 1))
    values = torch.randn(6, 3, generator=rng).numpy()
    of_clips, _ = probes.clip_scores(Embeddings(values, np.array([0, 0, 0, 1, 1, 1])))
    scores = head_scores(probes, values)
    assert scores.shape == (6, 5)
    np.testing.assert_allclose(scores.reshape(2, 3, 5).mean(axis=1), of_clips.mean(axis=0), rtol=1e-6)
