"""Tables 2.4 and 5.1 in the form that readers see.

What belongs here: words and layout. What does not: what stands in the tables (:mod:`clmr.paper.architecture`), which
is not imported, so that the report does not depend on the code of a network.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clmr.paper.markdown import markdown, shown

_LAYERS = {
    "input": "input",
    "conv_block": "convolution, batch norm, ReLU",
    "max_pool": "max pooling",
    "dropout": "dropout",
    "fully_connected": "linear",
}


def layers_markdown(table: pd.DataFrame) -> str:
    """Table 2.4 for readers: one block of rows per network, what the thesis prints at the right.

    Args:
        table: As :func:`clmr.paper.architecture.layer_table` gives it.
    """
    header = [
        "layer", "output (length × channels)", "kernel / stride / padding", "parameters", "thesis: output",
        "thesis: kernel / stride / padding", "differs in",
    ]  # fmt: skip
    rows: list[list[str]] = []
    for network, layers in table.groupby("network", sort=False):
        total = f"{layers.n_parameters.sum():,.0f}"
        rows.append([f"**{network}**", "", "", f"**{total}**", "", "", ""])
        rows += [_layer_cells(row) for row in layers.to_dict("records")]
    return markdown(header, rows)


def _layer_cells(row: Mapping[Any, Any]) -> list[str]:
    return [
        _LAYERS[row["layer"]], _output(row, ""), _settings(row, ""), f"{row['n_parameters']:,.0f}",
        _output(row, "thesis_"), _settings(row, "thesis_"), shown(row["differs"]),
    ]  # fmt: skip


def _output(row: Mapping[Any, Any], prefix: str) -> str:
    length, channels = (row[f"{prefix}{name}"] for name in ("length", "channels"))
    return "" if pd.isna(length) else f"{length:.0f} × {channels:.0f}"


def _settings(row: Mapping[Any, Any], prefix: str) -> str:
    values = [row[f"{prefix}{name}"] for name in ("kernel", "stride", "padding")]
    return "" if pd.isna(values[0]) else " / ".join(f"{value:.0f}" for value in values)


def formats_markdown(table: pd.DataFrame) -> str:
    """Table 5.1 for readers, with kernels and poolings in one list where they are equal.

    Args:
        table: As :func:`clmr.paper.architecture.format_table` gives it.
    """
    header = [
        "sample rate (Hz)", "samples", "ms", "kernels and poolings", "frames", "parameters", "thesis: samples",
        "thesis: kernels", "differs in",
    ]  # fmt: skip
    rows = [
        [
            shown(row["sample_rate_hz"]), shown(row["samples"]), f"{row['duration_ms']:.0f}", _kernels(row),
            shown(row["frames"]), f"{row['n_parameters']:,.0f}", shown(row["thesis_samples"]),
            shown(row["thesis_kernels"]), shown(row["differs"]),
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    return markdown(header, rows)


def _kernels(row: Mapping[Any, Any]) -> str:
    kernels, poolings = row["kernels"], row["poolings"]
    return str(kernels) if kernels == poolings else f"{kernels}; poolings {poolings}"
