"""What readers see: per cent, intervals, and deviations where there are several seeds."""

import numpy as np
import pytest

from clmr.paper.markdown import score_markdown, table_markdown
from clmr.paper.tables import score_table, tag_table

from .examples import THESIS, score_row, system, table_6_1


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
    assert "| linear | 22050 | 81.0 ± 0.0 [80.0, 82.0] | 50.0 ± 1.4 [45.0, 55.0] |" in shown


def test_systems_have_names_and_heads_are_explained():
    shown = score_markdown(table_6_1(system("pons", "magnatagatune"), heads=("end_to_end",)))
    assert "| Pons et al. |  | magnatagatune | supervised, end to end | 81.0" in shown
    assert "| 89.0 | 34.9 |" in shown
    untrained = score_markdown(table_6_1(system("random_init"), system("random_init_cpc")))
    for name in ("| random initialisation |", "| random initialisation, CPC |"):
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
