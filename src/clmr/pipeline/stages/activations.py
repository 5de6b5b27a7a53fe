"""Stages ``activations@<name>``: what the features of an encoder make of every test segment of a store."""

from typing import cast

from clmr.compute.runtime import device
from clmr.corpora.store import open_store
from clmr.interpret.activations import Origin, activations_of, save_activations
from clmr.models.encoders import Encoder, load_encoder
from clmr.pipeline.command_line import run_stage
from clmr.pipeline.stage import Stage
from clmr.pipeline.stage_params import ActivationsStage
from clmr.storage import paths


def work(stage: Stage[ActivationsStage]) -> None:
    """Run the encoder over the test split, and keep the activations with clip, track, start and tags."""
    params = stage.params
    store = open_store(paths.store_dir(params.store))
    encoder = load_encoder(paths.checkpoint_file(params.run, params.seed)).to(device())
    origin = Origin(params.run, params.seed)
    # For the type checker: an encoder is a module with parameters, which no type states.
    found = activations_of(cast("Encoder", encoder), store, origin, params.batch_size, device(), params.precision)
    save_activations(paths.activations_dir(params.run, params.store), found)
    print(f"{params.run} on {params.store}: {found.values.shape[0]} segments, {found.values.shape[1]} features")


def main() -> None:
    """Command line of the stage."""
    run_stage(ActivationsStage, "activations of the test segments", ["activations"], work)


if __name__ == "__main__":
    main()
