"""Probes, embeddings and baselines on tones whose tags are true by construction."""

import copy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from clmr.batches.segments import segment_starts
from clmr.compute.seeding import generator
from clmr.corpora.store import Store
from clmr.evaluation.embed import Embeddings, embed, load_embeddings, mean_over_segments
from clmr.evaluation.frozen import Folders, embeddings_file, evaluate_encoder
from clmr.evaluation.log_mel import LogMelParams, evaluate_log_mel, log_mel_statistics
from clmr.evaluation.metrics import mean_pr_auc, tag_scores
from clmr.evaluation.probe import ProbeParams, train_probes
from clmr.evaluation.projection import TSNEParams, project_tracks
from clmr.evaluation.scores import load_clip_scores, load_score_rows, save_score_rows
from clmr.models.encoders import load_encoder, save_encoder
from clmr.models.heads import tagging_head
from clmr.models.initialisation import initialised
from clmr.models.sample_cnn import SampleCNNParams
from clmr.storage.strict import from_mapping, to_mapping
from tests.evaluation.probes import probe_params
from tests.training.recipes import clmr_recipe, cpc_recipe

CPU = torch.device("cpu")


class Levels(nn.Module):
    """An encoder whose embedding is known: mean square of the first and second half."""

    params = SimpleNamespace(clip_samples=8_000, embedding_dim=2)

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        return audio.square().unflatten(1, (2, -1)).mean(dim=2)


def test_segments_are_whole_do_not_overlap_and_leave_none_out(store: Store):
    starts, clips = segment_starts(store, 8_000)
    assert len(starts) == 6 * len(store.clips)
    assert clips.tolist() == np.repeat(np.arange(len(store.clips)), 6).tolist()
    assert (np.diff(starts) >= 8_000).all()
    assert starts[6] == store.clips.offset[1]


def test_clips_shorter_than_a_segment_are_refused(store: Store):
    with pytest.raises(ValueError, match="48 clips have fewer than the 50000 samples"):
        segment_starts(store, 50_000)


@pytest.mark.parametrize("batch_size", [1, 7, 1_000])
def test_embeddings_do_not_depend_on_the_batch(store: Store, batch_size):
    found = embed(Levels(), store, batch_size, CPU, "fp32")
    clip = store.clip(5)[8_000:16_000].astype(np.float64) / 32_768
    expected = np.square(clip).reshape(2, -1).mean(axis=1)
    np.testing.assert_allclose(found.values[5 * 6 + 1], expected, rtol=1e-5)
    assert found.of(np.array([2, 5])).clips.tolist() == [2] * 6 + [5] * 6


def test_statistics_of_all_layers_come_beside_the_embeddings_if_wanted(store: Store):
    encoder = SampleCNNParams("sample_cnn", 8_000, width=16).build().eval().requires_grad_(False)
    plain, found = (embed(encoder, store, 7, CPU, "fp32", with_statistics=wanted) for wanted in (False, True))
    assert plain.statistics is None
    np.testing.assert_array_equal(found.values, plain.values)
    # Mean and deviation of 16, 16 and six times 32 channels, and means of two layers of 64 with a single moment, of
    # which the last is the embedding.
    assert found.statistics.shape == (len(plain.values), 2 * (16 + 16 + 6 * 32) + 2 * 64)
    np.testing.assert_array_equal(found.statistics[:, -64:], found.values)
    audio = torch.from_numpy(store.clip(5)[:20_736].astype(np.float32) / 32_768)
    first = next(encoder.layer_maps(audio[None]))[0, :, 0]
    statistics = found.of(np.array([5])).statistics[0]
    np.testing.assert_allclose(statistics[:16], first.mean(dim=1), rtol=1e-4)
    np.testing.assert_allclose(statistics[16:32], first.std(dim=1, correction=0), rtol=1e-4)
    assert found.for_head("all_layers").values is found.statistics
    assert found.for_head("mlp").values is found.values
    with pytest.raises(ValueError, match="all_layers reads statistics of all layers; embed with them"):
        plain.for_head("all_layers")


def separable(n_clips: int = 200) -> tuple[Embeddings, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (n_clips, 3))
    values = np.repeat(labels @ rng.normal(size=(3, 8)), 4, axis=0) * 5 + 100 + rng.normal(size=(4 * n_clips, 8))
    return Embeddings(values.astype(np.float32), np.repeat(np.arange(n_clips), 4)), labels


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_heads_learn_what_is_separable_and_repeat(kind):
    embeddings, labels = separable()
    train, valid, test = (embeddings.of(np.arange(*bounds)) for bounds in ((0, 120), (120, 150), (150, 200)))
    probes = train_probes(kind, train, valid, labels, probe_params(), 0)
    scores, rows = probes.clip_scores(test)
    assert rows.tolist() == list(range(150, 200))
    assert scores.shape == (2, 50, 3)
    assert min(tag_scores(labels[rows], own).roc_auc.min() for own in scores) > 0.97
    again, _ = train_probes(kind, train, valid, labels, probe_params(), 0).clip_scores(test)
    assert np.array_equal(scores, again)
    other, _ = train_probes(kind, train, valid, labels, probe_params(), 1).clip_scores(test)
    assert not np.array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], other[0])


def alone(kind, train: Embeddings, valid: Embeddings, labels, params: ProbeParams, seed: int, probe: int):
    """One probe trained by itself, by torch's own layers and optimiser; the reference for many at once."""
    head = initialised(
        lambda: tagging_head(kind, train.values.shape[1], labels.shape[1]), generator(seed, "head", kind, probe)
    )
    optimizer = torch.optim.Adam(
        head.parameters(), lr=params.learning_rate[kind], weight_decay=params.weight_decay, fused=True
    )
    mean, scale = train.values.mean(axis=0), train.values.std(axis=0)
    values = torch.from_numpy((train.values - mean) / scale)
    best_score, best_epoch, best_weights = -1.0, 0, None
    for epoch in range(1, params.max_epochs + 1):
        order = torch.randperm(len(values), generator=generator(seed, "order", probe, epoch))
        for batch in order.split(params.batch_size):
            optimizer.zero_grad()
            targets = torch.from_numpy(labels[train.clips[batch]]).float()
            nn.functional.binary_cross_entropy_with_logits(head(values[batch]), targets).backward()
            optimizer.step()
        with torch.inference_mode():
            logits = head(torch.from_numpy((valid.values - mean) / scale))
        scores, rows = mean_over_segments(logits.double().sigmoid(), valid.clips)
        (score,) = mean_pr_auc(labels[rows], scores)
        if score > best_score:
            best_score, best_epoch, best_weights = score, epoch, copy.deepcopy(head.state_dict())
        elif epoch - best_epoch >= params.patience_epochs:
            break
    head.load_state_dict(best_weights)
    return head, best_epoch


def hard(n_clips: int = 150, n_tags: int = 6) -> tuple[Embeddings, np.ndarray]:
    """Tags that are told only in part, so that probes stop after different numbers of epochs."""
    rng = np.random.default_rng(1)
    labels = (rng.random((n_clips, n_tags)) < 0.3).astype(np.uint8)
    values = np.repeat(labels @ rng.normal(size=(n_tags, 10)), 3, axis=0) + 3 * rng.normal(size=(3 * n_clips, 10))
    return Embeddings(values.astype(np.float32), np.repeat(np.arange(n_clips), 3)), labels


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_probes_trained_at_once_are_those_trained_alone(kind):
    embeddings, labels = hard()
    train, valid = embeddings.of(np.arange(100)), embeddings.of(np.arange(100, 150))
    params = probe_params(n_probe_seeds=4, weight_decay=1e-3, batch_size=37, patience_epochs=4)
    probes = train_probes(kind, train, valid, labels, params, 5)
    expected = [alone(kind, train, valid, labels, params, 5, probe) for probe in range(4)]
    assert probes.epochs == tuple(epochs for _, epochs in expected)
    assert len(set(probes.epochs)) > 1  # so that some are kept while others are still trained
    raw = torch.from_numpy(embeddings.values)
    for logits, (head, _) in zip(probes.logits(raw), expected, strict=True):
        torch.testing.assert_close(logits, head((raw - probes.mean) / probes.scale), atol=1e-4, rtol=1e-4)
    assert probes.n_parameters == sum(parameter.numel() for parameter in expected[0][0].parameters())


def test_clip_score_is_the_mean_of_segment_probabilities():
    embeddings, labels = separable(40)
    probes = train_probes("linear", embeddings, embeddings, labels, probe_params(max_epochs=2), 0)
    scores, _ = probes.clip_scores(embeddings)
    ((weights, biases),) = probes.layers
    logits = (((torch.from_numpy(embeddings.values) - probes.mean) / probes.scale) @ weights.mT) + biases.mT
    expected = logits.double().sigmoid().reshape(2, 40, 4, 3).mean(dim=2)
    np.testing.assert_allclose(scores, expected.detach().numpy(), rtol=1e-6)


def test_early_stopping_restores_the_best_weights():
    embeddings, labels = separable(60)
    train, valid = embeddings.of(np.arange(40)), embeddings.of(np.arange(40, 60))
    wrong = 1 - labels  # validation asks for the opposite: the best epoch is the first
    labels = np.concatenate([labels[:40], wrong[40:]])
    stopped = train_probes("linear", train, valid, labels, probe_params(patience_epochs=2), 0)
    once = train_probes("linear", train, valid, labels, probe_params(max_epochs=1), 0)
    assert stopped.epochs == (1, 1)
    assert torch.equal(stopped.layers[0][0], once.layers[0][0])


def test_a_corpus_without_tags_is_refused():
    embeddings, labels = separable(10)
    with pytest.raises(ValueError, match="no clip of the training split has any tag"):
        train_probes("linear", embeddings, embeddings, 0 * labels, probe_params(), 0)


def test_a_tag_that_one_split_lacks_is_no_reason_to_stop():
    embeddings, labels = separable(200)
    labels[:150, 0] = 0  # no positive to learn from
    labels[150:175, 1] = 0  # none to choose the best epoch by
    train, valid, test = (embeddings.of(np.arange(*bounds)) for bounds in ((0, 150), (150, 175), (175, 200)))
    scores, rows = train_probes("linear", train, valid, labels, probe_params(), 0).clip_scores(test)
    assert np.isfinite(scores).all()
    assert tag_scores(labels[rows], scores).n_excluded == 0
    labels[150:175] = 1
    with pytest.raises(ValueError, match="none of the 3 tags has both positives and negatives; use more clips"):
        train_probes("linear", train, valid, labels, probe_params(), 0)


def test_every_head_needs_a_learning_rate_of_its_own():
    values = to_mapping(probe_params())
    assert from_mapping(ProbeParams, values | {"heads": ["linear"], "learning_rate": {"linear": 0.1}}, "probe")
    for rates, message in (
        ({"linear": 0.1}, "probe: learning_rate must be .* each of the heads; add one for mlp, got {'linear': 0.1}"),
        ({"linear": 0.1, "mlp": 0}, "probe.learning_rate.mlp must be > 0, got 0"),
        ({"linear": 0.1, "mlp": 0.1, "deep": 0.1}, "probe.learning_rate.deep.*allowed are 'linear', 'mlp'"),
        (0.1, "probe.learning_rate: found float 0.1, expected a mapping"),
    ):
        with pytest.raises(ValueError, match=message):
            from_mapping(ProbeParams, values | {"learning_rate": rates}, "probe")


@pytest.mark.parametrize("recipe", [clmr_recipe(), cpc_recipe()], ids=["clmr", "cpc"])
def test_an_encoder_is_evaluated_from_its_checkpoint(store: Store, tmp_path, recipe):
    save_encoder(tmp_path / "encoder.safetensors", recipe.encoder.build(), {})
    loaded, out = load_encoder(tmp_path / "encoder.safetensors"), tmp_path / "out"
    heads = ("linear", "mlp", "all_layers")
    probe = probe_params(max_epochs=5, heads=heads, learning_rate=dict.fromkeys(heads, 1e-2))
    folders = Folders(tmp_path, tmp_path / "embeddings", out)
    rows = evaluate_encoder(loaded, store, probe, 3, CPU, folders)
    assert [(row["head"], row["seed"]) for row in rows] == [("linear", 3), ("mlp", 3), ("all_layers", 3)]
    assert rows[0]["n_tags_excluded"] == 2  # "never" and "rare" have no positive in the test split
    n_encoder = sum(parameter.numel() for parameter in loaded.parameters())
    assert rows[0]["n_parameters"] == n_encoder + 4 * (loaded.params.embedding_dim + 1)
    for split in ("valid", "test"):
        scores, clips = load_clip_scores(out, 3, split)
        assert scores["mlp"].shape == (2, len(store.rows(split)), 4)
        assert clips.tolist() == store.rows(split).tolist()
    assert rows[1]["pr_auc_tag"] == pytest.approx(np.nanmean(tag_scores(store.tags[clips], scores["mlp"]).pr_auc))
    # What later stages read has no statistics of layers, which are ten times as large.
    assert load_embeddings(embeddings_file(tmp_path / "embeddings", 3)).statistics is None
    # An interrupted evaluation goes on from its embeddings, whose encoder need not run again.
    embeddings_file(tmp_path / "embeddings", 3).rename(embeddings_file(tmp_path, 3))
    loaded.forward = loaded.layer_maps = None
    assert evaluate_encoder(loaded, store, probe, 3, CPU, folders) == rows


def test_rows_of_scores_are_written_with_six_decimals(tmp_path):
    rows = [{"head": "linear", "seed": 0, "roc_auc_tag": 0.123456789, "epochs": 7}, {"head": "mlp", "seed": 0}]
    save_score_rows(tmp_path, rows)
    assert load_score_rows(tmp_path) == [rows[0] | {"roc_auc_tag": 0.123457}, rows[1]]
    assert '"epochs": 7' in (tmp_path / "scores.json").read_text()


def test_an_encoder_of_another_rate_is_refused(store: Store, tmp_path):
    encoder = SampleCNNParams("sample_cnn", 16_000, width=2).build()
    with pytest.raises(ValueError, match="tones has 8000 Hz, the encoder reads 16000 Hz; use a store of that rate"):
        evaluate_encoder(encoder, store, probe_params(), 0, CPU, Folders(tmp_path, tmp_path, tmp_path))


def test_tracks_are_projected_to_the_plane(store: Store):
    encoder = clmr_recipe().encoder.build().eval()
    points = project_tracks(encoder, store, TSNEParams("run", 3, 5, 4.0, 0))
    assert len(points) == 15
    assert points.track_id.nunique() == 3
    with pytest.raises(ValueError, match="t_sne.n_tracks is 99, the test split"):
        project_tracks(encoder, store, TSNEParams("run", 99, 5, 4.0, 0))


def test_a_projection_at_another_rate_or_from_too_short_clips_is_refused(store: Store):
    # The tones last 6 s: more than 8 kHz encoders read, and less than this one.
    longer = cpc_recipe(encoder=replace(cpc_recipe().encoder, clip_samples=80_000)).encoder.build().eval()
    with pytest.raises(ValueError, match="no clip in .*'test'.* has the 80000 samples"):
        project_tracks(longer, store, TSNEParams("run", 3, 5, 4.0, 0))
    other = clmr_recipe(encoder=SampleCNNParams("sample_cnn", 16_000, width=4)).encoder.build().eval()
    with pytest.raises(ValueError, match="8000 Hz.*16000"):
        project_tracks(other, store, TSNEParams("run", 3, 5, 4.0, 0))


def test_log_mel_statistics_tell_high_from_low_tones(store: Store, tmp_path):
    params = LogMelParams(16, 0.064, (0.1, 1.0), 200, n_resamples=50, seed=0)
    features = log_mel_statistics(store, params)
    assert features.shape == (len(store.clips), 32)
    assert np.isfinite(features).all()
    (row,) = evaluate_log_mel(store, params, tmp_path)
    assert (row["head"], row["seed"], row["roc_auc_tag"]) == ("linear", 0, 1.0)
    for split in ("valid", "test"):
        scores, rows = load_clip_scores(tmp_path, 0, split)
        assert scores["linear"].shape == (len(rows), 4)
        assert rows.tolist() == store.rows(split).tolist()
