"""Activations of segments: those of the encoder, in the order of the clips, and the same when read again."""

import numpy as np
import pytest
import torch

from clmr.evaluation.embed import embed
from clmr.interpret.activations import Origin, activations_of, load_activations, save_activations, strongest
from clmr.models.initialisation import initialised
from clmr.models.sample_cnn import SampleCNNParams

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def encoder():
    params = SampleCNNParams("sample_cnn", 8_000, 4, "one_rms")
    return initialised(params.build, torch.Generator().manual_seed(0)).eval()


@pytest.fixture(scope="module")
def activations(encoder, store):
    return activations_of(encoder, store, Origin("clmr_primary", 3), batch_size=5, device=CPU, precision="fp32")


def test_they_are_the_embeddings_of_the_test_segments(encoder, store, activations):
    test = embed(encoder, store, 7, CPU, "fp32").of(store.rows("test"))
    np.testing.assert_allclose(activations.values, test.values, atol=1e-5)
    assert activations.segments.clip_id.tolist() == store.clips.clip_id.iloc[test.clips].tolist()
    assert (activations.tags == store.tags[test.clips]).all()
    assert (activations.values >= 0).all()


def test_segments_follow_one_another_without_gap(activations):
    for _, of_clip in activations.segments.groupby("clip_id"):
        np.testing.assert_allclose(of_clip.start_s, np.arange(len(of_clip)) * activations.segment_s)
    assert activations.segment_s == pytest.approx(2.592)


def test_what_is_saved_is_read_again(activations, tmp_path):
    save_activations(tmp_path, activations)
    again = load_activations(tmp_path)
    assert (again.values == activations.values).all()
    assert (again.tags == activations.tags).all()
    assert again.segments.equals(activations.segments)
    assert (again.run, again.store, again.seed, again.tag_names) == (
        "clmr_primary",
        "tones",
        3,
        ("high", "low", "rare", "never"),
    )


def test_a_folder_without_them_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="activations.safetensors: no such checkpoint; run the stage"):
        load_activations(tmp_path)


def test_tables_of_other_lengths_are_refused(activations, tmp_path):
    save_activations(tmp_path, activations)
    table = tmp_path / "segments.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(ValueError, match="all must have one row per segment"):
        load_activations(tmp_path)


@pytest.mark.parametrize("number", [-1, 16])
def test_a_feature_out_of_range_is_refused(activations, number):
    with pytest.raises(ValueError, match=f"found feature {number}, features of clmr_primary are 0 to 15"):
        activations.feature(number)
    assert activations.feature(15).shape == (len(activations.segments),)


def test_the_strongest_come_first():
    values = np.random.default_rng(0).normal(size=(30, 4))
    chosen = strongest(values, 10)
    for feature in range(4):
        own = values[chosen[:, feature], feature]
        assert (np.diff(own) <= 0).all()
        assert own[-1] >= np.delete(values[:, feature], chosen[:, feature]).max()


@pytest.mark.parametrize("wanted", [0, 31])
def test_more_segments_than_there_are_are_refused(wanted):
    with pytest.raises(ValueError, match=f"found n_segments {wanted}, the test split has 30 segments"):
        strongest(np.zeros((30, 2)), wanted)
