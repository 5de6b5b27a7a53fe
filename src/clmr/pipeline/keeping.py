"""The command ``clmr keep``: which stages a result comes from, and whether all of them are up to date."""

import json
import subprocess
import sys

from clmr.paper.kept import KEEPABLE, keep
from clmr.paper.planned import Scale
from clmr.pipeline.stage import open_stage
from clmr.pipeline.stage_graph import grouped, needed_by, stage_files
from clmr.pipeline.stage_params import ReportStage
from clmr.storage import paths
from clmr.storage.strict import require
from clmr.storage.yaml_files import read_yaml

PUBLISHED_SCALE: Scale = "embedded"
"""The scale whose results are committed in ``results`` itself."""


def keep_results(stage: str) -> str:
    """Keep a stage's tables and figures, once it has run; returns a sentence that says where.

    Args:
        stage: A stage that writes tables or figures, with or without ``@thesis``.

    Raises:
        ValueError: If there is no such stage, if the scale is that of the published results, or if the stage or one
            that it needs has not run with today's parameters, data and code.
    """
    stage = stage.removesuffix("@thesis")
    require(stage in KEEPABLE, "the stage to keep", stage, f"one of {', '.join(KEEPABLE)}")
    params = read_yaml(paths.params_file())
    require(
        params["scale"] != PUBLISHED_SCALE, "scale in params.yaml", params["scale"], "another than the published one"
    )
    # Asked of DVC: the parameters may have changed since the plan was made, and files of results since the stage ran.
    outdated = outdated_stages(f"{stage}@thesis")
    if outdated:
        raise ValueError(f"out of date, or not run yet: {grouped(outdated)}; dvc repro {stage}@thesis runs them")
    report = open_stage(ReportStage, "report").params
    graph = stage_files(read_yaml(paths.root() / "dvc.yaml"), params)
    needed = {name.removesuffix("@thesis") for name in needed_by(f"{stage}@thesis", graph)}
    folder = keep(stage, report.scale, [published for published in report.stages if published.stage in needed])
    return f"the {report.scale} results of {stage} are in {folder.relative_to(paths.root()).as_posix()}"


def outdated_stages(stage: str) -> list[str]:
    """A stage and those that it needs, as far as DVC would run them now, without ``@thesis``.

    Args:
        stage: Name as DVC has it.

    Raises:
        ValueError: If DVC cannot tell, as while it is running stages.
    """
    command = [sys.executable, "-m", "dvc", "status", "--with-deps", "--json", stage]
    done = subprocess.run(command, cwd=paths.root(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"dvc status {stage} failed: {done.stderr.strip()}")
    return [name.removesuffix("@thesis") for name in json.loads(done.stdout)]
