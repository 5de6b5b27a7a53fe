"""The gallery: every table and figure on one page, each with what made it; and the published notebooks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nbformat
import pandas as pd

from clmr.models.heads import END_TO_END
from clmr.paper.tables import SYSTEM_NAMES
from clmr.pipeline import paths
from clmr.pipeline.notebooks import with_current_prose, write_notebook
from clmr.storage.files import read_json, write_text

SCALE_NOTES = {
    "smoke": "**Smoke scale.** A few clips and steps, to see that everything runs. The numbers mean nothing.",
    "embedded": (
        "**Embedded scale.** Corpora rendered on this machine, a narrow encoder and short schedules, within a budget "
        "of minutes. These numbers can be compared with each other, not with those of MagnaTagATune or the Million "
        "Song Dataset."
    ),
    "paper": "**Paper scale.** The data sets and settings of the thesis.",
}
_HEADS = {"end_to_end": "supervised, end to end"}
_LEFT_OUT = {
    "n_tags_excluded": "tags without a positive, or without a negative, in the test split",
    "n_tags_without_positives": "tags without a positive among the training clips, learned as absent",
    "n_clips_excluded": "clips shorter than the model's input",
}
_HEADS = {END_TO_END: "supervised, end to end"}


@dataclass(frozen=True)
class Artefact:
    """One table or figure of the gallery.

    Attributes:
        name: Stem of its files.
        title: Number in the thesis, or ``ours``.
        caption: What it shows.
        stage: Stage that writes it.
    """

    name: str
    title: str
    caption: str
    stage: str

    @property
    def is_table(self) -> bool:
        """Whether it is a table; else it is a figure."""
        return self.name.startswith("table_")


ARTEFACTS = (
    Artefact("table_6_1", "Table 6.1", "Tag prediction by probes on frozen encoders and by supervised models trained "
             "end to end, test split. In brackets the 95 % interval over bootstrap samples of tracks.", "tagging"),
    Artefact("fig_scores", "Ours", "The PR-AUC of Table 6.1 with its intervals.", "tagging"),
    Artefact("fig_1_1", "Figure 1.1", "PR-AUC against the number of parameters, first labelled corpus: supervised "
             "models in grey, linear probes on frozen encoders in colour.", "tagging"),
    Artefact("fig_6_2", "Figure 6.2", "ROC-AUC of each tag, first labelled corpus: linear probes on CLMR and CPC "
             "beside a supervised model.", "tagging"),
    Artefact("fig_6_1", "Figure 6.1", "t-SNE of the segments of a few test tracks, one colour per track.", "tagging"),
    Artefact("fig_learning_curves", "Ours", "Loss and accuracy of the contrastive tasks: the other view for CLMR, the "
             "following frames for CPC.", "tagging"),
    Artefact("fig_5_1", "Figure 5.1", "Learning rate during pre-training, as used.", "tagging"),
    Artefact("fig_4_1", "Figure 4.1", "Distribution of tags, first labelled corpus.", "tagging"),
    Artefact("fig_4_2", "Figure 4.2", "Distribution of tags, second labelled corpus.", "tagging"),
    Artefact("table_4_1", "Table 4.1", "Tags of the first labelled corpus and their clips.", "tagging"),
    Artefact("table_4_2", "Table 4.2", "Tags of the second labelled corpus and their clips.", "tagging"),
)  # fmt: skip


def notebook_stages(params: Mapping[str, Any]) -> dict[str, str]:
    """The notebook behind each stage that runs one, in the order of the pipeline.

    >>> list(notebook_stages({"corpora": {"a": {}}, "runs": {"b": {}}, "supervised_runs": {"c": {}}}).items())[1:]
    [('pretrain@b', '02_pretraining'), ('supervised@c', '03_supervised'), ('tagging', '04_tagging')]
    """
    downloads = {f"download@{name}": "01_download" for name in params["corpora"]}
    runs = {f"pretrain@{name}": "02_pretraining" for name in params["runs"]}
    supervised = {f"supervised@{name}": "03_supervised" for name in params["supervised_runs"]}
    return downloads | runs | supervised | {"tagging": "04_tagging"}


def recorded_stages(params: Mapping[str, Any]) -> list[str]:
    """All stages with provenance and cost, in the order of the pipeline."""
    stages = list(notebook_stages(params))
    middle = [f"store@{name}" for name in params["stores"]]
    probes = [f"evaluate@{name}" for name in params["evaluations"]] + [f"log_mel@{name}" for name in params["stores"]]
    return [
        *stages[: len(params["corpora"])],
        *middle,
        *stages[len(params["corpora"]) : -1],
        *probes,
        "tagging",
    ]


def publish_notebooks(params: Mapping[str, Any]) -> list[str]:
    """Write every executed notebook with the current prose to ``results/notebooks``; their stages."""
    stages = notebook_stages(params)
    for stage, notebook in stages.items():
        executed = nbformat.read(paths.executed_notebook(stage), as_version=4)
        source = nbformat.read(paths.source_notebook(notebook), as_version=4)
        write_notebook(with_current_prose(executed, source), paths.published_notebook(stage))
    return list(stages)


def write_tables(params: Mapping[str, Any]) -> list[str]:
    """Write the Markdown form of every table; their names."""
    tables = {artefact.name: artefact for artefact in ARTEFACTS if artefact.is_table}
    for name in tables:
        table = pd.read_csv(paths.table_file(name), keep_default_na=True)
        readable = (
            score_markdown(table) if "roc_auc_tag" in table else markdown(table.columns, table.to_numpy().tolist())
        )
        write_text(paths.table_file(name).with_suffix(".md"), readable)
    write_text(paths.table_file("table_costs").with_suffix(".md"), cost_markdown(params))
    return [*tables, "table_costs"]


def score_markdown(table: pd.DataFrame) -> str:
    """A score table for readers: percentages, intervals in brackets, the thesis beside it where it may stand."""
    rows = [
        [
            SYSTEM_NAMES[row.system], _shown(row.pretrain_corpus), row.eval_corpus,
            _HEADS.get(row.head, row.head),
            _interval(row, "roc_auc_tag"), _interval(row, "pr_auc_tag"),
            _percent(row.roc_auc_clip), _percent(row.pr_auc_clip),
            _percent(row.thesis_roc_auc_tag), _percent(row.thesis_pr_auc_tag), row.scale,
        ]
        for row in table.assign(head=table["head"]).itertuples()
    ]  # fmt: skip
    header = [
        "system", "pre-trained on", "evaluated on", "head", "ROC-AUC TAG", "PR-AUC TAG", "ROC-AUC CLIP", "PR-AUC CLIP",
        "thesis ROC-AUC TAG", "thesis PR-AUC TAG", "scale",
    ]  # fmt: skip
    return f"{markdown(header, rows)}\n{left_out(table)}\n"


def left_out(table: pd.DataFrame) -> str:
    """A note on the tags and clips that the scores of a table do without."""
    notes = [
        f"{SYSTEM_NAMES[row.system]} on {row.eval_corpus}: {int(getattr(row, column))} {what}"
        for column, what in _LEFT_OUT.items()
        for row in table.drop_duplicates(["system", "eval_corpus"]).itertuples()
        if getattr(row, column) > 0
    ]
    return f"Left out: {'; '.join(notes)}." if notes else "No tag and no clip had to be left out."


def cost_markdown(params: Mapping[str, Any]) -> str:
    """Seconds and memory of each stage when it was last run."""
    costs = {stage: read_json(paths.cost_file(stage)) for stage in recorded_stages(params)}
    rows = [[stage, f"{cost['wall_s']:.1f}", f"{cost['peak_memory_gib']:.2f}"] for stage, cost in costs.items()]
    total = sum(cost["wall_s"] for cost in costs.values())
    return markdown(["stage", "seconds", "peak memory (GiB)"], [*rows, ["**sum**", f"{total:.1f}", ""]])


def gallery(params: Mapping[str, Any]) -> str:
    """The page ``results/README.md``."""
    parts = [
        "# Results",
        "Written by the stage `report`; every number below comes from a file in this folder.",
        SCALE_NOTES[params["scale"]],
        *(_section(artefact, params) for artefact in ARTEFACTS),
        "## Provenance",
        "What each stage was made from. *Code* is a hash over the notebook or entry point and everything it imports; "
        "the files in [provenance](provenance) also hold parameter values, package versions and machine type. "
        "[Costs](tables/table_costs.md) are apart, since they vary from run to run.",
        _provenance_table(params),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def write_gallery(params: Mapping[str, Any]) -> None:
    """Write ``results/README.md``."""
    write_text(paths.results_dir() / "README.md", gallery(params))


def markdown(header: Any, rows: list[list[Any]]) -> str:
    """A Markdown table.

    >>> print(markdown(["tag", "clips"], [["piano", 3]]), end="")
    | tag | clips |
    | --- | --- |
    | piano | 3 |
    """
    lines = [list(header), ["---"] * len(list(header)), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def _section(artefact: Artefact, params: Mapping[str, Any]) -> str:
    if artefact.is_table:
        shown = paths.table_file(artefact.name).with_suffix(".md").read_text(encoding="utf-8").rstrip("\n")
        data = f"[data](tables/{artefact.name}.csv)"
    else:
        shown = f"![{artefact.caption}](figures/{artefact.name}.png)"
        data = f"[data](figures/{artefact.name}.csv)"
    notebook = f"[notebook](notebooks/{paths.file_stem(artefact.stage)}.ipynb)"
    code = read_json(paths.provenance_file(artefact.stage))["code_sha256"][:12]
    origin = f"{data} · stage `{artefact.stage}` · {notebook} · code `{code}` · scale {params['scale']}"
    return f"## {artefact.title}: `{artefact.name}`\n\n{artefact.caption}\n\n{shown}\n\n{origin}"


def _provenance_table(params: Mapping[str, Any]) -> str:
    notebooks = notebook_stages(params)
    rows = []
    for stage in recorded_stages(params):
        facts = read_json(paths.provenance_file(stage))
        stem = paths.file_stem(stage)
        ran = (
            f"[{notebooks[stage]}](notebooks/{stem}.ipynb)"
            if stage in notebooks
            else f"`clmr.pipeline.stages.{stage.partition('@')[0]}`"
        )
        rows.append(
            [
                f"[{stage}](provenance/{stem}.json)",
                ran,
                _keys(facts["params"]),
                f"`{facts['code_sha256'][:12]}`",
            ]
        )
    return markdown(["stage", "ran", "parameters", "code"], rows)


def _keys(params: Mapping[str, Any]) -> str:
    return ", ".join(f"`{key}`" for key in json.loads(json.dumps(params))) or "none"


def _interval(row: Any, metric: str) -> str:
    low, high = getattr(row, f"{metric}_low"), getattr(row, f"{metric}_high")
    return f"{_percent(getattr(row, metric))} [{_percent(low)}, {_percent(high)}]"


def _percent(value: float) -> str:
    return "" if pd.isna(value) else f"{100 * value:.1f}"


def _shown(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def with_readme_table(readme: str, table: str) -> str:
    """The text of the top-level README with the table between its two markers.

    Raises:
        ValueError: If the markers are missing.
    """
    begin, end = "<!-- table_6_1:", "<!-- end of table_6_1 -->"
    if begin not in readme or end not in readme:
        raise ValueError(f"README.md must hold the markers {begin!r} and {end!r}, each on a line of its own")
    head, rest = readme.split(begin, 1)
    marker, _ = rest.split("\n", 1)
    return f"{head}{begin}{marker}\n{table}{end}{rest.split(end, 1)[1]}"


def main() -> None:
    """Copy the table of results into the README."""
    readme, table = paths.root() / "README.md", paths.table_file("table_6_1").with_suffix(".md")
    write_text(readme, with_readme_table(readme.read_text(encoding="utf-8"), table.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
