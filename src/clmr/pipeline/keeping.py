"""Keeping the results of a stage at another scale: which stages they come from, and whether those are up to date."""

from clmr.paper.kept import KEEPABLE, keep
from clmr.paper.planned import PublishedStage, Scale
from clmr.pipeline.code import combined_digest
from clmr.pipeline.stage import open_stage, read_plan
from clmr.pipeline.stage_graph import needed_by, stage_files
from clmr.pipeline.stage_params import ReportStage
from clmr.storage import paths
from clmr.storage.files import read_json
from clmr.storage.strict import require
from clmr.storage.yaml_files import read_yaml

PUBLISHED_SCALE: Scale = "embedded"
"""The scale of what is in ``results``."""


def keep_results(stage: str) -> str:
    """Keep what a stage shows apart from the published results, once it has run; returns a sentence that says where.

    Args:
        stage: A stage that writes tables or figures, without ``@thesis``.

    Raises:
        FileNotFoundError: If nothing is planned.
        ValueError: If there is no such stage, if the scale is that of the published results, or if the stage or one
            that it needs has not run with the parameters and the code of the plan.
    """
    require(stage in KEEPABLE, "the stage to keep", stage, f"one of {', '.join(KEEPABLE)}")
    report = open_stage(ReportStage, "report").params
    allowed = f"another than {PUBLISHED_SCALE}, whose results are those in the folder results"
    require(report.scale != PUBLISHED_SCALE, "the scale of the plan", report.scale, allowed)
    graph = stage_files(read_yaml(paths.root() / "dvc.yaml"), read_yaml(paths.params_file()))
    names = {name.removesuffix("@thesis") for name in needed_by(f"{stage}@thesis", graph)}
    needed = [published for published in report.stages if published.stage in names]
    outdated = [published.stage for published in needed if not _is_current(published)]
    if outdated:
        raise ValueError(f"{', '.join(outdated)} did not run as planned; dvc repro {stage}@thesis runs what is missing")
    folder = keep(stage, report.scale, needed)
    return f"{folder.relative_to(paths.root()).as_posix()} has the {report.scale} results of {stage}"


def _is_current(published: PublishedStage) -> bool:
    """Whether the record of a stage is of the parameters and the code that are planned."""
    file, plan = paths.record_file(published.stage), read_plan(published.stage)
    if not file.is_file():
        return False
    made_from = read_json(file)["provenance"]
    return (made_from["params"], made_from["code_sha256"]) == (plan["params"], combined_digest(plan["code"]))
