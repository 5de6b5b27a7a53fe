"""Every published data set in miniature, from the server to scores, by the stages' own functions in one process."""

import pytest
import torch

from clmr.corpora.build_store import StoreParams, build_store
from clmr.corpora.store import open_store
from clmr.evaluation.frozen import Folders, evaluate_encoder
from clmr.evaluation.scores import compared
from clmr.storage import paths
from clmr.training.pretrain import pretrain
from tests.corpora.miniatures import MINIATURES, install
from tests.corpora.serving import serving
from tests.evaluation.probes import probe_params
from tests.training.recipes import clmr_recipe

PROBE = probe_params(heads=("linear",), n_probe_seeds=1, max_epochs=2, patience_epochs=2, n_resamples=20)
CPU = torch.device("cpu")


def downloaded_and_stored(kind, server, repository, monkeypatch):
    """The store of a miniature whose server drops every connection."""
    made = install(kind, server, monkeypatch, ("absent", "drops"))
    made.params.build(paths.corpus_dir(kind), repository / "work", 1)
    params = StoreParams(kind, 8_000, 3.0, "skip")
    build_store(paths.corpus_dir(kind), params, paths.store_dir(kind), repository / "unfinished", 1)
    return open_store(paths.store_dir(kind))


@pytest.mark.smoke
def test_every_data_set_goes_from_download_to_scores(repository, monkeypatch):
    with serving() as server:
        stores = {kind: downloaded_and_stored(kind, server, repository, monkeypatch) for kind in MINIATURES}
    for kind, store in stores.items():
        splits = ("train", "valid", "test") if kind == "gtzan" else ("train",)
        recipe = clmr_recipe(store=kind, splits=splits, epochs=1, batch_size=4)
        encoder = pretrain(recipe, 0, store, repository / "runs" / kind, CPU).encoder.requires_grad_(False)
        # One has no tags: as in the thesis, its encoder is scored on MagnaTagATune.
        tagged = stores["magnatagatune"] if kind == "billboard" else store
        folders = Folders(*(repository / "scores" / kind / name for name in ("work", "embeddings", "scores")))
        rows = evaluate_encoder(encoder, tagged, PROBE, 0, CPU, folders)
        scores = compared(rows)
        assert 0 <= rows[0]["roc_auc_tag"] <= 1
        assert rows[0]["n_tags_excluded"] >= 0
        assert scores
        if kind == "magnatagatune":
            assert rows[0]["n_tags_excluded"] == 48
