"""Tables 2.4 and 5.1: the layers of SampleCNN as built, beside those that the thesis prints.

What belongs here: measuring a network's layers, and laying the printed ones beside them. What does not: the network
(:mod:`clmr.models.sample_cnn`), and the form for readers (:mod:`clmr.paper.architecture_markdown`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pandas as pd
import torch
from torch import Tensor, nn

from clmr.models.sample_cnn import FORMATS, SampleCNNParams
from clmr.models.sample_cnn_tagger import SampleCNNTagger, SampleCNNTaggerParams
from clmr.storage import paths
from clmr.storage.strict import from_mapping, require, strict
from clmr.storage.yaml_files import read_yaml

PRINTED = ("length", "channels", "kernel", "stride", "padding")
"""What Table 2.4 prints of a layer."""
LAYER_COLUMNS = ("network", "layer", *PRINTED, "n_parameters", *(f"thesis_{name}" for name in PRINTED), "differs")
FORMAT_COLUMNS = (
    "sample_rate_hz", "samples", "duration_ms", "kernels", "poolings", "frames", "n_parameters",
    "thesis_samples", "thesis_kernels", "differs",
)  # fmt: skip
_SETTINGS = {"kernel": "kernel_size", "stride": "stride", "padding": "padding"}
"""Attributes of torch's layers by the names that Table 2.4 has for them."""


@strict
class PrintedLayer:
    """A row of Table 2.4; what it does not print is None."""

    index: int
    layer: str
    length: int
    channels: int
    kernel: int | None = None
    stride: int | None = None
    padding: int | None = None
    note: str | None = None


@strict
class PrintedLayers:
    """Table 2.4, and the input that it states."""

    place: str
    section: str
    sample_rate_hz: int
    input_samples: int
    input_ms: int
    note: str
    layers: tuple[PrintedLayer, ...]

    def __post_init__(self) -> None:
        require(len(self.layers) >= 2, "layers", len(self.layers), "at least 2: the input and a layer")

    @property
    def width(self) -> int:
        """Channels of the first convolution."""
        return self.layers[1].channels

    @property
    def n_tags(self) -> int:
        """Units of the last layer."""
        return self.layers[-1].channels


@strict
class PrintedFormat:
    """A row of Table 5.1; keys that begin with ``printed_`` are as printed, the others corrected."""

    sample_rate_hz: int
    samples: int
    strides: tuple[int, ...]
    printed_samples: int | None = None
    printed_strides: tuple[int, ...] | None = None
    note: str | None = None


def printed_layers() -> PrintedLayers:
    """Table 2.4 as ``references/thesis.yaml`` states it."""
    return from_mapping(PrintedLayers, _listed("table_2_4"), "thesis.yaml: architecture.table_2_4")


def printed_formats() -> tuple[PrintedFormat, ...]:
    """Table 5.1 as ``references/thesis.yaml`` states it."""
    rows = _listed("table_5_1")["rows"]
    return tuple(from_mapping(PrintedFormat, row, "thesis.yaml: architecture.table_5_1.rows") for row in rows)


def layer_table(printed: PrintedLayers, encoder: SampleCNNParams, n_tags: int) -> pd.DataFrame:
    """Table 2.4: every layer of SampleCNN as built, in the thesis's size beside the printed layers, and as used here.

    The network that is used here comes second, with its linear layer for tags and without printed values; it is left
    out where it has the thesis's size.

    Args:
        printed: Table 2.4.
        encoder: Size of the encoder that is used here.
        n_tags: Tags of the corpus that is used here.

    Returns:
        Columns :data:`LAYER_COLUMNS`: output length and channels, settings and trainable parameters of each layer, and
        the names of what the thesis prints otherwise.
    """
    # The dropout changes no shape; as printed, so that the layer is there.
    full = SampleCNNTaggerParams("sample_cnn", printed.sample_rate_hz, printed.width, dropout=0.5)
    rows = [
        row | {f"thesis_{name}": stated[name] for name in PRINTED} | {"differs": _differing(row, stated)}
        for row, stated in _aligned(_tagger_rows(full, printed.n_tags), _printed_rows(printed))
    ]
    parts = [pd.DataFrame(rows).assign(network=f"the thesis's size: {_size(full)}")]
    if (encoder.sample_rate_hz, encoder.width) != (full.sample_rate_hz, full.width):
        # A dropout of 0 drops nothing, as in the linear probe on the frozen encoder, and is no layer.
        used = SampleCNNTaggerParams("sample_cnn", encoder.sample_rate_hz, encoder.width, dropout=0.0)
        parts.append(pd.DataFrame(_tagger_rows(used, n_tags)).assign(network=f"used here: {_size(used)}", differs=""))
    whole = [*PRINTED, "n_parameters", *(f"thesis_{name}" for name in PRINTED)]
    joined = [part.reindex(columns=list(LAYER_COLUMNS)).astype(dict.fromkeys(whole, "Int64")) for part in parts]
    return pd.concat(joined, ignore_index=True)


def format_table(printed: Sequence[PrintedFormat], width: int) -> pd.DataFrame:
    """Table 5.1: input and kernels of SampleCNN at each sample rate as built, beside what the thesis prints.

    Kernels and poolings are those of the blocks between the first and the last.

    Args:
        printed: Table 5.1.
        width: Channels of the first block.

    Returns:
        Columns :data:`FORMAT_COLUMNS`; ``frames`` is the length of the last map.
    """
    by_rate = {row.sample_rate_hz: row for row in printed}
    rows = []
    for sample_rate_hz in sorted(FORMATS, reverse=True):
        row = _format_row(sample_rate_hz, width)
        stated = by_rate.get(sample_rate_hz)
        printed_kernels = stated.printed_strides if stated else None
        row["thesis_samples"] = stated.printed_samples if stated else None
        row["thesis_kernels"] = _joined(printed_kernels) if printed_kernels else ""
        pairs = (("samples", "thesis_samples"), ("kernels", "thesis_kernels"))
        row["differs"] = ", ".join(ours for ours, theirs in pairs if row[theirs] and row[ours] != row[theirs])
        rows.append(row)
    return pd.DataFrame(rows, columns=FORMAT_COLUMNS).astype({"thesis_samples": "Int64"})


def tagger_layers(params: SampleCNNTaggerParams, n_tags: int) -> pd.DataFrame:
    """The layers of a SampleCNN tagger as built, without printed ones; columns as in :func:`layer_table`.

    >>> params = SampleCNNTaggerParams("sample_cnn", sample_rate_hz=8_000, width=2, dropout=0.5)
    >>> tagger_layers(params, n_tags=5)[["layer", "length", "channels"]].iloc[[0, 1, -1]].to_numpy().tolist()
    [['input', 20736, 1], ['conv_block', 6912, 2], ['fully_connected', 1, 5]]
    """
    return pd.DataFrame(_tagger_rows(params, n_tags))


def _format_row(sample_rate_hz: int, width: int) -> dict[str, Any]:
    params = SampleCNNParams("sample_cnn", sample_rate_hz, width)
    # On torch's device without memory: shapes are computed, values are not, so that the full size costs nothing.
    with torch.device("meta"):
        encoder = params.build().eval()
    rows = _measured(encoder, list(cast("nn.Sequential", encoder.sequential)), params.clip_samples)
    kernels = [row["kernel"] for row in rows if row["layer"] == "conv_block"]
    return {
        "sample_rate_hz": sample_rate_hz,
        "samples": params.clip_samples,
        "duration_ms": 1000 * params.clip_samples / sample_rate_hz,
        "kernels": _joined(kernels[1:-1]),
        "poolings": _joined([row["kernel"] for row in rows if row["layer"] == "max_pool"]),
        "frames": rows[-1]["length"],
        "n_parameters": sum(row["n_parameters"] for row in rows),
    }


def _tagger_rows(params: SampleCNNTaggerParams, n_tags: int) -> list[dict[str, Any]]:
    with torch.device("meta"):
        tagger: SampleCNNTagger = params.build(n_tags).eval()
    dropout = [tagger.dropout] if params.dropout > 0 else []
    return _measured(tagger, [*tagger.encoder.sequential, *dropout, tagger.fc], params.clip_samples)


def _measured(network: nn.Module, layers: Sequence[nn.Module], clip_samples: int) -> list[dict[str, Any]]:
    """A row for the input and for each layer, from the shapes that pass through a network that was just built."""
    rows = [_row("input", clip_samples, 1)]
    for layer in layers:
        layer.register_forward_hook(lambda layer, inputs, output: rows.extend(_rows_of(layer, inputs[0], output)))
    with torch.inference_mode():
        network(torch.zeros(1, clip_samples, device="meta"))
    return rows


def _rows_of(layer: nn.Module, maps: Tensor, output: Tensor) -> list[dict[str, Any]]:
    """The rows of a layer that turned ``maps`` into ``output``: for a block its convolution, and its pooling if any."""
    if isinstance(layer, nn.Sequential):
        return _block_rows(layer, maps, output)
    kind = {nn.Dropout: "dropout", nn.Linear: "fully_connected"}[type(layer)]
    return [_row(kind, 1, output.shape[1], n_parameters=_n_parameters(layer))]


def _block_rows(block: nn.Sequential, maps: Tensor, output: Tensor) -> list[dict[str, Any]]:
    convolution, last = cast("nn.Conv1d", block[0]), block[-1]
    # The convolution once more by itself: the block computes it together with its pooling.
    convolved = convolution(maps.squeeze(2))
    settings = {name: getattr(convolution, attribute)[0] for name, attribute in _SETTINGS.items()}
    rows = [_row("conv_block", convolved.shape[2], convolved.shape[1], n_parameters=_n_parameters(block), **settings)]
    if isinstance(last, nn.MaxPool2d):
        settings = {name: _along_time(getattr(last, attribute)) for name, attribute in _SETTINGS.items()}
        rows.append(_row("max_pool", output.shape[3], output.shape[1], **settings))
    return rows


def _along_time(setting: int | tuple[int, ...]) -> int:
    return setting if isinstance(setting, int) else setting[-1]


def _row(layer: str, length: int, channels: int, n_parameters: int = 0, **settings: int) -> dict[str, Any]:
    unset = dict.fromkeys(_SETTINGS)
    return {"layer": layer, "length": length, "channels": channels} | unset | settings | {"n_parameters": n_parameters}


def _n_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _printed_rows(printed: PrintedLayers) -> list[dict[str, Any]]:
    """The printed layers, with the first convolution as a row of its own.

    The table prints kernel, stride and padding of the first convolution in the row of its input, and no row for it.
    """
    first, *others = ({name: getattr(layer, name) for name in ("layer", *PRINTED)} for layer in printed.layers)
    nothing = dict.fromkeys(PRINTED)
    taken_in = nothing | {"layer": first["layer"], "length": first["length"], "channels": first["channels"]}
    return [taken_in, nothing | {"layer": "conv_block"} | {name: first[name] for name in _SETTINGS}, *others]


def _aligned(built: list[dict[str, Any]], printed: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each layer as built with the printed one."""
    kinds = [[row["layer"] for row in rows] for rows in (built, printed)]
    if kinds[0] != kinds[1]:
        raise ValueError(
            f"thesis.yaml: architecture.table_2_4: found the layers {', '.join(kinds[1])}, "
            f"but the network has {', '.join(kinds[0])}; list one for each"
        )
    return list(zip(built, printed, strict=True))


def _differing(built: dict[str, Any], printed: dict[str, Any]) -> str:
    """Names of what is printed otherwise than built."""
    return ", ".join(name for name in PRINTED if printed[name] is not None and printed[name] != built[name])


def _size(params: SampleCNNTaggerParams) -> str:
    return f"{params.sample_rate_hz} Hz, width {params.width}"


def _joined(numbers: Sequence[int]) -> str:
    return " ".join(str(number) for number in numbers)


def _listed(table: str) -> dict[str, Any]:
    path: Path = paths.root() / "references" / "thesis.yaml"
    return read_yaml(path)["architecture"][table]
