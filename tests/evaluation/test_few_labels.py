"""Probes on few labels: scikit-learn's solution, a penalty from the validation split, and no other label."""

from dataclasses import replace

import numpy as np
import pytest

from clmr.batches.label_subsets import nested_label_subsets
from clmr.evaluation.few_labels import FewLabelsProbeParams, few_labels_probe, fit_logistic, score_few_labels
from clmr.evaluation.metrics import mean_pr_auc
from clmr.evaluation.scores import load_clip_scores
from clmr.storage.strict import from_mapping

PARAMS = FewLabelsProbeParams(inverse_penalties=(0.001, 0.1, 10.0), n_iterations=100)


def features(store) -> np.ndarray:
    """Vectors that tell the tag ``high`` in noise."""
    noise = np.random.default_rng(0).normal(size=(len(store.clips), 6))
    noise[:, 0] += 2.0 * store.tags[:, 0]
    return noise


@pytest.mark.parametrize(("n_clips", "inverse", "tolerance"), [(10, 0.01, 1e-6), (10, 1.0, 1e-4), (200, 1.0, 1e-4)])
def test_weights_are_those_of_scikit_learn(n_clips, inverse, tolerance):
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    x = rng.normal(size=(n_clips, 20))
    y = (x[:, :3] + rng.normal(size=(n_clips, 3)) > 0.3).astype(float)
    y[0], y[1] = 0, 1
    _, fitted = fit_logistic(x, y, [9.0, 1 / inverse], n_iterations=300)
    for tag in range(3):
        expected = LogisticRegression(C=inverse, tol=1e-10, max_iter=10_000).fit(x, y[:, tag])
        np.testing.assert_allclose(fitted[:-1, tag], expected.coef_[0], atol=tolerance)
        np.testing.assert_allclose(fitted[-1, tag], expected.intercept_[0], atol=tolerance)


def test_tags_of_one_class_get_probability_zero_or_one(store):
    labelled = store.rows("train")[store.tags[store.rows("train"), 0] == 1]
    probe = few_labels_probe(features(store), store, labelled, PARAMS)
    assert (probe.scores[:, 0] == 1).all()
    assert (probe.scores[:, [1, 3]] == 0).all()
    assert probe.n_tags_without_positives == (~store.tags[labelled].any(axis=0)).sum()


def test_the_penalty_is_that_of_the_best_validation_score(store):
    x, labelled = features(store), nested_label_subsets(store, (0.5,), 0)[0.5]
    valid = store.rows("valid")
    alone = {
        inverse: few_labels_probe(x, store, labelled, replace(PARAMS, inverse_penalties=(inverse,)))
        for inverse in PARAMS.inverse_penalties
    }
    quality = {inverse: mean_pr_auc(store.tags[valid], one.scores[valid]).item() for inverse, one in alone.items()}
    chosen = few_labels_probe(x, store, labelled, PARAMS)
    assert chosen.inverse_penalty == max(quality, key=lambda inverse: quality[inverse])
    np.testing.assert_array_equal(chosen.scores, alone[chosen.inverse_penalty].scores)
    # Of the features as they are, though it was trained on standardised ones.
    logits = x @ chosen.weights + chosen.intercepts
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), chosen.scores, atol=1e-9)


def test_labels_of_other_clips_and_of_the_test_split_change_nothing(store):
    x, labelled = features(store), nested_label_subsets(store, (0.5,), 0)[0.5]
    tags = store.tags.copy()
    others = np.setdiff1d(np.concatenate([store.rows("train"), store.rows("test")]), labelled)
    tags[others] = 1 - tags[others]
    first, again = (few_labels_probe(x, one, labelled, PARAMS) for one in (store, replace(store, tags=tags)))
    np.testing.assert_array_equal(first.scores, again.scores)


def test_dimensions_that_never_change_carry_nothing(store):
    x, labelled = features(store), store.rows("train")
    x = np.hstack([x, np.full((len(x), 1), 3.0)])
    probe = few_labels_probe(x, store, labelled, PARAMS)
    np.testing.assert_allclose(probe.scores, few_labels_probe(x[:, :-1], store, labelled, PARAMS).scores, atol=1e-9)


def test_scores_say_on_how_many_clips_they_rest(store, tmp_path):
    labelled = nested_label_subsets(store, (0.5,), 1)[0.5]
    probe = few_labels_probe(features(store), store, labelled, PARAMS)
    (row,) = score_few_labels(probe, store, 20, 1, tmp_path)
    assert (row["head"], row["seed"], row["n_labelled_clips"]) == ("linear", 1, len(labelled))
    assert row["inverse_penalty"] in PARAMS.inverse_penalties
    for split in ("valid", "test"):
        by_head, clips = load_clip_scores(tmp_path, 1, split)
        np.testing.assert_array_equal(clips, store.rows(split))
        np.testing.assert_array_equal(by_head["linear"], probe.scores[clips])


def test_features_of_other_clips_are_refused(store):
    with pytest.raises(ValueError, match="found features of 3 clips, but .* has 48; rerun their stage"):
        few_labels_probe(features(store)[:3], store, store.rows("train"), PARAMS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inverse_penalties": []}, r"inverse_penalties must be a list of at least one number, got \[\]"),
        ({"inverse_penalties": [0.0]}, r"inverse_penalties\[0\] must be > 0, got 0.0"),
        ({"n_iterations": 0}, "n_iterations must be >= 1, got 0"),
    ],
)
def test_values_out_of_range_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        from_mapping(FewLabelsProbeParams, {"inverse_penalties": [0.1], "n_iterations": 5} | changes, "probe")
