"""What `clmr data` says of each corpus, and what a download stage that failed adds."""

import shutil
from pathlib import Path

import papermill
import pytest

from clmr import cli
from clmr.pipeline import notebooks
from clmr.pipeline.data_report import data_report, runnable_without
from clmr.storage.overlays import with_overlay
from clmr.storage.yaml_files import read_yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(repository):
    """A repository without any data."""
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, repository / name)
    shutil.copytree(ROOT / "params", repository / "params")
    return repository


def paper(root):
    return with_overlay(read_yaml(root / "params.yaml"), root / "params" / "paper.yaml")


def test_every_missing_file_has_its_place_size_checksum_and_source(root):
    report = data_report(paper(root))
    for line in (
        "data/sources/magnatagatune/mp3.zip.002: about 1.1 GB, sha256 fc2e1ec441755556ed1398b1808f1b08b6034372f8bc2739",
        "data/sources/fma/fma_medium.zip: about 23.6 GB, sha1 c67b69ea232021025fca9231fc1c7c1a063ab50b",
        "data/sources/million_song/val_gt_msd.tsv: 2,001,580 bytes, md5 7d71dd5622c0f59527da58d23e1d1735",
        "data/sources/gtzan/genres/: 1,000 excerpts in ten folders",
        "data/sources/billboard/audio/: whole songs",
    ):
        assert line in report
    assert "Without million_song, billboard, gtzan, dvc repro --keep-going runs" in report
    assert "pretrain: ablation_chain, ablation_crop, ablation_filter, clmr_primary" in report
    assert str(root) not in report


def test_what_is_there_is_not_asked_for(root):
    genres = root / "data" / "sources" / "gtzan" / "genres" / "blues"
    genres.mkdir(parents=True)
    report = data_report(paper(root))
    assert "gtzan: GTZAN, fault-filtered. Licence" in report
    assert "1,000 excerpts" not in report
    assert "Without million_song, billboard, dvc repro" in report


def test_rendered_corpora_need_nothing(root):
    params = read_yaml(root / "params.yaml")
    assert data_report(params).splitlines() == [f"{name}: nothing to fetch" for name in params["corpora"]]


def run_command(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["clmr", *arguments])
    cli.main()


def test_the_command_reads_any_scale(root, monkeypatch, capsys):
    run_command(monkeypatch, "data")
    assert "scores: nothing to fetch" in capsys.readouterr().out
    run_command(monkeypatch, "data", "paper")
    assert "MagnaTagATune" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="found the scale 'huge', allowed are fp32, full_size"):
        run_command(monkeypatch, "data", "huge")


def test_both_scales_of_the_thesis_can_be_written_into_params(root, monkeypatch, capsys):
    original = (root / "params.yaml").read_text()
    for scale in ("full_size", "paper"):
        (root / "params.yaml").write_text(original)
        run_command(monkeypatch, "params", scale)
        assert read_yaml(root / "params.yaml")["scale"] == scale
        run_command(monkeypatch, "check")
    assert "params.yaml is valid" in capsys.readouterr().out


def test_a_stage_without_its_corpus_says_what_runs_meanwhile(root, monkeypatch):
    run_command(monkeypatch, "params", "paper")
    error = papermill.PapermillExecutionError(1, 1, "", "MissingData", "GTZAN is not there", [])
    added = notebooks._what_still_runs(error, "download@gtzan")
    assert added == "\n" + runnable_without(["gtzan"], paper(root))
    assert "log_mel: primary, secondary" in added
    other = papermill.PapermillExecutionError(1, 1, "", "ValueError", "no", [])
    assert notebooks._what_still_runs(other, "download@gtzan") == ""
