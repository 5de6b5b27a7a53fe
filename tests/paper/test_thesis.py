"""The numbers of the thesis: valid, unambiguous, and each with a place among our artefacts."""

import re

import pytest
import yaml

from clmr.paper.artefacts import ARTEFACTS
from clmr.paper.thesis import load_thesis

from .examples import ROOT, THESIS

SOURCE = ROOT / "references" / "thesis.yaml"


def test_the_printed_scores_are_there():
    rows = {row.id: row for row in THESIS.rows}
    assert rows["table_6_1.clmr.linear.mtat.pr_auc_tag"].value == 0.3537
    assert rows["table_6_1.sample_cnn.end_to_end.msd.roc_auc_tag"].value == 0.8842
    assert THESIS.varies("table_6_3") == ("batch_size",)
    assert THESIS.varies("table_projector") == ()


def test_every_artefact_of_the_thesis_is_produced():
    named = set(re.findall(r"\bartefact: (\w+)", SOURCE.read_text(encoding="utf-8"))) - {"key"}
    produced = {artefact.name for artefact in ARTEFACTS}
    assert {row.artefact for row in THESIS.rows} <= named
    assert named - produced == set(), "each is listed in ARTEFACTS, with the stage that writes it"


def test_every_listed_artefact_has_rows():
    assert set(THESIS.artefacts) == {row.artefact for row in THESIS.rows}


def test_a_row_can_be_looked_up_without_its_id():
    for row in THESIS.rows:
        keys = {key: getattr(row, key) for key in row.__dataclass_fields__}
        for key in ("id", "value", "place", "section", "note"):
            del keys[key]
        assert THESIS.value(**keys) == row.value


def test_a_row_can_be_looked_up_by_its_id():
    assert THESIS.row("table_6_1.clmr.mlp.mtat.pr_auc_tag").value == 0.3589
    with pytest.raises(ValueError, match="found no row 'table_9' in thesis.yaml; name the id of one of its"):
        THESIS.row("table_9")


def test_ambiguous_values_are_refused():
    with pytest.raises(ValueError, match="fits .*; name more keys"):
        THESIS.value(artefact="table_6_1", system="clmr")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row.update(value=88.7), "row_1: value must be on the 0-1 scale, got 88.7"),
        (lambda row: row.update(metric="accuracy"), "row_1.metric: found str 'accuracy'"),
        (
            lambda row: row.update(epochs=3),
            r"row_1 states \['batch_size', 'epochs'\], but .*varies is \['batch_size'\]",
        ),
        (lambda row: row.pop("batch_size"), r"row_1 states \[\], but artefacts.table_6_3.varies is \['batch_size'\]"),
        (lambda row: row.update(artefact="table_9"), "row_1: found artefact 'table_9', listed are table_6_3"),
        (lambda row: row.update(id="row_0"), r"ids must be unique, repeated: \['row_0'\]"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(change, message, tmp_path):
    entry = {"place": "p", "section": "s", "origin": "printed", "varies": ["batch_size"], "held": "all"}
    row = {
        "artefact": "table_6_3", "system": "clmr", "eval_corpus": "c", "head": "linear", "batch_size": 48,
        "metric": "pr_auc_tag", "value": 0.3, "place": "p", "section": "s",
    }  # fmt: skip
    rows = [row | {"id": f"row_{number}"} for number in range(2)]
    change(rows[1])
    path = tmp_path / "thesis.yaml"
    path.write_text(yaml.safe_dump({"artefacts": {"table_6_3": entry}, "rows": rows}))
    with pytest.raises(ValueError, match=message):
        load_thesis(path)
