"""Files of tables and figures: equal content gives equal bytes, and reads back as it was."""

import pandas as pd

from clmr.paper import figures, writing
from clmr.storage import paths

from .examples import system, table_6_1


def test_equal_figures_are_equal_bytes_with_their_data_beside_them(repository):
    tags = pd.DataFrame({"tag": ["piano", "flute"], "clips": [3, 2]})
    written = []
    for _ in range(2):
        writing.save_figure(figures.tag_distribution(tags, "scores"), "fig_4_1", tags)
        written.append(paths.figure_file("fig_4_1").read_bytes())
    assert written[0] == written[1]
    pd.testing.assert_frame_equal(pd.read_csv(paths.figure_data_file("fig_4_1")), tags)


def test_a_score_table_reads_back_with_whole_counts(repository):
    table = table_6_1(system("clmr"), system("random_init"))
    writing.save_table(table, "table_6_1")
    read = writing.read_table("table_6_1")
    pd.testing.assert_frame_equal(read.fillna({"pretrain_corpus": ""}), table.fillna({"pretrain_corpus": ""}))
    assert str(read.n_parameters.dtype) == str(table.n_parameters.dtype) == "Int64"
    assert "36959," in paths.table_file("table_6_1").read_text()
