"""Label efficiency as data: points of both figures, the table, and where supervision gets ahead."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clmr.models.heads import END_TO_END
from clmr.paper import efficiency_figures
from clmr.paper.efficiency import (
    CROSSOVER_COLUMNS,
    POINT_COLUMNS,
    crossing,
    crossover_table,
    efficiency_table,
    label_points,
    labelled_clips,
)
from clmr.paper.efficiency_markdown import crossing_markdown, crossing_sentence, efficiency_markdown
from clmr.paper.planned import ScoredSystem

from .examples import RESAMPLING, THESIS, by_key, clips, score_row, system

SHARES = (0.01, 0.1, 1.0)
N_LABELLED = dict(zip(SHARES, (10, 100, 1000), strict=True))


def shared(name: str, share: float, corpus: str = "scores") -> ScoredSystem:
    one = system(name, corpus)
    return replace(one, stage=f"efficiency@{corpus}/{name}={share}", varies={"label_fraction": share})


SYSTEMS = [shared(name, share) for name in ("clmr", "sample_cnn", "log_mel") for share in SHARES]


def head_of(one: ScoredSystem) -> str:
    return END_TO_END if one.system == "sample_cnn" else "linear"


def rows_of(one: ScoredSystem, counted: bool = True):
    share = one.varies["label_fraction"]
    counts = {"n_labelled_clips": N_LABELLED[share]} if counted else {}
    scores = [0.3 + share / 10 + seed / 100 for seed in range(3)]
    return [
        score_row(head_of(one), seed, pr_auc_tag=score, n_tags_without_positives=2, **counts)
        for seed, score in enumerate(scores)
    ]


SCORES = {one.stage: rows_of(one) for one in SYSTEMS}


def test_points_have_the_span_of_their_subsets_and_the_thesis_has_its_own():
    points = label_points(SYSTEMS, SCORES, THESIS, "fig_6_5", "embedded")
    assert tuple(points.columns) == POINT_COLUMNS
    first = points.iloc[0]
    assert (first.scale, first.system, first.label_fraction, first.n_labelled_clips) == ("embedded", "clmr", 0.01, 10)
    assert (first.lowest, first.pr_auc_tag, first.highest) == pytest.approx((0.301, 0.311, 0.321))
    assert first.n_tags_without_positives == 2
    of_thesis = points[points.scale == "thesis"]
    assert len(of_thesis) == 14
    assert of_thesis.lowest.isna().all()
    assert points[points.scale == "embedded"].groupby("system").label_fraction.apply(list).tolist() == [[*SHARES]] * 3


def test_a_run_that_does_not_count_its_labels_has_the_number_of_the_others():
    uncounted = SCORES | {SYSTEMS[5].stage: rows_of(SYSTEMS[5], counted=False)}
    assert labelled_clips(SYSTEMS, uncounted) == {("scores", share): n for share, n in N_LABELLED.items()}
    points = label_points(SYSTEMS, uncounted, THESIS, "fig_6_5", "embedded")
    supervised = points[(points.system == "sample_cnn") & (points.scale == "embedded")]
    assert supervised.n_labelled_clips.tolist() == [10, 100, 1000]


def test_the_table_has_a_line_for_each_share_and_a_column_for_each_system():
    table = efficiency_table(SYSTEMS[:-1], SCORES, THESIS, "table_label_efficiency", "embedded")
    assert len(table) == 8
    assert table.columns.tolist().index("n_labelled_clips") == table.columns.tolist().index("label_fraction") + 1
    lines = efficiency_markdown(table).splitlines()
    header = "| labels | labelled clips | tags without | CLMR, linear | SampleCNN | log-mel statistics, linear |"
    assert lines[0] == header
    assert lines[3].startswith("| 1% | 10 | 2 | 31.1 ± 1.0 [")
    # The last system was not trained on all labels.
    assert lines[5].endswith("|  |")


def scored(skills: dict[str, tuple[float, ...]], corpus: str = "scores"):
    return by_key(
        *(
            clips(shared(name, share, corpus), head_of(shared(name, share)), skill=skill, n_seeds=3)
            for name, of_system in skills.items()
            for share, skill in zip(SHARES, of_system, strict=True)
        )
    )


def decide(**skills):
    both = SYSTEMS[:6]
    return crossover_table(both, SCORES, scored(skills), RESAMPLING)


def test_supervision_gets_ahead_where_the_sign_of_the_difference_changes():
    table = decide(clmr=(3.0, 3.0, 3.0), sample_cnn=(1.0, 2.0, 6.0))
    assert tuple(table.columns) == CROSSOVER_COLUMNS
    assert table.n_labelled_clips.tolist() == [10, 100, 1000]
    assert table.difference.iloc[0] > 0 > table.difference.iloc[-1]
    one = table.iloc[0]
    assert 100 < one.crossing_low <= one.crossing <= one.crossing_high < 1000
    assert one.share_never == 0
    assert (table.low < table.difference).all()
    assert "supervision ahead from" in crossing_sentence(table)
    assert decide(clmr=(3.0, 3.0, 3.0), sample_cnn=(1.0, 2.0, 6.0)).equals(table)


def test_a_crossing_outside_of_the_shares_is_censored():
    never = decide(clmr=(6.0, 6.0, 6.0), sample_cnn=(1.0, 1.0, 1.0)).iloc[0]
    assert (never.crossing, never.crossing_high, never.share_never) == (math.inf, math.inf, 1.0)
    always = decide(clmr=(1.0, 1.0, 1.0), sample_cnn=(6.0, 6.0, 6.0)).iloc[0]
    assert (always.crossing, always.crossing_low, always.share_never) == (0.0, 0.0, 0.0)


def test_the_last_change_of_sign_counts():
    labels, lead = np.array([10.0, 100.0, 1000.0, 10_000.0]), [-0.1, 0.1, -0.1, -0.1]
    assert crossing(labels, np.array([lead]))[0] == pytest.approx(10**2.5)
    assert crossing(labels, np.array([[0.1, -0.1, -0.1, 0.1]]))[0] == math.inf
    # A tie is no lead.
    assert crossing(labels, np.zeros((1, 4)))[0] == 0


def test_systems_that_share_no_fraction_are_refused():
    with pytest.raises(ValueError, match="found no share of the labels of scores on which both CLMR and SampleCNN"):
        decide(clmr=(1.0, 1.0, 1.0))


def test_sentences_say_what_is_beyond_the_shares():
    columns = {"eval_corpus": "scores", "n_labelled_clips": [10.0, 900.0], "difference": [0.05, -0.02]}
    ends = {"low": [0.02, -0.05], "high": [0.08, 0.01], "crossing": 300.0, "crossing_low": 0.0}
    table = pd.DataFrame(columns | ends | {"crossing_high": math.inf})
    assert crossing_sentence(table) == "supervision ahead from 300 clips on [below 10, beyond 900]"
    assert crossing_markdown(table) == (
        "- On scores: supervision ahead from 300 clips on [below 10, beyond 900]. CLMR's lead is +5.0 [+2.0, +8.0] "
        "points with 10 labelled clips and -2.0 [-5.0, +1.0] points with 900 labelled clips.\n"
    )
    ahead = crossing_sentence(table.assign(crossing=0.0, crossing_high=20.0))
    assert ahead == "supervision ahead from the smallest share on, 10 clips [below 10, 20]"


def test_figures_keep_ours_and_the_thesis_apart():
    points = label_points(SYSTEMS, SCORES, THESIS, "fig_6_5", "embedded")
    figure = efficiency_figures.label_efficiency(points, "MagnaTagATune")
    ours, thesis = figure.axes
    assert (ours.get_title(), thesis.get_title()) == ("ours, scale embedded", "thesis, MagnaTagATune")
    assert not ours.get_shared_y_axes().joined(ours, thesis)
    lines = {line.get_label(): line for line in ours.lines}
    assert list(lines) == ["CLMR, linear", "SampleCNN", "log-mel statistics, linear"]
    assert lines["SampleCNN"].get_xdata().tolist() == [10, 100, 1000]
    of_thesis = {line.get_label(): line for line in thesis.lines}
    assert of_thesis["SampleCNN"].get_color() == lines["SampleCNN"].get_color()
    np.testing.assert_allclose(of_thesis["SampleCNN"].get_xdata(), [1, 2, 5, 10, 20, 50, 100])
    assert of_thesis["SampleCNN"].get_ydata()[0] == THESIS.value(
        artefact="fig_6_5", system="sample_cnn", label_fraction=0.01
    )


def test_the_crossover_has_a_line_only_where_there_is_one():
    inside = decide(clmr=(3.0, 3.0, 3.0), sample_cnn=(1.0, 2.0, 6.0))
    never = decide(clmr=(6.0, 6.0, 6.0), sample_cnn=(1.0, 1.0, 1.0)).assign(eval_corpus="merlin")
    left, right = efficiency_figures.crossover(pd.concat([inside, never])).axes
    vertical = [[line for line in axes.lines if len(set(line.get_xdata())) == 1] for axes in (left, right)]
    assert [len(lines) for lines in vertical] == [1, 0]
    assert vertical[0][0].get_xdata()[0] == inside.crossing.iloc[0]
    assert right.get_title().splitlines() == ["merlin", "supervision not ahead within 1000 clips"]
