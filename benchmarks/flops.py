"""Claim: the training step uses a good part of what the machine's matrix units can do."""

from benchmarks.benchmark import Benchmark, Goal
from benchmarks.checks import check_encoder
from benchmarks.limits import PRODUCTS_AT_ONCE, matrix_peak_s, training_flop
from benchmarks.plain import PROJECTION_DIM
from benchmarks.training_step import our_steps_s, step_size
from benchmarks.workloads import PRECISIONS
from clmr.compute.runtime import device as chosen_device


def measure(quick: bool) -> Benchmark:
    """FLOP/s of the training step beside the fastest matrix product measured."""
    device = chosen_device()
    size = step_size(quick, device)
    n_rows = (64, 128) if quick else (2048, 4096)
    checks = tuple(check_encoder(size.encoder, device, precision) for precision in PRECISIONS)
    peaks, achieved, repeats_s = {}, {}, {}
    for precision in PRECISIONS:
        products = {n: matrix_peak_s(precision, n, size.n_repeats, device) for n in n_rows}
        peaks[precision] = max(PRODUCTS_AT_ONCE * 2 * n**3 / min(times) for n, times in products.items()) / 1e9
        repeats_s |= {f"{PRODUCTS_AT_ONCE} products of {n}^2, {precision}": times for n, times in products.items()}
        times = our_steps_s(size, device, precision)
        repeats_s[f"ours, {precision}"] = times
        n_clips = 2 * size.n_pairs * size.n_steps
        achieved[precision] = n_clips * training_flop(size.encoder, PROJECTION_DIM) / min(times) / 1e9
    ours = max(achieved.values())
    return Benchmark(
        name="flops",
        claim="The training step of the full SampleCNN uses a good part of the machine's matrix peak.",
        unit="GFLOP/s",
        ours=ours,
        peers={f"{precision} matrix product": peak for precision, peak in peaks.items()},
        goal=Goal(0.85, ">= 0.85 of the faster matrix peak", of="limit"),
        limit=max(peaks.values()),
        limit_text="the faster of the two matrix products",
        notes=(
            f"{training_flop(size.encoder, PROJECTION_DIM) / 1e9:.3g} GFLOP per clip (forward and twice that backward, "
            "convolutions and products only); ours in the faster precision, the peaks over "
            f"{' and '.join(f'{n} x {n}' for n in n_rows)}.",
            f"Ours is {ours / peaks['bf16']:.2f} of the bf16 peak and {ours / peaks['fp32']:.2f} of the fp32 peak.",
            *checks,
        ),
        repeats_s=repeats_s,
        details={
            "achieved_gflop_per_s": achieved,
            "fraction_of_bf16_peak": ours / peaks["bf16"],
            "fraction_of_fp32_peak": ours / peaks["fp32"],
        },
    )
