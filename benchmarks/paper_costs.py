"""What the paper scale costs, estimated from its parameters: ``python -m benchmarks.paper_costs``.

What is counted is work that cannot be avoided: convolutions and products of every training step, and of every segment
that is embedded; decoding, heads and waiting are not. Time is that work over the speed of a GPU: the one that the
benchmark flops has measured, or, while that was on a CPU, an assumed share of an assumed peak, which the table states.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.limits import convolution_flop, forward_flop
from clmr.corpora.published import PublishedCorpus
from clmr.models.cpc import CPCParams
from clmr.params import Params, corpora_of, every_run_of, grids_of, read_params, runs_of, supervised_runs_of
from clmr.pipeline.systems import encoder_of, trained_here
from clmr.runs import Run
from clmr.storage import paths
from clmr.storage.files import read_json, write_text

BEGIN, END = "<!-- costs -->\n", "<!-- end of costs -->\n"
# Of an A100 in bf16, and the share that networks of few channels may reach. To be replaced by a measurement.
_ASSUMED_PEAK_FLOP_PER_S, _ASSUMED_SHARE = 312e12, 0.2
_BYTES_OF_SAMPLE, _BYTES_OF_VALUE = 2, 4


@dataclass(frozen=True)
class Size:
    """A data set: clips and tracks of each split, and the length of a clip."""

    clips: Mapping[str, int]
    tracks: Mapping[str, int]
    clip_duration_s: float

    def n_clips(self) -> int:
        """Clips of all splits."""
        return sum(self.clips.values())


def _untracked(clip_duration_s: float, **clips: int) -> Size:
    return Size(clips, clips, clip_duration_s)


# As published, and as the thesis has them; songs of the charts last three and a half minutes.
SIZES = {
    "magnatagatune": Size(
        {"train": 18_706, "valid": 1_825, "test": 5_329}, {"train": 3_923, "valid": 353, "test": 1_129}, 29.1
    ),
    "million_song": _untracked(30.0, train=201_680, valid=11_774, test=28_435),
    "fma": _untracked(30.0, train=19_922, valid=2_505, test=2_573),
    "gtzan": _untracked(30.0, train=443, valid=197, test=290),
    "billboard": _untracked(210.0, train=461),
}


@dataclass(frozen=True)
class Cost:
    """One stage: computation, and what it leaves on the disk."""

    stage: str
    flop: float
    disk_bytes: float


def costs(params: Params, flop_of: Callable[[Any], float]) -> Iterator[Cost]:
    """The cost of every stage that computes or stores much.

    Args:
        params: Parameters of the paper scale.
        flop_of: FLOP of one input forward through the network of the given parameters.
    """
    for name, corpus in corpora_of(params).items():
        yield Cost(f"download@{name}", 0, _source_bytes(corpus))
    for role, store in params.stores.items():
        size = _size(params, role)
        samples = size.n_clips() * size.clip_duration_s * store.sample_rate_hz
        yield Cost(f"store@{role}", 0, samples * _BYTES_OF_SAMPLE)
    for run in runs_of(params).values():
        yield Cost(f"pretrain@{run.name}", training_flop(params, run, flop_of), 0)
        yield _embedding(params, f"evaluate@{run.name}", run, run.evaluate_on, flop_of)
    for run in supervised_runs_of(params).values():
        yield Cost(f"supervised@{run.name}", training_flop(params, run, flop_of), 0)
    every = every_run_of(params)
    for name, transfer in params.transfers.items():
        yield _embedding(params, f"probe_transfer@{name}", every[transfer.run], transfer.store, flop_of)
    for name, grid in grids_of(params).items():
        parts = [
            training_flop(params, run, flop_of) + _embedding(params, name, run, run.evaluate_on, flop_of).flop
            for run in trained_here(params, grid)
        ]
        yield Cost(f"grid@{name}", sum(parts), 0)


def training_flop(params: Params, run: Run, flop_of: Callable[[Any], float]) -> float:
    """FLOP of training under all seeds: forward, and twice that backward, for every input of every epoch.

    A track gives one pair of views in an epoch of CLMR and one input in an epoch of CPC, a clip one in supervised
    training, which is counted as if it never stopped early.
    """
    recipe, size = run.recipe, _size(params, run.recipe.store)
    if run.is_supervised:
        n_inputs, network = size.clips["train"] * recipe.label_fraction * recipe.max_epochs, recipe.model
    else:
        n_tracks = sum(size.tracks.get(split, 0) for split in recipe.splits)
        n_inputs, network = n_tracks * recipe.run_class.n_crops * recipe.epochs, recipe.encoder
    return 3 * n_inputs * len(recipe.seeds) * flop_of(network)


def network_flop(network: Any) -> float:
    """FLOP of one input forward through an encoder or a supervised network."""
    if isinstance(network, CPCParams):
        return _cpc_flop(network)
    if network.kind == "sample_cnn":
        return forward_flop(getattr(network, "encoder", network), 0)
    # Counted on a run through it; too irregular to write down.
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.build(50).eval()(torch.zeros(1, network.clip_samples))
    return counter.get_total_flops()


def gpu_flop_per_s(measured: Mapping[str, Any]) -> tuple[float, str]:
    """Speed of a GPU, and where it comes from: measured if the benchmark ran on one, else assumed."""
    if measured["device"] == "cuda":
        return measured["ours"] * 1e9, "as measured by the benchmark flops"
    share, peak = f"{100 * _ASSUMED_SHARE:.0f} %", f"{_ASSUMED_PEAK_FLOP_PER_S / 1e12:.0f} TFLOP/s"
    return _ASSUMED_SHARE * _ASSUMED_PEAK_FLOP_PER_S, f"assumed: {share} of {peak}; no GPU has been measured"


def table(found: list[Cost], measured: Mapping[str, Any]) -> str:
    """The estimates in Markdown, with their sum."""
    speed, origin = gpu_flop_per_s(measured)
    lines = [
        "Estimates, computed by `python -m benchmarks.paper_costs`; GPU hours at "
        f"{speed / 1e12:.3g} TFLOP/s ({origin}).",
        "",
        "| stage | PFLOP | GPU hours | disk (GB) |",
        "| --- | --- | --- | --- |",
    ]
    total = Cost("**sum**", sum(cost.flop for cost in found), sum(cost.disk_bytes for cost in found))
    for cost in (*found, total):
        hours = cost.flop / speed / 3_600
        cells = (_short(cost.flop / 1e15), _short(hours), _short(cost.disk_bytes / 1e9))
        lines.append(f"| {cost.stage} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def with_table(text: str, estimates: str) -> str:
    """A text with the estimates between its marks.

    Raises:
        ValueError: If the marks are missing.
    """
    before, begun, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        raise ValueError(f"params/README.md: found no {BEGIN.strip()} with {END.strip()} after it; put both back")
    return f"{before}{BEGIN}{estimates}{END}{after}"


def readme() -> Path:
    """The text that shows the estimates."""
    return paths.root() / "params" / "README.md"


def estimates() -> str:
    """The table for the paper scale as its files are now."""
    params = read_params(paths.params_file(), paths.overlay_file("paper"))
    measured = read_json(paths.results_dir() / "benchmarks" / "flops.json")
    return table(list(costs(params, network_flop)), measured)


def _size(params: Params, role: str) -> Size:
    return SIZES[corpora_of(params)[params.stores[role].corpus].kind]


def _source_bytes(corpus: Any) -> float:
    assert isinstance(corpus, PublishedCorpus)
    declared = corpus.declaration()
    fetched = [*declared.files, *(part for archive in declared.archives for part in archive.parts)]
    unpacked = sum(archive.unpacked_bytes for archive in declared.archives)
    return sum(file.size_bytes for file in fetched) + unpacked + sum(files.size_bytes for files in declared.by_hand)


def _embedding(params: Params, stage: str, run: Run, store: str, flop_of: Callable[[Any], float]) -> Cost:
    """Every segment of a store, embedded under each seed."""
    encoder, size, n_seeds = encoder_of(run), _size(params, store), len(run.recipe.seeds)
    n_segments = size.n_clips() * int(size.clip_duration_s * encoder.sample_rate_hz / encoder.clip_samples) * n_seeds
    return Cost(stage, n_segments * flop_of(encoder), n_segments * encoder.embedding_dim * _BYTES_OF_VALUE)


def _cpc_flop(encoder: CPCParams) -> float:
    before, length, total = 1, encoder.clip_samples, 0
    for kernel, stride, padding in zip(encoder.kernels, encoder.strides, encoder.paddings, strict=True):
        length = (length + 2 * padding - kernel) // stride + 1
        total += convolution_flop(before, encoder.width, kernel, length)
        before = encoder.width
    # Three gates, each of which reads the frame and the state.
    gates = 3 * (encoder.width + encoder.context_dim) * encoder.context_dim
    return total + 2 * gates * length


def _short(value: float) -> str:
    """Two digits that count; empty for nothing."""
    if not value:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}"


def main() -> None:
    """Write the estimates into params/README.md."""
    write_text(readme(), with_table(readme().read_text(encoding="utf-8"), estimates()))
    print(f"{readme().name} has the estimates of the paper scale")


if __name__ == "__main__":
    main()
