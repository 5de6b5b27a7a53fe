"""Tables of ablations for readers: what varies, what is held, and the thesis in lines of its own."""

from clmr.paper.ablation import ablation_table
from clmr.paper.ablation_markdown import ablation_markdown
from clmr.paper.writing import read_table, save_table

from .examples import THESIS, ablation_row, score_row

OPTIMIZERS = {8: "adam", 96: "lars"}


def table(artefact: str, varied: str, rows, n_seeds: int = 1):
    heads = ("linear", "mlp")
    scores = {
        row.scored.stage: [
            score_row(head, seed, pr_auc_tag=0.5 if head == "linear" else 0.6)
            for head in heads
            for seed in range(n_seeds)
        ]
        for row in rows
    }
    return ablation_table(rows, scores, THESIS, artefact, varied, "embedded")


def test_what_varies_has_a_column_and_what_is_held_is_said_once():
    rows = [ablation_row(f"grid@x/{epochs}", epochs=epochs) for epochs in (5, 20)]
    shown = ablation_markdown(table("table_6_4", "epochs", rows))
    lines = shown.splitlines()
    assert lines[0] == ("| epochs | ROC-AUC TAG | PR-AUC TAG | ROC-AUC CLIP | PR-AUC CLIP | seeds | run | scale |")
    assert lines[2].startswith("| **scores: self-supervised, probes on frozen encoders** |")
    # With the hidden layer in brackets, as in the thesis's table.
    assert lines[3] == (
        "| 5 | 81.0 [80.0, 82.0] (81.0) | 50.0 [45.0, 55.0] (60.0) | 90.0 (90.0) | 70.0 (70.0) | 1 | x/5 | embedded |"
    )
    assert "| **magnatagatune: the thesis, as printed** |" in shown
    assert "| 10000 | 88.5 (89.2) | 35.4 (35.9) | 93.2 (93.5) | 69.3 (70.0) |  |  | thesis |" in shown
    assert "Our rows share: width 16, batch size 32. In round brackets: probes with a hidden layer." in lines[-1]
    assert "Rows with one seed have no deviation" in lines[-1]
    assert len({line.count("|") for line in lines[:-2]}) == 1


def test_a_setting_that_follows_from_what_varies_has_a_column_too():
    rows = [
        ablation_row(f"grid@x/{size}", settings={"optimizer": name}, batch_size=size)
        for size, name in OPTIMIZERS.items()
    ]
    shown = ablation_markdown(table("table_6_3", "batch_size", rows, n_seeds=2))
    assert shown.splitlines()[0].startswith("| batch size | optimizer | ROC-AUC TAG |")
    assert (
        "| 96 | lars | 81.0 ± 0.0 [80.0, 82.0] | 50.0 ± 0.0 [45.0, 55.0] | 90.0 | 70.0 | 2 | x/96 | embedded |" in shown
    )
    assert "(" not in shown.split("\n\n")[0]
    assert "Rows with one seed" not in shown


def test_a_table_reads_back_as_it_was(repository):
    rows = [ablation_row(f"grid@x/{epochs}", epochs=epochs) for epochs in (5, 20)]
    found = table("table_6_4", "epochs", rows)
    save_table(found, "table_6_4")
    assert ablation_markdown(read_table("table_6_4")) == ablation_markdown(found)


def test_without_numbers_of_the_thesis_there_is_one_block():
    rows = [ablation_row(f"grid@x/{kind}", projector=kind) for kind in ("linear", "identity")]
    shown = ablation_markdown(table("table_projector", "projector", rows))
    assert shown.count("**") == 2
    assert "| identity | 81.0 [80.0, 82.0] | 50.0 [45.0, 55.0] | 90.0 | 70.0 | 1 | x/identity | embedded |" in shown
