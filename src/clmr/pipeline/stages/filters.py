"""Stages ``filters@<run>``: spectra of the inputs to which the filters of a network respond most."""

from clmr.interpret.filters import network_spectra, save_spectra
from clmr.models.frozen_encoders import load_frozen_encoder
from clmr.pipeline.command_line import run_stage
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import FiltersStage
from clmr.storage import paths


def work(stage: Stage[FiltersStage]) -> None:
    """Optimise inputs for every filter of the chosen layers, and keep their spectra."""
    params = stage.params
    encoder = load_frozen_encoder(paths.checkpoint_file(params.run, params.seed), params.encoder, params.prefix)
    spectra = network_spectra(encoder, params.run, params.layers, params.ascent)
    save_spectra(paths.filters_dir(params.run), spectra)
    counts = [f"layer {number} {len(layer.values['mean'])}" for number, layer in spectra.layers.items()]
    print(f"{params.run}, filters: {', '.join(counts)}")


def main() -> None:
    """Command line of the stage."""
    run_stage(FiltersStage, "what filters respond to", ["filters"], work)


if __name__ == "__main__":
    main()
