"""What readers see: per cent, intervals, and deviations where there are several seeds."""

import numpy as np
import pandas as pd
import pytest

from clmr.paper.audible import TAG_COLUMNS
from clmr.paper.markdown import readings_markdown, score_markdown, table_markdown
from clmr.paper.tables import score_table, tag_table, with_chance
from clmr.paper.verdicts import DIFFERENCE_COLUMNS

from .examples import THESIS, difference_row, score_row, system, table_6_1


def test_readers_see_per_cent_with_intervals():
    shown = score_markdown(table_6_1(system("clmr")))
    assert (
        "| CLMR | scores | scores | linear | 81.0 [80.0, 82.0] | 50.0 [45.0, 55.0] | 90.0 | 70.0 |  |  | embedded |"
        in shown
    )
    assert "±" not in shown


def test_several_seeds_show_their_deviation_and_what_varies():
    clmr = system("clmr", sample_rate_hz=22_050)
    rows = [score_row(seed=0, pr_auc_tag=0.49), score_row(seed=1, pr_auc_tag=0.51)]
    shown = score_markdown(score_table([clmr], {clmr.stage: rows}, THESIS, "table_6_5", "embedded"))
    assert "| head | sample rate hz | ROC-AUC TAG |" in shown
    # 1.96 sqrt(0.0255^2 + 0.0002 / 2) = 0.0537.
    assert "| linear | 22050 | 81.0 ± 0.0 [80.0, 82.0] | 50.0 ± 1.4 [44.6, 55.4] |" in shown
    assert shown.splitlines()[-1].endswith("Every trained system has several seeds.")


def test_systems_have_names_and_heads_are_explained():
    shown = score_markdown(table_6_1(system("pons", "magnatagatune"), heads=("end_to_end",)))
    assert "| Pons et al. |  | magnatagatune | supervised, end to end | 81.0" in shown
    assert "| 89.0 | 34.9 |" in shown
    untrained = score_markdown(table_6_1(system("random_init"), system("random_init_cpc")))
    for name in ("| random initialisation |", "| random initialisation (CPC) |"):
        assert name in untrained


@pytest.mark.parametrize(
    ("excluded", "note"),
    [
        ({}, "No tag and no clip had to be left out."),
        ({"clmr": 3}, "Left out: CLMR on scores: 3 tags without a positive, or without a negative"),
        ({"clmr": 3, "cpc": 3}, "Left out: all systems on scores: 3 tags without a positive"),
        ({"clmr": 3, "cpc": 1}, "; CPC on scores: 1 tags"),
    ],
)
def test_what_is_left_out_is_counted(excluded, note):
    systems = [system("clmr"), system("cpc")]
    scores = {one.stage: [score_row(n_tags_excluded=excluded.get(one.system, 0))] for one in systems}
    table = score_table(systems, scores, THESIS, "table_6_1", "embedded")
    assert note in score_markdown(table).splitlines()[-1]


def test_other_tables_are_shown_as_they_are():
    tags = tag_table(("piano",), np.array([[1], [1]]), np.array(["train", "test"]))
    assert table_markdown(tags).splitlines()[-1] == "| piano | 1 | 0 | 1 | 2 |"


def test_blocks_have_a_heading_in_every_corpus_and_chance_has_no_interval():
    table = table_6_1(system("clmr"), system("random_init"), system("clmr", "merlin"), heads=("linear",))
    level = {"roc_auc_tag": 0.5, "pr_auc_tag": 0.123, "roc_auc_clip": 0.5, "pr_auc_clip": 0.2}
    lines = score_markdown(with_chance(table, dict.fromkeys(("scores", "merlin"), level))).splitlines()
    assert [line.split("**")[1] for line in lines if "**" in line] == [
        "scores: self-supervised, probes on frozen encoders",
        "scores: references, without training of the encoder",
        "merlin: self-supervised, probes on frozen encoders",
        "merlin: references, without training of the encoder",
    ]
    assert lines[6] == "| chance, a random order |  | scores |  | 50.0 | 12.3 | 50.0 | 20.0 |  |  | embedded |"
    assert len({line.count("|") for line in lines[:-2]}) == 1


def test_the_second_mean_is_shown_where_there_is_one():
    clmr = system("clmr")
    rows = [score_row(pr_auc_audible=0.6, pr_auc_audible_se=0.01, n_tags_audible=2)]
    shown = score_markdown(score_table([clmr], {clmr.stage: rows}, THESIS, "table_6_1", "embedded"))
    assert "| PR-AUC TAG | PR-AUC TAG, audible tags | ROC-AUC CLIP |" in shown
    assert "| 50.0 [45.0, 55.0] | 60.0 [58.0, 62.0] | 90.0 |" in shown
    assert "audible" not in score_markdown(table_6_1(clmr))


def test_systems_with_one_seed_are_named_and_those_without_weights_are_not():
    clmr, cpc, log_mel = system("clmr"), system("cpc"), system("log_mel")
    scores = {clmr.stage: [score_row(seed=0), score_row(seed=1)]} | {one.stage: [score_row()] for one in (cpc, log_mel)}
    shown = score_markdown(score_table([clmr, cpc, log_mel], scores, THESIS, "table_6_1", "embedded"))
    note = "One seed, hence no deviation, and an interval that says nothing of other seeds: on scores CPC."
    assert shown.splitlines()[-1].endswith(note)
    assert "other seeds: on scores all systems." in score_markdown(table_6_1(cpc, log_mel))


def test_differences_are_shown_in_points_with_their_verdict():
    table = pd.DataFrame([difference_row()], columns=DIFFERENCE_COLUMNS)
    assert table_markdown(table).splitlines()[-1] == (
        "| clmr log mel | scores | CLMR, linear | log-mel statistics, linear | +3.1 [+1.0, +5.2] | 0.004 | 0.016 "
        "| better | 3 / 1 | 3.0 |"
    )


def test_readings_say_verdict_and_difference_question_by_question():
    rows = [difference_row(), difference_row(eval_corpus="merlin", verdict="inconclusive", difference=-0.01, low=-0.03)]
    assert readings_markdown(pd.DataFrame(rows)) == (
        "- Whether CLMR reaches log-mel statistics: on scores **better**, +3.1 [+1.0, +5.2] points; "
        "on merlin **inconclusive**, -1.0 [-3.0, +5.2] points.\n"
    )


def test_tags_that_no_reference_hears_stand_apart():
    scores = {"log_mel": 0.5, "log_mel_low": 0.4, "log_mel_high": 0.6, "prevalence": 0.1, "n_test_positives": 12}
    rows = [
        {"eval_corpus": "merlin", "tag": "march", "audible": False} | scores,
        {"eval_corpus": "merlin", "tag": "piano", "audible": True, "supervised_system": "pons"} | scores,
        {"eval_corpus": "scores", "tag": "flute", "audible": True} | scores,
    ]
    shown = table_markdown(pd.DataFrame(rows, columns=TAG_COLUMNS))
    first, second = shown.split("\n\nTags that a reference hears: 2.")
    assert first.startswith("Tags that no reference hears: 1.")
    assert "| march | merlin | 10.0 | 12 | 50.0 [40.0, 60.0] |  |  |" in first
    assert "| piano | merlin | 10.0 | 12 | 50.0 [40.0, 60.0] |  | Pons et al. |" in second
