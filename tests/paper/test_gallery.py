"""The gallery and the README: all that the plan lists, each with its origin, and honest about its scale."""

from dataclasses import replace
from typing import get_args

import nbformat
import pandas as pd
import pytest

from clmr.paper import gallery
from clmr.paper.ablation import ablation_table
from clmr.paper.architecture import LAYER_COLUMNS, PrintedFormat, format_table
from clmr.paper.artefacts import ARTEFACTS
from clmr.paper.audible import TAG_COLUMNS
from clmr.paper.chapter_7_claims import chapter_7_table
from clmr.paper.claim_table import Evidence, claims_table
from clmr.paper.claims import load_claims
from clmr.paper.efficiency import efficiency_table
from clmr.paper.filter_table import filter_table
from clmr.paper.interpretability import OUT_OF_DOMAIN_COLUMNS
from clmr.paper.page import SCALE_NOTES
from clmr.paper.planned import PublishedStage, Scale
from clmr.paper.verdicts import DIFFERENCE_COLUMNS
from clmr.paper.writing import save_table
from clmr.storage import paths
from clmr.storage.files import read_json, write_json
from clmr.storage.notebook_files import read_notebook, write_notebook

from .chapter_7 import NETWORKS, SPECTRA
from .examples import (
    RESAMPLING,
    ROOT,
    THESIS,
    ablation_row,
    difference_row,
    score_row,
    system,
    table_6_1,
    transfer_example,
)

STAGES = (
    PublishedStage("store@primary", None),
    PublishedStage("tagging", "04_tagging"),
    PublishedStage("claims", None),
    PublishedStage("ablation", "05_ablation"),
    PublishedStage("transfer", "06_transfer"),
    PublishedStage("efficiency", "07_efficiency"),
    PublishedStage("interpretability", "08_interpretability"),
    PublishedStage("listening", None),
)
ABLATIONS = ("table_6_3", "table_6_4", "table_6_5", "table_6_6", "table_projector")
# What the thesis says, in rows that no system of this test decides.
STATED = load_claims(ROOT / "references" / "claims.yaml", THESIS)


@pytest.fixture
def results(repository):
    """A repository in which all but the report has run."""
    for number, published in enumerate(STAGES):
        provenance = {"code_sha256": f"{number}" * 64, "params": {"a": number}}
        cost = {"wall_s": 1.5, "peak_memory_gib": 0.25}
        write_json(paths.record_file(published.stage), {"provenance": provenance, "cost": cost})
    save_table(table_6_1(system("clmr")), "table_6_1")
    save_table(pd.DataFrame([difference_row()], columns=DIFFERENCE_COLUMNS), "table_differences")
    save_table(claims_table(STATED, Evidence({}, [], {}, {}), THESIS, RESAMPLING), "table_claims")
    tag = {"eval_corpus": "scores", "tag": "piano", "audible": True, "n_test_positives": 3}
    save_table(pd.DataFrame([tag], columns=TAG_COLUMNS), "table_tags")
    layer = {"network": "used here", "layer": "max_pool", "length": 9, "channels": 4, "n_parameters": 0}
    save_table(pd.DataFrame([layer], columns=LAYER_COLUMNS), "table_2_4")
    save_table(format_table([PrintedFormat(8_000, 20_736, (3, 3, 3, 2, 2, 4, 4, 2, 2))], 2), "table_5_1")
    save_ablations()
    save_table(transfer_example(), "table_6_2")
    shared = replace(system("clmr"), varies={"label_fraction": 0.01})
    shares = {shared.stage: [score_row(n_labelled_clips=10, n_tags_without_positives=3)]}
    save_table(
        efficiency_table([shared], shares, THESIS, "table_label_efficiency", "embedded"), "table_label_efficiency"
    )
    save_table(filter_table(NETWORKS, SPECTRA, 9, 0), "table_filters")
    found = {claim.id: "Nothing was computed." for claim in STATED if claim.decided_by}
    save_table(chapter_7_table(STATED, found), "table_interpretability")
    described = pd.DataFrame([(3, 0.9, 0.1, "piano", "rock")], columns=OUT_OF_DOMAIN_COLUMNS)
    save_table(described, "table_out_of_domain")
    for name in ("table_4_1", "table_4_2"):
        save_table(pd.DataFrame({"tag": ["piano"], "clips": [3]}), name)
    return paths.results_dir()


def save_ablations():
    """Tables of ablations, of one row each."""
    row = ablation_row("evaluate@base", settings={"temperature": 0.2, "sample_rate_hz": 8_000, "projector": "linear"})
    columns = dict(zip(ABLATIONS, ("batch_size", "epochs", "sample_rate_hz", "temperature", "projector"), strict=True))
    for name, varied in columns.items():
        scores = {row.scored.stage: [score_row()]}
        save_table(ablation_table([row], scores, THESIS, name, varied, "embedded"), name)


def test_the_page_shows_every_artefact_with_its_origin(results):
    gallery.publish_records(STAGES)
    gallery.write_tables()
    gallery.write_gallery("embedded", STAGES)
    page = (results / "README.md").read_text()
    assert [line.split("`")[1] for line in page.splitlines() if line.startswith("## ") and "`" in line] == [
        artefact.name for artefact in ARTEFACTS
    ]
    assert (
        "[data](tables/table_6_1.csv) · stage `tagging` · [04_tagging](notebooks/tagging.ipynb) · "
        "code `111111111111` · scale embedded" in page
    )
    assert "| `store@primary` |  | `000000000000` |" in page
    assert "| `tagging` | [04_tagging](notebooks/tagging.ipynb) | `111111111111` |" in page
    assert "| CLMR | scores | scores | linear | 81.0 [80.0, 82.0] |" in page
    # Under Table 6.1, before the next artefact, and under none that it does not concern.
    stated = "- One hidden layer in the probe adds to CLMR's score. (§6.1) **Not built**."
    assert [stated in section for section in page.split("## ")[1:3]] == [True, False]
    assert "| piano | scores |" in page
    assert "| 1% | 10 | 3 | 50.0 [45.0, 55.0] |" in page
    # The table that decides the claims of chapter 7 has them as rows, and not once more below.
    own = next(section for section in page.split("## ") if "`table_interpretability`" in section.splitlines()[0])
    assert own.count("A feature responds to similar sounds") == 2
    assert "Decided elsewhere" not in own
    # Ablations have the thesis in lines of their own.
    assert "| **magnatagatune: the thesis, as printed** |" in page


def test_records_become_one_file_and_one_table(results):
    costs = gallery.publish_records(STAGES)
    assert costs.stage.tolist() == [published.stage for published in STAGES]
    assert read_json(results / "provenance.json")["tagging"]["params"] == {"a": 1}
    gallery.write_tables()
    assert (results / "tables" / "table_costs.md").read_text().splitlines()[-2:] == [
        "| listening | 1.5 | 0.25 |",
        "| **sum** | 12.0 |  |",
    ]


def test_executed_notebooks_are_published_with_the_prose_of_today(results):
    cell = nbformat.v4.new_code_cell("1 + 1", id="sum")
    source = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("Today.", id="title"), cell])
    result = nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)
    executed = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("Then.", id="title"),
            nbformat.v4.new_code_cell("1 + 1", id="sum", outputs=[result], execution_count=1),
        ]
    )
    for notebook, path in (
        (source, paths.source_notebook("04_tagging")),
        (executed, paths.executed_notebook("tagging")),
    ):
        write_notebook(notebook, path)
    assert gallery.publish_notebooks(STAGES[:2]) == ["tagging"]
    title, code = read_notebook(paths.published_notebook("tagging")).cells
    assert title.source == "Today."
    assert code.outputs[0]["data"] == {"text/plain": "2"}


def test_a_stage_that_the_plan_forgets_is_named():
    named = "ablation, claims, efficiency, interpretability, listening, tagging, transfer"
    with pytest.raises(ValueError, match=f"found no {named} among the published stages, but artefacts that"):
        gallery.gallery("embedded", STAGES[:1])


def test_every_scale_says_what_its_numbers_are():
    assert tuple(SCALE_NOTES) == get_args(Scale)


def test_artefacts_have_names_of_their_own():
    names = [artefact.name for artefact in ARTEFACTS]
    assert len(set(names)) == len(names)
    assert all(name.startswith(("table_", "fig_")) for name in names)


def test_the_readme_shows_the_committed_table():
    shown = (ROOT / "results" / "tables" / "table_6_1.md").read_text()
    readme = (ROOT / "README.md").read_text()
    assert gallery.with_readme_table(readme, shown) == readme, "run `clmr readme`"
    assert len(readme.splitlines()) <= 200


def test_a_readme_without_markers_is_refused():
    with pytest.raises(ValueError, match="must hold the markers"):
        gallery.with_readme_table("# nothing", "| a |\n")


def test_layers_of_networks_are_written_in_words(results):
    gallery.publish_records(STAGES)
    assert {"table_2_4", "table_5_1"} <= set(gallery.write_tables())
    assert "| max pooling | 9 × 4 |" in paths.table_file("table_2_4").with_suffix(".md").read_text()
