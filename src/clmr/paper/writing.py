"""Saving tables and figures: the only place in ``paper`` that knows how their files look."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from clmr.paper.figures import DPI
from clmr.paper.tables import COUNTS
from clmr.storage import paths
from clmr.storage.files import replacing, write_text


def save_figure(figure: Figure, name: str, data: pd.DataFrame) -> Figure:
    """Write a figure as PNG and what it shows as CSV beside it; the figure itself, for display.

    The PNG carries no software version, so equal figures are equal bytes.
    """
    with replacing(paths.figure_file(name)) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    write_csv(data, paths.figure_data_file(name))
    plt.close(figure)  # else the notebook shows it twice, and pyplot keeps every figure alive
    return figure


def save_table(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Write a table as CSV; the table itself, for display."""
    write_csv(table, paths.table_file(name))
    return table


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table with six decimals and Unix line ends."""
    write_text(path, table.to_csv(index=False, float_format="%.6f", lineterminator="\n"))


def read_table(name: str) -> pd.DataFrame:
    """A table as written by :func:`save_table`; counts are whole numbers even where some are empty."""
    return pd.read_csv(paths.table_file(name), dtype=dict.fromkeys(COUNTS, "Int64"))
