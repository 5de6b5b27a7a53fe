"""Claim: what all filters of the encoder respond to is found in less than a minute."""

from benchmarks.benchmark import Benchmark, Goal
from benchmarks.checks import CheckError
from benchmarks.timing import repeated_s
from benchmarks.workloads import pipeline_params, pipeline_run
from clmr.compute.runtime import device as chosen_device
from clmr.interpret.filters import OBJECTIVES, network_spectra
from clmr.interpret.layers import layers_of, n_filters, up_to
from clmr.models.initialisation import keeping_global_generator

_LIMIT = "the limit"


def measure(quick: bool) -> Benchmark:
    """Gradient ascent for every filter of every layer, or of the first alone, with all objectives; fresh weights."""
    params = pipeline_params()
    encoder = keeping_global_generator(pipeline_run(params).recipe.encoder.build)
    ascent = params.interpretability.ascent
    every = layers_of(encoder)
    numbers = range(1, 2 if quick else len(every) + 1)
    found = network_spectra(encoder, "fresh", numbers, ascent)
    counts = {number: n_filters(up_to(every, number)) for number in numbers}
    for number, count in counts.items():
        shapes = {objective: len(found.layers[number].values[objective]) for objective in OBJECTIVES}
        if set(shapes.values()) != {count}:
            raise CheckError(f"layer {number}: found spectra of {shapes} filters, expected {count}")
    device, n_repeats = chosen_device(), 1 if quick else 3
    repeats_s = repeated_s(lambda: network_spectra(encoder, "fresh", numbers, ascent), n_repeats, device)
    return Benchmark(
        name="filters",
        claim="What all filters of the encoder of params.yaml respond to is found in less than a minute.",
        unit="s",
        ours=min(repeats_s),
        peers={_LIMIT: 60.0},
        goal=Goal(1.0, "<= 60 s"),
        better="lower",
        notes=(
            f"{sum(counts.values())} filters of {len(counts)} layers, {len(OBJECTIVES)} objectives, {ascent.n_steps} "
            f"steps, inputs of {ascent.n_samples} samples, or as many as a layer sees; on the CPU.",
        ),
        repeats_s={"ours": repeats_s},
    )
