"""Measure all claims, or those named: ``python -m benchmarks [name ...] [--quick]``."""

import argparse
import importlib
import sys

from benchmarks.checks import CheckError
from benchmarks.report import record, write_record, write_table
from clmr.compute.allocator import keep_freed_memory
from clmr.compute.runtime import device
from clmr.storage import paths

NAMES = (
    "augmentation_chain", "training_step", "pretraining", "probe", "embedding", "flops", "memory", "decoding",
    "store_opening", "filters",
)  # fmt: skip


def main() -> int:
    """Measure, write a record after each, and the table at the end; 1 if a result was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"which of {', '.join(NAMES)}; default: all")
    parser.add_argument("--quick", action="store_true", help="toy sizes, into build/benchmarks: do the scripts run?")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.names) - set(NAMES))
    if unknown:
        parser.error(f"unknown {', '.join(unknown)}; choose from {', '.join(NAMES)}")
    folder = paths.root() / "build" / "benchmarks" if chosen.quick else paths.results_dir() / "benchmarks"
    failures = 0
    for name in chosen.names or NAMES:
        try:
            benchmark = importlib.import_module(f"benchmarks.{name}").measure(chosen.quick)
        except CheckError as error:
            failures += 1
            print(f"{name}: {error}", file=sys.stderr)
            continue
        entry = record(benchmark, device(), chosen.quick)
        write_record(folder, entry)
        ratio = "no peer" if benchmark.ratio is None else f"{benchmark.ratio:.2f}x {benchmark.best_peer}"
        print(f"{name}: {entry['ours']:,} {benchmark.unit}, {ratio}; goal {benchmark.goal.text}", flush=True)
    write_table(folder, NAMES)
    return min(failures, 1)


if __name__ == "__main__":
    keep_freed_memory()  # for ours and peers alike, as in the pipeline
    sys.exit(main())
