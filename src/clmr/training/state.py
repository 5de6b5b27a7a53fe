"""The state of interrupted training: weights, optimiser, learning curve."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from clmr.storage.tensors import load_tensors, load_weights, save_tensors


def save_state(
    path: Path,
    identity: dict[str, Any],
    history: list[dict[str, Any]],
    modules: dict[str, nn.Module],
    optimizer: torch.optim.Optimizer,
    kept: dict[str, Tensor],
) -> None:
    """Write everything that interrupted training needs to continue; the file is complete or not there at all.

    Args:
        path: File of the state.
        identity: Which run this is, as plain values; no other run may continue from the state.
        history: Rows of the learning curve so far.
        modules: Networks by name.
        optimizer: Their optimiser.
        kept: Weights to remember besides the current ones, such as the best so far.
    """
    # Draws depend on seed, epoch and step alone, so there is no generator whose state would have to be kept.
    tensors = training_state(modules, optimizer) | {f"kept.{name}": value for name, value in kept.items()}
    save_tensors(path, tensors, {"identity": identity, "history": history})


def resume_state(
    path: Path, identity: dict[str, Any], modules: dict[str, nn.Module], optimizer: torch.optim.Optimizer
) -> tuple[list[dict[str, Any]], dict[str, Tensor]]:
    """History and kept weights that :func:`save_state` wrote, both empty if there is no file.

    Puts modules and optimiser back into the state they were saved in.

    Args:
        path: File of the state.
        identity: Which run wants to continue.
        modules: Its networks, freshly built; changed in place.
        optimizer: Their optimiser; changed in place.

    Raises:
        ValueError: If the state is damaged or was left by another run.
    """
    if not path.is_file():
        return [], {}
    tensors, facts = load_tensors(path)
    # The caller names the folder after recipe, data and code; this catches a file that was moved by hand.
    if facts["identity"] != identity:
        raise ValueError(f"{path}: left by a run with another recipe or seed; remove it to start anew")
    restore_training(modules, optimizer, tensors)
    kept = {name.removeprefix("kept."): value for name, value in tensors.items() if name.startswith("kept.")}
    return facts["history"], kept


def training_state(modules: dict[str, nn.Module], optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """All tensors that training needs to continue: weights, batch-norm statistics, optimiser moments.

    >>> from clmr.compute.adam import Adam
    >>> layer = nn.Linear(2, 1)
    >>> sorted(training_state({"head": layer}, Adam(layer.parameters(), lr=0.1)))
    ['head.bias', 'head.weight']
    """
    tensors = {f"{name}.{key}": value for name, module in modules.items() for key, value in module.state_dict().items()}
    # Everything that Adam and LARS keep is a tensor, the number of steps included.
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in state.items()}
    return tensors


def restore_training(
    modules: dict[str, nn.Module], optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]
) -> None:
    """Put the result of :func:`training_state` back.

    Args:
        modules: Networks by name, freshly built; changed in place.
        optimizer: Their optimiser; changed in place.
        tensors: The result of :func:`training_state`; other tensors are ignored.

    Raises:
        ValueError: If weights do not fit a module.
    """
    for name, module in modules.items():
        load_weights(module, tensors, f"{name}.")
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            moments.setdefault(int(index), {})[key] = tensor
    # Learning rates and decay come from the recipe: the file holds only what training has changed.
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
