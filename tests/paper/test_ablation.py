"""Tables and figures of ablations: our rows, and the thesis's apart from them."""

import pandas as pd
import pytest

from clmr.paper.ablation import POINT_COLUMNS, ablation_table, by_probability, single_transformations, systems_of
from clmr.paper.tables import SCORE_COLUMNS, varied_columns

from .examples import THESIS, ablation_row, augmentation_rows, score_row

ROWS = tuple(ablation_row(f"grid@x/epochs={epochs}", epochs=epochs) for epochs in (5, 20))
SCORES = {
    row.scored.stage: [score_row(head, pr_auc_tag=row.settings["epochs"] / 100) for head in ("linear", "mlp")]
    for row in ROWS
}
STEPS = augmentation_rows()
STEP_SCORES = {
    row.scored.stage: [score_row(pr_auc_tag=0.3 + number / 100)] for number, row in enumerate(STEPS)
} | {STEPS[0].scored.stage: [score_row(seed=seed, pr_auc_tag=0.28 + seed / 50) for seed in (0, 1, 2)]}  # fmt: skip


def table(artefact: str = "table_6_4", varied: str = "epochs") -> pd.DataFrame:
    return ablation_table(ROWS, SCORES, THESIS, artefact, varied, "embedded")


def test_our_rows_come_first_and_the_thesis_has_rows_of_its_own():
    found = table()
    ours, thesis = found[found.scale == "embedded"], found[found.scale == "thesis"]
    assert found.index.tolist() == [*ours.index, *thesis.index]
    assert ours.epochs.tolist() == [5, 5, 20, 20]
    assert ours[["thesis_roc_auc_tag", "thesis_pr_auc_tag"]].isna().all(axis=None)
    assert set(ours.eval_corpus) == {"scores"}
    assert set(thesis.eval_corpus) == {"magnatagatune"}
    assert thesis.epochs.tolist() == sorted(thesis.epochs)
    assert thesis[["run", "n_seeds", "pr_auc_tag_low", "width"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("artefact", "varied"),
    [
        ("table_6_3", "batch_size"),
        ("table_6_4", "epochs"),
        ("table_6_5", "sample_rate_hz"),
        ("table_6_6", "temperature"),
    ],
)
def test_every_number_of_the_thesis_stands_in_a_row_of_the_thesis(artefact, varied):
    rows = [ablation_row("grid@x/a", settings={"sample_rate_hz": 8_000, "temperature": 0.2})]
    scores = {"grid@x/a": [score_row()]}
    found = ablation_table(rows, scores, THESIS, artefact, varied, "embedded")
    thesis = found[found.scale == "thesis"]
    printed = [row for row in THESIS.rows if row.artefact == artefact]
    for row in printed:
        here = thesis[(thesis["head"] == row.head) & (thesis[varied] == getattr(row, varied))]
        assert here[row.metric].tolist() == [row.value]
    metrics = ["roc_auc_tag", "pr_auc_tag", "roc_auc_clip", "pr_auc_clip"]
    assert thesis[metrics].notna().to_numpy().sum() == len(printed)


def test_what_varies_comes_behind_the_run_and_other_settings_follow():
    columns = list(table().columns)
    behind = columns.index("run") + 1
    assert columns[behind : behind + 3] == ["epochs", "width", "batch_size"]
    assert set(columns) - set(SCORE_COLUMNS) == {"epochs", "width", "batch_size"}
    assert varied_columns(table())[0] == "epochs"


def test_a_table_that_the_thesis_lacks_has_our_rows_alone():
    rows = [ablation_row(f"grid@x/{kind}", projector=kind) for kind in ("linear", "identity")]
    scores = {row.scored.stage: [score_row()] for row in rows}
    found = ablation_table(rows, scores, THESIS, "table_projector", "projector", "embedded")
    assert found.projector.tolist() == ["linear", "identity"]
    assert set(found.scale) == {"embedded"}


def test_a_base_run_of_several_tables_is_one_system():
    tables = {"table_6_3": ROWS, "table_6_4": (ROWS[0], ablation_row("grid@x/epochs=40", epochs=40))}
    assert [one.stage for one in systems_of(tables)] == ["grid@x/epochs=5", "grid@x/epochs=20", "grid@x/epochs=40"]


def test_figure_6_3_has_what_is_always_applied_and_the_crop_alone():
    points = single_transformations(STEPS, STEP_SCORES, THESIS, "embedded")
    assert tuple(points.columns) == POINT_COLUMNS
    ours, thesis = points[points.scale == "embedded"], points[points.scale == "thesis"]
    assert ours.augmentation.tolist() == ["crop", "filter", "gain"]
    assert ours.pr_auc_tag.tolist() == pytest.approx([0.3, 0.33, 0.34])
    assert ours.n_seeds.tolist() == [3, 1, 1]
    assert ours.pr_auc_tag_sd.iloc[0] == pytest.approx(0.02)
    assert len(thesis) == sum(row.artefact == "fig_6_3" for row in THESIS.rows)
    assert thesis[["pr_auc_tag_low", "n_seeds"]].isna().all(axis=None)


def test_figure_6_4_begins_every_line_with_the_crop_alone_trained_once():
    points = by_probability(STEPS, STEP_SCORES, THESIS, "embedded")
    ours = points[points.scale == "embedded"]
    # Gain has one probability alone, and no line.
    assert ours[["augmentation", "probability"]].to_numpy().tolist() == [
        ["filter", 0.0], ["filter", 0.4], ["filter", 0.8], ["filter", 1.0],
    ]  # fmt: skip
    assert ours.pr_auc_tag.tolist() == pytest.approx([0.3, 0.32, 0.31, 0.33])
    assert ours.n_seeds.tolist() == [3, 1, 1, 1]
    plotted = [row for row in THESIS.rows if row.artefact == "fig_6_4"]
    assert points.pr_auc_tag[points.scale == "thesis"].tolist() == [row.value for row in plotted]
