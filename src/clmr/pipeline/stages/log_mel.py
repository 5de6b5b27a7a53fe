"""Stage ``log_mel@<role>``: the baseline without any learned representation."""

from clmr.corpora.store import open_store
from clmr.evaluation.log_mel import evaluate_log_mel
from clmr.evaluation.scores import compared, save_score_rows
from clmr.pipeline.command_line import print_scores, run_stage
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import LogMelStage
from clmr.storage import paths


def work(stage: Stage[LogMelStage]) -> None:
    """Score log-mel statistics on the test split."""
    params = stage.params
    store, scores = open_store(paths.store_dir(params.store)), paths.scores_dir(stage.name, params.experiment)
    rows = evaluate_log_mel(store, params.log_mel, scores)
    save_score_rows(scores, rows)
    stage.write_metrics(compared(rows))
    print_scores(rows)


def main() -> None:
    """Command line of the stage."""
    run_stage(LogMelStage, "logistic regression on log-mel statistics", ["log_mel"], work)


if __name__ == "__main__":
    main()
