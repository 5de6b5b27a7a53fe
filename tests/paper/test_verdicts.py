"""Differences: the pairs that our questions name among scored systems, corrected together, and what they decide."""

import pandas as pd
import pytest

from clmr.evaluation.comparison import holm
from clmr.paper.planned import ScoredSystem
from clmr.paper.questions import QUESTIONS
from clmr.paper.verdicts import DIFFERENCE_COLUMNS, detectable_by_corpus, difference_table, pairs, power_warnings

from .examples import RESAMPLING, by_key, clips, difference_row, supervised, system


def everything(corpus="scores"):
    names, heads = ("clmr", "cpc", "random_init", "random_init_cpc", "sample_cnn"), ("linear", "mlp", "all_layers")
    heads = [(name, head) for name in names for head in heads]
    probed = [clips(system(name, corpus), head, skill=2.0 if name == "clmr" else 0.5) for name, head in heads]
    return by_key(*probed, supervised("sample_cnn", corpus, skill=0.5), clips(system("log_mel", corpus), skill=0.5))


def test_every_question_finds_its_pair_on_every_corpus():
    found, missing = pairs(everything() | everything("merlin"))
    assert [(pair.corpus, pair.question.name) for pair in found] == [
        (corpus, question.name) for corpus in ("scores", "merlin") for question in QUESTIONS
    ]
    assert not missing


def test_pairs_without_scores_are_left_out_and_named():
    found, missing = pairs(by_key(clips(system("clmr")), clips(system("random_init"))))
    assert [pair.question.name for pair in found] == ["clmr_pretraining"]
    assert (
        "cpc_pretraining on scores: found no scores of CPC, linear and random initialisation (CPC), linear" in missing
    )
    assert "clmr_log_mel on scores: found no scores of log-mel statistics, linear" in missing
    assert len(missing) == len(QUESTIONS) - 1


def test_an_encoder_from_another_corpus_is_no_party_to_a_question():
    far = ScoredSystem("probe_transfer@far", "clmr", "clmr_scores", "scores", "merlin", "secondary")
    found, _ = pairs(by_key(clips(far), clips(system("random_init", "merlin"))))
    assert not found


def test_two_runs_of_one_name_are_both_compared():
    second = ScoredSystem("evaluate@wider", "clmr", "wider", "scores", "scores", "primary")
    found, _ = pairs(by_key(clips(system("clmr")), clips(second), clips(system("random_init"))))
    table = difference_table(found, RESAMPLING)
    assert table.first_run.tolist() == ["clmr_scores", "wider"]


def test_the_table_says_what_is_better_with_p_values_corrected_over_all_rows():
    found, _ = pairs(everything() | everything("merlin"))
    table = difference_table(found, RESAMPLING)
    assert tuple(table.columns) == DIFFERENCE_COLUMNS
    verdicts = table[table.eval_corpus == "scores"].set_index("question").verdict
    assert verdicts["clmr_pretraining"] == verdicts["clmr_log_mel"] == "better"
    # The same skill and the same noise: nothing to tell.
    assert verdicts["sample_cnn_log_mel"] == verdicts["cpc_pretraining"] == "inconclusive"
    assert table.p_holm.tolist() == holm(table.p.tolist())
    assert (table.low <= table.difference).all()
    assert (table.difference <= table.high).all()


def test_seeds_are_counted_and_systems_meet_on_common_clips():
    several, short = clips(system("clmr"), n_seeds=3), clips(system("log_mel"), skill=0.5)
    found, _ = pairs(by_key(several, short.of(short.clip_ids[:-5])))
    row = difference_table(found, RESAMPLING).iloc[0]
    assert (row.n_first_seeds, row.n_second_seeds) == (3, 1)
    only, _ = pairs(by_key(several.of(several.clip_ids[:-5]), short.of(short.clip_ids[:-5])))
    pd.testing.assert_series_equal(row, difference_table(only, RESAMPLING).iloc[0])


def test_no_pair_gives_an_empty_table():
    table = difference_table([], RESAMPLING)
    assert table.empty
    assert detectable_by_corpus(table).empty
    assert power_warnings(detectable_by_corpus(table)) == []


def test_what_a_test_split_can_show_is_told_by_corpus():
    rows = [difference_row(detectable=detectable) for detectable in (0.02, 0.031, 0.05)]
    rows += [difference_row(eval_corpus="merlin", detectable=detectable) for detectable in (0.02, 0.024, 0.05)]
    found = detectable_by_corpus(pd.DataFrame(rows))
    assert found.to_numpy().tolist() == [["scores", 0.02, 0.031, 0.05], ["merlin", 0.02, 0.024, 0.05]]
    (warning,) = power_warnings(found)
    assert "of scores is too small for 2.5 points at 80 % power; half of the pairs take 3.1 or more" in warning


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_questions_compare_two_different_things(question):
    assert question.first != question.second
    assert question.asked
