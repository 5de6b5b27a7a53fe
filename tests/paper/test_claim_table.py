"""The rule that decides the thesis's claims: who is ahead, how surely, and what cannot be decided yet."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from clmr.evaluation.comparison import difference, holm, pooled_seed_sd
from clmr.paper.claim_markdown import claims_markdown, statements_markdown
from clmr.paper.claim_table import CLAIM_COLUMNS, Evidence, claims_table, seed_deviations
from clmr.paper.claims import ClaimEntry, Selector, load_claims
from clmr.paper.clips import precision_by_seed, resampled
from clmr.paper.markdown import table_markdown
from clmr.paper.writing import read_table, save_table

from .examples import RESAMPLING, ROLES, ROOT, THESIS, ablated, by_key, clips, supervised, system

CLAIMS = load_claims(ROOT / "references" / "claims.yaml", THESIS)
SEED_SD = 0.01


def step(name, probability=1.0, **given):
    """Scores of a run with one transformation; the base run, which only crops, has several seeds."""
    return clips(ablated(augmentation=name, probability=probability), **given)


def claim(first, second, name="claim", head="linear"):
    """A claim that one transformation is ahead of another."""
    sides = [
        Selector("ablation", "clmr", head, "primary", varies={"augmentation": side, "probability": 1.0})
        for side in (first, second)
    ]
    numbers = [f"fig_6_3.clmr.linear.mtat.{side}.p1_0.pr_auc_tag" for side in (first, second)]
    return ClaimEntry(name, f"{first} is ahead.", "6.3", *numbers, *sides)


def evidence(*several, seed_sd=SEED_SD, planned=()):
    """What these systems show; others are planned, and not scored."""
    scored = [one.scored for one in several]
    return Evidence(by_key(*several), [*scored, *planned], ROLES, {"ablation": seed_sd})


def decide(claims, found):
    return claims_table(claims, found, THESIS, RESAMPLING)


def elsewhere(one):
    """The same scores in another experiment."""
    return dataclasses.replace(one, scored=dataclasses.replace(one.scored, experiment="elsewhere"))


GOOD, FAIR, BASE = step("filter", skill=2.0), step("pitch", skill=0.5), step("crop", skill=0.5, n_seeds=3)


def test_claims_are_reproduced_contradicted_or_inconclusive():
    claims = [claim("filter", "crop", "one"), claim("crop", "filter", "other"), claim("pitch", "crop", "level")]
    table = decide(claims, evidence(GOOD, FAIR, BASE))
    assert tuple(table.columns) == CLAIM_COLUMNS
    assert table.verdict.tolist() == ["reproduced", "contradicted", "inconclusive"]
    assert table.p_holm.tolist() == holm(table.p.tolist())
    assert table.difference[0] == pytest.approx(-table.difference[1])
    assert table.difference.tolist() == pytest.approx((table.first_score - table.second_score).tolist())
    assert (table.low <= table.difference).all()
    assert (table.difference <= table.high).all()


def test_the_numbers_of_the_thesis_stand_beside_the_labels_of_our_rows():
    row = decide([claim("filter", "crop")], evidence(GOOD, BASE)).iloc[0]
    assert (row.thesis_first, row.thesis_second) == (0.3332, 0.3049)
    assert (row.artefact, row.thesis_metric, row.eval_corpus) == ("fig_6_3", "pr_auc_tag", "scores")
    assert row["first"] == "CLMR, linear, augmentation filter, probability 1.0"
    assert (row.n_first_seeds, row.n_second_seeds) == (1, 3)


def test_a_system_with_one_seed_gets_the_deviation_of_its_experiment():
    row = decide([claim("filter", "crop")], evidence(GOOD, BASE, seed_sd=0.02)).iloc[0]
    expected = difference(resampled(GOOD, RESAMPLING), resampled(BASE, RESAMPLING), (0.02, 0.0))
    assert (row.difference, row.low, row.high, row.p) == pytest.approx(
        (expected.estimate, expected.low, expected.high, expected.p_value)
    )
    assert row.first_assumed_sd == 0.02
    assert math.isnan(row.second_assumed_sd), "measured"


def test_where_seeds_spread_widely_nothing_is_decided():
    table = decide([claim("filter", "crop")], evidence(GOOD, BASE, seed_sd=0.5))
    assert table.verdict.tolist() == ["inconclusive"]


def test_holm_counts_the_claims_that_are_decided():
    unscored = ClaimEntry("later", "Later.", "7.1", decided_by="table_9")
    one = decide([claim("filter", "crop"), unscored], evidence(GOOD, BASE))
    assert one.p_holm[0] == one.p[0]
    two = decide([claim("filter", "crop"), claim("pitch", "crop", "other")], evidence(GOOD, FAIR, BASE))
    assert two.p_holm[0] == pytest.approx(2 * two.p[0])


def test_holm_counts_the_claims_on_one_table_or_figure():
    numbers = [f"table_6_4.clmr.linear.mtat.epochs_{epochs}.pr_auc_tag" for epochs in (10000, 1000)]
    on_a_figure = claim("filter", "crop")
    on_a_table = dataclasses.replace(on_a_figure, id="other", thesis_first=numbers[0], thesis_second=numbers[1])
    table = decide([on_a_figure, on_a_table], evidence(GOOD, BASE))
    assert table.artefact.tolist() == ["fig_6_3", "table_6_4"]
    assert table.p_holm.tolist() == table.p.tolist()


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (claim("filter", "crop"), evidence(BASE)),
        (claim("filter", "crop"), evidence(elsewhere(GOOD), elsewhere(BASE))),
        (claim("filter", "crop", head="mlp"), evidence(GOOD, BASE)),
        (claim("filter", "crop"), Evidence({}, [], {}, {})),
    ],
    ids=["no system", "no experiment", "no head", "nothing"],
)
def test_a_claim_without_its_rows_is_not_built(entry, found):
    row = decide([entry], found).iloc[0]
    assert row.verdict == "not built"
    assert row[["difference", "p", "p_holm", "first", "second", "n_first_seeds"]].isna().all()
    assert row.thesis_first == 0.3332


def test_a_claim_that_a_table_of_its_own_decides_is_only_referred_to():
    row = decide([ClaimEntry("later", "Later.", "7.1", decided_by="table_9")], evidence(GOOD, BASE)).iloc[0]
    assert (row.verdict, row.artefact) == ("decided elsewhere", "table_9")
    assert row[["difference", "p", "p_holm", "first", "second", "thesis_first"]].isna().all()


def test_a_grid_with_one_value_has_no_largest_and_smallest():
    sides = [
        Selector("ablation", "clmr", "linear", "primary", varies={"epochs": side}) for side in ("largest", "smallest")
    ]
    numbers = [f"table_6_4.clmr.linear.mtat.epochs_{epochs}.pr_auc_tag" for epochs in (10000, 1000)]
    longer = ClaimEntry("longer", "Longer training helps.", "6.6.2", *numbers, *sides)
    short, long = clips(ablated(epochs=5), skill=0.5), clips(ablated(epochs=40), skill=2.0)
    assert decide([longer], evidence(short)).verdict.tolist() == ["not built"]
    row = decide([longer], evidence(short, long)).iloc[0]
    assert (row["first"], row["second"]) == ("CLMR, linear, epochs 40", "CLMR, linear, epochs 5")
    assert row.verdict == "reproduced"


def test_a_base_run_may_stand_in_several_tables():
    shown_again = clips(ablated(temperature=0.2), skill=0.5, n_seeds=3)
    one, two = (decide([claim("filter", "crop")], evidence(GOOD, BASE, *more)) for more in ((), (shown_again,)))
    pd.testing.assert_frame_equal(one, two)


def test_a_selector_that_fits_several_systems_names_them():
    second = clips(ablated(augmentation="filter", probability=1.0, epochs=40))
    with pytest.raises(ValueError, match=r"^claim: Selector.*fits grid@ablation/.*; .*'epochs': 40.*name more of"):
        decide([claim("filter", "crop")], evidence(GOOD, second, BASE))


def test_a_network_of_two_stages_is_the_one_with_the_head_of_the_claim():
    own, base = supervised("sample_cnn", skill=2.0), clips(system("clmr"), skill=0.5)
    layers = clips(dataclasses.replace(own.scored, stage="probe_transfer@frozen"), "all_layers", skill=0.5)
    sides = Selector("main", "sample_cnn", "end_to_end", "primary"), Selector("main", "clmr", "linear", "primary")
    numbers = [f"table_6_1.{row}.mtat.pr_auc_tag" for row in ("sample_cnn.end_to_end", "clmr.linear")]
    compared = ClaimEntry("ahead", "Supervision is ahead.", "6.1", *numbers, *sides)
    one, two = (
        claims_table(
            [compared],
            Evidence(by_key(*all_), [each.scored for each in all_], ROLES, {"main": 0.01}),
            THESIS,
            RESAMPLING,
        )
        for all_ in ((own, base), (layers, own, base))
    )
    assert one.verdict.item() == "reproduced"
    pd.testing.assert_frame_equal(one, two)


def test_a_planned_system_without_scores_is_an_error():
    with pytest.raises(ValueError, match="claim: found no scores of the clips of .*'filter'.* which is planned; rerun"):
        decide([claim("filter", "crop")], evidence(BASE, planned=[GOOD.scored]))


def test_one_seed_needs_a_deviation_to_assume():
    known = evidence(GOOD, BASE)
    unknown = dataclasses.replace(known, seed_sd={"main": SEED_SD})
    message = "claim: grid@ablation/.* has one seed, and no pre-trained system of the experiment 'ablation' has several"
    with pytest.raises(ValueError, match=message):
        decide([claim("filter", "crop")], unknown)
    measured = evidence(step("filter", skill=2.0, n_seeds=2), BASE)
    table = decide([claim("filter", "crop")], dataclasses.replace(measured, seed_sd={}))
    assert table.verdict.tolist() == ["reproduced"]


def test_the_deviation_is_pooled_over_the_base_runs_of_an_experiment():
    chain, hidden = (clips(ablated(batch_size=32), head, skill=1.5, n_seeds=3) for head in ("linear", "mlp"))
    single, untrained = step("filter"), clips(ablated("random_init"), n_seeds=3)
    main = clips(system("clmr"), skill=1.0, n_seeds=2)
    found = seed_deviations(by_key(BASE, chain, hidden, single, untrained, main))
    pooled = [
        pooled_seed_sd([precision_by_seed(one, np.arange(3)) for one in ones]) for ones in ([BASE, chain], [main])
    ]
    assert found == pytest.approx({"ablation": pooled[0], "main": pooled[1]})
    assert seed_deviations(by_key(single)) == {}


def test_systems_of_several_experiments_decide_one_claim():
    numbers = ["table_6_2.clmr.linear.fma_to_mtat.pr_auc_tag", "table_6_1.dieleman.end_to_end.mtat.pr_auc_tag"]
    sides = Selector("elsewhere", "clmr", "linear", "primary"), Selector("main", "dieleman", "end_to_end", "primary")
    far, near = elsewhere(clips(system("clmr"), skill=2.0)), supervised("dieleman", skill=0.5)
    found = Evidence(by_key(far, near), [far.scored, near.scored], ROLES, {"elsewhere": 0.01, "main": 0.02})
    row = decide([ClaimEntry("transfers", "It transfers.", "6.5", *numbers, *sides)], found).iloc[0]
    assert (row.verdict, row.first_assumed_sd, row.second_assumed_sd) == ("reproduced", 0.01, 0.02)


def test_without_a_scored_system_every_claim_is_listed_as_not_built(repository):
    table = decide(CLAIMS, Evidence({}, [], ROLES, {}))
    assert table.id.tolist() == [claim.id for claim in CLAIMS]
    elsewhere = sum(claim.decided_by is not None for claim in CLAIMS)
    assert table.verdict.value_counts().to_dict() == {
        "not built": len(CLAIMS) - elsewhere, "decided elsewhere": elsewhere,
    }  # fmt: skip
    save_table(table, "table_claims")
    shown = table_markdown(read_table("table_claims"))
    assert shown == table_markdown(table)
    counts = f"{len(CLAIMS) - elsewhere} not built and {elsewhere} decided elsewhere."
    assert f"Of {len(CLAIMS)} claims, 0 are reproduced, 0 inconclusive, 0 contradicted, {counts}" in shown


def test_readers_see_both_sides_and_the_verdict(repository):
    table = decide([claim("filter", "crop")], evidence(GOOD, BASE)).assign(note="A note.")
    save_table(table, "table_claims")
    shown = claims_markdown(read_table("table_claims")).splitlines()
    assert shown == claims_markdown(table).splitlines()
    row = shown[2].split(" | ")
    assert row[:3] == ["| filter is ahead.", "6.3", "33.3 / 30.5"]
    assert row[-2:] == ["1 / 3", "**reproduced** |"]
    assert shown[-1] == "- *filter is ahead.* A note."
    (line,) = statements_markdown(table).splitlines()
    assert line.startswith("- filter is ahead. (§6.3) **Reproduced**: on scores the difference is +")
    assert line.endswith("] points (CLMR, linear, augmentation filter, probability 1.0, against " + row[4] + ").")


def test_numbers_in_roc_auc_are_marked():
    (secondary,) = [claim for claim in CLAIMS if claim.id == "sample_cnn_ahead_on_secondary"]
    table = decide([secondary], Evidence({}, [], ROLES, {}))
    assert "| 88.4 / 85.7 (ROC-AUC) |" in claims_markdown(table)
    assert statements_markdown(table) == (
        "- On the corpus with more semantic tags, CLMR scores below SampleCNN. (§6.1) **Not built**.\n"
    )
    assert statements_markdown(table[:0]) == ""
