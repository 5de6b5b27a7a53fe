"""Stage ``claims``: the table of the thesis's claims, decided over the scores of all experiments at once.

It comes before the notebooks of chapter 6, which show the verdicts on their tables: a claim may compare systems of two
experiments, and all systems of a corpus are compared on the clips that every one of them has scored.
"""

from clmr.paper import reading
from clmr.paper.claim_markdown import verdict_counts
from clmr.paper.claim_table import Evidence, claims_table, seed_deviations
from clmr.paper.writing import save_table
from clmr.pipeline.command_line import run_stage
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import ClaimsStage


def work(stage: Stage[ClaimsStage]) -> None:
    """Decide every claim, write the table, and print the deviations between seeds that it assumes."""
    params = stage.params
    test = reading.clip_scores(params.systems, reading.scores(params.systems), "test")
    evidence = Evidence(test, params.systems, params.roles, seed_deviations(test))
    table = claims_table(reading.claims(), evidence, reading.thesis(), params.claims.resampling)
    save_table(table, "table_claims")
    for experiment, deviation in evidence.seed_sd.items():
        print(f"Deviation between seeds in the experiment {experiment}: {100 * deviation:.2f} points of PR-AUC")
    print(verdict_counts(table))


def main() -> None:
    """Command line of the stage."""
    run_stage(ClaimsStage, "decide the claims of the thesis", ["claims"], work)


if __name__ == "__main__":
    main()
