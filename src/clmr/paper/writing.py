"""Saving tables and figures: the only module in ``paper`` that knows the format of their files."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from clmr.paper.figures import DPI
from clmr.paper.tables import COUNTS
from clmr.storage import paths
from clmr.storage.files import replacing, write_text


def save_figure(figure: Figure, name: str, data: pd.DataFrame) -> Figure:
    """Write a figure as PNG and its data as CSV beside it; returns the figure, for display.

    The PNG holds no software version, so equal figures are equal bytes.

    Args:
        figure: The figure; closed afterwards.
        name: Stem of both files.
        data: The data that the figure shows.
    """
    write_figure(figure, paths.figure_file(name))
    write_csv(data, paths.figure_data_file(name))
    return figure


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, and close it."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)  # else the notebook shows it twice, and pyplot keeps every figure alive


def save_table(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Write a table as CSV; returns the table, for display."""
    write_csv(table, paths.table_file(name))
    return table


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table with six decimals and Unix line ends."""
    write_text(path, table.to_csv(index=False, float_format="%.6f", lineterminator="\n"))


def read_table(name: str) -> pd.DataFrame:
    """A table that :func:`save_table` wrote; counts are whole numbers even where some are empty."""
    return pd.read_csv(paths.table_file(name), dtype=dict.fromkeys(COUNTS, "Int64"))
