"""Benchmarks as JSON, one file per claim and kind of device, and all of them in one table."""

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import torch

from benchmarks.benchmark import Benchmark
from clmr.pipeline.provenance import surroundings
from clmr.storage.files import read_json, write_json, write_text

NOT_INSTALLED = "not installed"
NOT_MEASURED = "not measured"
_PEER_PACKAGES = ("audiomentations", "pedalboard", "torch-audiomentations", "torchaudio-augmentations")
_HEADER = "| benchmark | unit | ours | limit | share | peers | ratio to the best peer | goal | met | GPU |"

Record = Mapping[str, Any]


def record(benchmark: Benchmark, device: torch.device, quick: bool) -> dict[str, Any]:
    """What is written about a measurement: values to four digits, repeats, machine and versions."""
    facts = surroundings()
    return {
        "name": benchmark.name,
        "claim": benchmark.claim,
        "unit": benchmark.unit,
        "better": benchmark.better,
        "ours": _rounded(benchmark.ours),
        "peers": {name: NOT_INSTALLED if v is None else _rounded(v) for name, v in benchmark.peers.items()},
        "best_peer": benchmark.best_peer,
        "limit": None if benchmark.limit is None else _rounded(benchmark.limit),
        "limit_is": benchmark.limit_text,
        "share_of_limit": None if benchmark.share is None else _rounded(benchmark.share),
        "ratio_to_best_peer": None if benchmark.ratio is None else _rounded(benchmark.ratio),
        "goal": benchmark.goal.text,
        "goal_met": benchmark.met,
        "notes": list(benchmark.notes),
        "details": _rounded(dict(benchmark.details)),
        "repeats_s": _rounded(dict(benchmark.repeats_s)),
        "device": device.type,
        "quick": quick,
        "machine": facts["machine"] | _cpu_facts(),
        "packages": facts["packages"] | {name: _version(name) for name in _PEER_PACKAGES},
    }


def json_file(folder: Path, name: str, device_type: str) -> Path:
    """Where a record lies: ``<name>.json`` for the CPU, ``<name>_gpu.json`` for a GPU."""
    return folder / (f"{name}.json" if device_type == "cpu" else f"{name}_gpu.json")


def write_record(folder: Path, entry: Record) -> None:
    """Write one record where :func:`write_table` finds it."""
    write_json(json_file(folder, entry["name"], entry["device"]), entry)


def write_table(folder: Path, names: tuple[str, ...]) -> None:
    """Write ``README.md`` from the records that lie in the folder, whichever machine they come from."""
    records = {(name, device): _read(json_file(folder, name, device)) for name in names for device in ("cpu", "cuda")}
    write_text(folder / "README.md", table(names, records))


def table(names: tuple[str, ...], records: Mapping[tuple[str, str], Record | None]) -> str:
    """The table and the notes below it, in Markdown.

    Args:
        names: Benchmarks, in order.
        records: By name and type of device (``cpu``, ``cuda``); None where nothing was measured.
    """
    rows = [_row(name, records[name, "cpu"], records[name, "cuda"]) for name in names]
    notes = [_notes(entry) for name in names for device in ("cpu", "cuda") if (entry := records[name, device])]
    head = [
        "# Benchmarks",
        "",
        "Written by `python -m benchmarks`; each row is the fastest repeat on one machine, all repeats are in the",
        "JSON files beside this table. The peers are in `benchmarks/requirements.txt`.",
        "",
        _HEADER,
        "|" + " --- |" * (_HEADER.count("|") - 1),
    ]
    return "\n".join([*head, *rows, "", *notes]).rstrip("\n") + "\n"


def _row(name: str, cpu: Record | None, gpu: Record | None) -> str:
    shown = cpu or gpu
    if shown is None:
        return f"| {name} | | {NOT_MEASURED} | | | | | | | {NOT_MEASURED} |"
    cells = (
        [NOT_MEASURED, "", "", "", "", shown["goal"], ""] if cpu is None else [*_values(cpu), cpu["goal"], _met(cpu)]
    )
    beside = NOT_MEASURED if gpu is None else "; ".join([*_values(gpu), f"met: {_met(gpu)}"])
    return "| " + " | ".join([name, shown["unit"], *cells, beside]) + " |"


def _values(entry: Record) -> list[str]:
    """Ours, the limit, the share of it, the peers, the ratio."""
    peers = "<br>".join(f"{name}: {_shown(value)}" for name, value in entry["peers"].items())
    ratio = entry["ratio_to_best_peer"]
    # Records of earlier versions state no limit.
    limit, share = entry.get("limit"), entry.get("share_of_limit")
    of_limit = ["none", ""] if limit is None else [_shown(limit), f"{100 * share:.0f} %"]
    return [_shown(entry["ours"]), *of_limit, peers, "unknown" if ratio is None else f"{_shown(ratio)}x"]


def _met(entry: Record) -> str:
    return {True: "yes", False: "no", None: "unknown"}[entry["goal_met"]]


def _notes(entry: Record) -> str:
    machine = entry["machine"]
    units = ", ".join([machine["vector_instructions"], *machine["bf16_instructions"]])
    loops = machine.get("compiled_loops", "none")
    on_cpu = f"{machine['cpu']}, {units}, {machine['threads']} threads, compiled loops: {loops}"
    where = machine["gpu"] if entry["device"] == "cuda" else on_cpu
    quick = " Toy sizes: these numbers mean nothing." if entry["quick"] else ""
    limit = [f"- The limit: {entry['limit_is']}."] if entry.get("limit_is") else []
    notes = [*limit, *(f"- {note}" for note in entry["notes"])]
    lines = [f"**{entry['name']}** ({where}).{quick} {entry['claim']}", *notes]
    return "\n".join([lines[0], "", *lines[1:], ""])


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _cpu_facts() -> dict[str, Any]:
    """Model, cores and the units that decide the speed of bfloat16."""
    able = torch.cpu.get_capabilities()
    return {
        "cpu": able.get("cpu_name", "unknown"),
        "cores": psutil.cpu_count(logical=False),
        "bf16_instructions": [name for name in ("amx_bf16", "avx512_bf16") if able.get(name)],
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return NOT_INSTALLED


def _read(path: Path) -> Record | None:
    return read_json(path) if path.is_file() else None
