"""Stage ``own_report@<name>``: what systems score on a corpus of one's own, on one page."""

from clmr.corpora.describe import describe
from clmr.corpora.problems import read_problems
from clmr.corpora.store import open_store
from clmr.paper import audible, figures, reading, score_figures, verdicts
from clmr.paper.chance import chance_by_corpus
from clmr.paper.own_report import own_report
from clmr.paper.tables import score_table, with_chance
from clmr.paper.writing import write_csv, write_figure
from clmr.pipeline.command_line import run_stage
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import OwnReportStage
from clmr.storage import paths
from clmr.storage.files import write_text


def work(stage: Stage[OwnReportStage]) -> None:
    """Write the page, with its tables and its figure beside it."""
    params, systems, output = stage.params.report, stage.params.systems, paths.own_report_dir(stage.key)
    store = paths.store_dir(params.store)
    rows = reading.scores(systems)
    test, valid = (reading.clip_scores(systems, rows, split) for split in ("test", "valid"))
    heard = audible.audible_by_corpus(valid)
    second = audible.with_audible(rows, test, heard, params.resampling)
    scored = score_table(systems, second, reading.thesis(), "table_6_1", stage.params.scale)
    table = with_chance(scored, chance_by_corpus(test, heard))
    differences = verdicts.difference_table(verdicts.pairs(test)[0], params.resampling)
    by_tag = audible.tags_of_corpora(valid, test, heard, params.resampling)
    for name, data in {"scores": table, "differences": differences, "tags": by_tag}.items():
        write_csv(data, output / f"{name}.csv")
    figures.style()
    write_figure(score_figures.scores(table, "pr_auc_tag", "PR-AUC (TAG)"), output / "scores.png")
    page = own_report(
        stage.key, describe(store), reading.tag_counts(params.store), table, differences, by_tag, read_problems(store)
    )
    write_text(output / "README.md", page)
    print(f"{len(open_store(store).clips)} clips, {output / 'README.md'}")


def main() -> None:
    """Command line of the stage."""
    run_stage(OwnReportStage, "write the report on a corpus of one's own", ["own_report"], work)


if __name__ == "__main__":
    main()
