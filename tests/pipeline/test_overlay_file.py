"""Overlays are written into params.yaml with their values as they are, or not at all."""

import shutil
from pathlib import Path

import pytest

from clmr.pipeline.overlay_file import write_overlaid
from clmr.storage.overlays import with_overlay
from clmr.storage.yaml_files import read_yaml

ROOT = Path(__file__).parents[2]
# What has to be empty where nothing is published.
_PUBLISHED = "label_efficiency, interpretability.activations, interpretability.filters"


@pytest.fixture
def params(tmp_path) -> Path:
    return Path(shutil.copy(ROOT / "params.yaml", tmp_path))


def overlay(folder: Path, text: str) -> Path:
    path = folder / "overlay.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted((ROOT / "params").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_overlay_can_be_written(params, path):
    wanted = with_overlay(read_yaml(params), path)
    write_overlaid(params, path)
    assert read_yaml(params) == wanted


@pytest.mark.parametrize("value", ["1.0e-6", "2.5e-7", "1.0e+20", "0.001", "30.0"])
def test_a_float_stays_a_float_in_any_form(params, value):
    # Another kind: all its values are new to the file, in which an exponent without a point would be text.
    kind = "{kind: adam, learning_rate: 0.1, schedule: {kind: constant}, weight_decay: " + value + "}"
    write_overlaid(params, overlay(params.parent, f"bases: {{clmr: {{optimizer: {kind}}}}}"))
    assert read_yaml(params)["bases"]["clmr"]["optimizer"]["weight_decay"] == float(value)


def test_comments_of_values_that_stay_are_kept(params):
    write_overlaid(params, overlay(params.parent, "scale: smoke"))
    text = params.read_text(encoding="utf-8")
    assert text.count("# ") == (ROOT / "params.yaml").read_text(encoding="utf-8").count("# ")


def test_comments_on_a_mapping_that_changes_its_kind_are_dropped(params):
    head, optimizer = params.read_text(encoding="utf-8").split("    optimizer:\n", 1)
    first, rest = optimizer.split("\n", 1)
    params.write_text(f"{head}    optimizer:\n{first}  # of the old kind\n{rest}", encoding="utf-8")
    kind = "{kind: lars, learning_rate_factor: 0.1, weight_decay: 0.1, warmup_epochs: 1}"
    write_overlaid(params, overlay(params.parent, f"bases: {{clmr: {{optimizer: {kind}}}}}"))
    assert read_yaml(params)["bases"]["clmr"]["optimizer"]["kind"] == "lars"
    assert "of the old kind" not in params.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scale: large", "scale: found .*'large'"),
        ("sclae: smoke", "overlay.yaml: found sclae, which params.yaml lacks"),
        ("bases: {clmr: {temperature: 0.0}}", "temperature must be > 0"),
    ],
)
def test_a_wrong_overlay_leaves_the_file_alone(params, text, message):
    before = params.read_bytes()
    with pytest.raises(ValueError, match=message):
        write_overlaid(params, overlay(params.parent, text))
    assert params.read_bytes() == before


def test_overlays_are_not_laid_over_each_other(params):
    write_overlaid(params, ROOT / "params" / "smoke.yaml")
    with pytest.raises(ValueError, match="found scale 'smoke', expected embedded"):
        write_overlaid(params, ROOT / "params" / "overnight.yaml")


def test_overlays_named_together_are_laid_over_each_other(params):
    write_overlaid(params, ROOT / "params" / "own_music.yaml", ROOT / "params" / "fp32.yaml")
    written = read_yaml(params)
    assert set(written["runs"]) == {"clmr_music", "random_init_music"}
    assert written["bases"]["clmr"]["precision"] == "fp32"


def test_an_emptied_section_loses_the_comments_on_its_entries(params):
    assert "Points of the scaling figure" in params.read_text(encoding="utf-8")
    write_overlaid(params, overlay(params.parent, f"without: [grids, {_PUBLISHED}, published]"))
    text = params.read_text(encoding="utf-8")
    assert read_yaml(params)["grids"] == {}
    assert "Points of the scaling figure" not in text


@pytest.mark.parametrize("again", ["own_music", "smoke", "paper"])
def test_what_own_music_emptied_is_not_filled_again(params, again):
    write_overlaid(params, ROOT / "params" / "own_music.yaml")
    text = params.read_text(encoding="utf-8").replace("~/Music", "/my/songs")
    params.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"an overlay emptied it; {again} is laid over .*git checkout params.yaml"):
        write_overlaid(params, ROOT / "params" / f"{again}.yaml")
    assert params.read_text(encoding="utf-8") == text
    write_overlaid(params, ROOT / "params" / "fp32.yaml")
    assert read_yaml(params)["corpora"]["music"]["root"] == "/my/songs"
