"""Results kept apart: tables and figures of one stage with their origin, links that hold, nothing lost by an error."""

import re

import nbformat
import pandas as pd
import pytest

from clmr.paper.artefacts import ARTEFACTS
from clmr.paper.kept import KEEPABLE, keep
from clmr.paper.page import SCALE_NOTES
from clmr.paper.planned import PublishedStage
from clmr.paper.verdicts import DIFFERENCE_COLUMNS
from clmr.paper.writing import save_table
from clmr.storage import paths
from clmr.storage.files import read_json, write_json, write_text
from clmr.storage.notebook_files import write_notebook

from .examples import ROOT, difference_row, system, table_6_1

STAGES = (PublishedStage("store@primary", None), PublishedStage("tagging", "04_tagging"))
SHOWN = [artefact for artefact in ARTEFACTS if artefact.stage == "tagging"]


@pytest.fixture
def results(repository):
    """What two stages leave behind, and a table of a third."""
    prose = nbformat.v4.new_markdown_cell("[Why](../../references/differences.md)", id="why")
    for path in (paths.source_notebook("04_tagging"), paths.executed_notebook("tagging")):
        write_notebook(nbformat.v4.new_notebook(cells=[prose]), path)
    write_text(repository / "references" / "differences.md", "Differences.")
    for number, published in enumerate(STAGES):
        provenance = {"code_sha256": f"{number}" * 64, "params": {"a": number}}
        cost = {"wall_s": 60.0, "peak_memory_gib": 0.25}
        write_json(paths.record_file(published.stage), {"provenance": provenance, "cost": cost})
    for artefact in SHOWN:
        if artefact.is_table:
            save_table(pd.DataFrame({"tag": ["piano"], "clips": [3]}), artefact.name)
        else:
            write_text(paths.figure_file(artefact.name), artefact.name)
            write_text(paths.figure_data_file(artefact.name), "a\n1\n")
    save_table(table_6_1(system("clmr")), "table_6_1")
    save_table(pd.DataFrame([difference_row()], columns=DIFFERENCE_COLUMNS), "table_differences")
    save_table(pd.DataFrame({"a": [1]}), "table_6_3")
    return paths.results_dir()


def test_everything_that_the_stage_shows_is_copied_and_nothing_else(results):
    folder = keep("tagging", "overnight", STAGES)
    assert folder == results / "overnight" / "tagging"
    for artefact in SHOWN:
        kinds = (paths.table_file,) if artefact.is_table else (paths.figure_file, paths.figure_data_file)
        for kind in kinds:
            assert kind(artefact.name, folder).read_bytes() == kind(artefact.name).read_bytes()
    kept = {file.stem for file in folder.rglob("*") if file.is_file()}
    assert kept == {artefact.name for artefact in SHOWN} | {"table_costs", "provenance", "README", "tagging"}


def test_the_page_shows_them_with_scale_origin_and_costs(results):
    page = (keep("tagging", "overnight", STAGES) / "README.md").read_text()
    assert page.startswith("# Results of `tagging` at overnight scale\n")
    assert "**Overnight scale.**" in page
    assert [line.split("`")[1] for line in page.splitlines() if line.startswith("## ") and "`" in line] == [
        artefact.name for artefact in SHOWN
    ]
    assert "| CLMR | scores | scores | linear | 81.0 [80.0, 82.0] |" in page
    assert page.count("scale overnight") == len(SHOWN)
    assert "| **sum** | 120.0 |  |" in (results / "overnight/tagging/tables/table_costs.md").read_text()
    assert "| `store@primary` |  | `000000000000` |" in page
    assert list(read_json(paths.provenance_file(results / "overnight" / "tagging"))) == ["store@primary", "tagging"]


@pytest.mark.parametrize("scale", ["overnight", "paper"])
def test_links_lead_to_files(results, scale):
    folder = keep("tagging", scale, STAGES)
    pages = [folder / "README.md", paths.published_notebook("tagging", folder)]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)]+)\)", page.read_text())]
    assert (pages[1], "../../../../references/differences.md") in links
    assert [(page, link) for page, link in links if not (page.parent / link).exists()] == []


def test_what_was_kept_before_is_replaced_and_what_is_published_stays(results):
    published = {file: file.read_bytes() for file in results.rglob("*") if file.is_file()}
    old = keep("tagging", "overnight", STAGES) / "figures" / "fig_of_old.png"
    write_text(old, "old")
    keep("tagging", "overnight", STAGES)
    assert not old.exists()
    assert {file: file.read_bytes() for file in published} == published


def test_what_was_kept_before_outlives_an_error(results):
    before = (keep("tagging", "overnight", STAGES) / "README.md").read_text()
    paths.figure_file("fig_1_1").unlink()
    with pytest.raises(FileNotFoundError, match="fig_1_1"):
        keep("tagging", "overnight", STAGES)
    assert (results / "overnight" / "tagging" / "README.md").read_text() == before
    assert [path.name for path in (results / "overnight").iterdir()] == ["tagging"]


def test_committed_results_of_another_scale_stand_in_no_column_with_published_ones():
    scales = {path.name for path in (ROOT / "results").iterdir()} & set(SCALE_NOTES)
    assert scales == {"overnight"}
    for folder, labels in (
        (ROOT / "results" / "overnight" / "tagging", {"overnight"}),
        (ROOT / "results", {"embedded"}),
    ):
        assert set(pd.read_csv(paths.table_file("table_6_1", folder)).scale) == labels


def test_what_can_be_kept_are_stages_with_tables_or_figures_and_without_a_page_of_their_own():
    assert set(KEEPABLE) <= {artefact.stage for artefact in ARTEFACTS if not artefact.page}
