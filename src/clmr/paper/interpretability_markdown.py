"""The tables of chapter 7 in the form that readers see."""

from typing import Any

import pandas as pd

from clmr.paper.cells import markdown, p_value, percent, shown
from clmr.paper.claim_markdown import verdict_counts
from clmr.paper.names import system_name


def filters_markdown(table: pd.DataFrame) -> str:
    """Filters by network and layer: where peaks lie, how narrow spectra are, and what training changes."""
    header = [
        "system", "run", "layer", "objective", "filters", "peaks: median [10 %, 90 %] (Hz)",
        "at a multiple of", "peaks there (by chance)", "bandwidth (Hz)", "peaks against untrained: distance (p, Holm)",
        "bandwidth over untrained (p, Holm)",
    ]  # fmt: skip
    rows = [
        [
            system_name(row["system"]), row["run"], row["layer"], row["objective"], row["n_filters"],
            f"{row['peak_median_hz']:.0f} [{row['peak_low_hz']:.0f}, {row['peak_high_hz']:.0f}]",
            f"{row['at_hop_hz']:.0f} Hz",
            f"{percent(row['share_at_hop'])} % ({percent(row['chance_at_hop'])} %)", f"{row['bandwidth_hz']:.0f}",
            _with_p(row, "peaks_distance", "peaks_p_holm"), _with_p(row, "bandwidth_ratio", "bandwidth_p_holm"),
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    return markdown(header, rows)


def chapter_7_markdown(table: pd.DataFrame) -> str:
    """The claims of chapter 7: what was measured, both values, the test and the verdict, and notes below."""
    header = ["claim", "section", "measure", "first", "second", "values", "test", "p", "p, Holm", "verdict"]
    rows = [
        [
            row["claim"], row["section"], shown(row["measure"]), shown(row["first"]), shown(row["second"]),
            _values(row), shown(row["test"]), _p(row["p"]), _p(row["p_holm"]), f"**{row['verdict']}**",
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    noted = [row for row in table.to_dict("records") if shown(row["note"])]
    notes = "".join(f"- *{row['claim']}* {row['note']}\n" for row in noted)
    return f"{markdown(header, rows)}\n{verdict_counts(table)}\n" + (f"\n{notes}" if notes else "")


def out_of_domain_markdown(table: pd.DataFrame) -> str:
    """Features of section 7.5 with the tags of their strongest segments in both corpora."""
    header = ["feature", "agreement", "features that agree as well", "tags at home", "tags elsewhere"]
    rows = [
        [
            row["feature"], f"{row['agreement']:.2f}", f"{percent(row['rank_share'])} %", shown(row["home_tags"]),
            shown(row["elsewhere_tags"]),
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    return markdown(header, rows)


def _with_p(row: dict[Any, Any], value: str, p: str) -> str:
    return "" if pd.isna(row[value]) else f"{row[value]:.2f} ({p_value(row[p])})"


def _values(row: dict[Any, Any]) -> str:
    if pd.isna(row["first_value"]):
        return ""
    unit = "" if row["unit"] == "of 1" else f" {row['unit']}"
    return f"{row['first_value']:.4g} / {row['second_value']:.4g}{unit}"


def _p(value: float) -> str:
    return "" if pd.isna(value) else p_value(value)
