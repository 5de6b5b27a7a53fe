"""Weights on disk, as safetensors with the recipe that made them; states of interrupted training."""

import json
import logging
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from clmr.files import replacing

_LOG = logging.getLogger("clmr")


def save_tensors(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write named tensors, and plain facts as JSON in the file's header; whole or not at all."""
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        temporary.write_bytes(save(contiguous, {"facts": json.dumps(facts, sort_keys=True)}))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and facts of a file written by :func:`save_tensors`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not one of ours, or damaged.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint; run the stage that writes it")
    try:
        with safe_open(path, framework="pt") as stored:
            facts = (stored.metadata() or {})["facts"]
            return {name: stored.get_tensor(name) for name in stored.keys()}, json.loads(facts)  # noqa: SIM118
    except (SafetensorError, KeyError) as error:
        raise ValueError(
            f"{path}: not a whole checkpoint of this project ({error}); remove it and rerun its stage"
        ) from error


def load_weights(module: nn.Module, tensors: dict[str, Tensor], prefix: str) -> None:
    """Copy the tensors whose names begin with ``prefix`` into a module; all must be there, none may be left.

    Raises:
        ValueError: If names or shapes do not fit the module.
    """
    chosen = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    try:
        module.load_state_dict(chosen, strict=True)
    except RuntimeError as error:
        raise ValueError(f"weights {prefix}* do not fit {type(module).__name__}: {error}") from error


def save_state(
    path: Path,
    recipe: dict[str, Any],
    history: list[dict[str, Any]],
    modules: dict[str, nn.Module],
    optimizer: torch.optim.Optimizer,
    kept: dict[str, Tensor] | None = None,
) -> None:
    """Write all that interrupted training needs to go on; whole or not at all.

    Args:
        path: File of the state.
        recipe: Recipe of the run, as plain values.
        history: Rows of the learning curve so far.
        modules: Networks by name.
        optimizer: Their optimiser.
        kept: Weights to remember beside those of now, such as the best so far.
    """
    tensors = training_state(modules, optimizer) | {f"kept.{name}": value for name, value in (kept or {}).items()}
    save_tensors(path, tensors, {"recipe": recipe, "history": history})


def resume_state(
    path: Path, recipe: dict[str, Any], modules: dict[str, nn.Module], optimizer: torch.optim.Optimizer
) -> tuple[list[dict[str, Any]], dict[str, Tensor]]:
    """History and kept weights of :func:`save_state`, with modules and optimiser as they were; empty without a file.

    Raises:
        ValueError: If the state is damaged or was left by another recipe.
    """
    if not path.is_file():
        return [], {}
    tensors, facts = load_tensors(path)
    if facts["recipe"] != recipe:
        raise ValueError(f"{path}: left by another recipe; remove it to start anew")
    restore_training(modules, optimizer, tensors)
    _LOG.info("resumed after epoch %d", len(facts["history"]))
    kept = {name.removeprefix("kept."): value for name, value in tensors.items() if name.startswith("kept.")}
    return facts["history"], kept


def training_state(modules: dict[str, nn.Module], optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """All tensors that training needs to go on: weights, batch-norm statistics, optimiser moments."""
    tensors = {f"{name}.{key}": value for name, module in modules.items() for key, value in module.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in state.items()}
    return tensors


def restore_training(
    modules: dict[str, nn.Module], optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]
) -> None:
    """Put the result of :func:`training_state` back into freshly built modules and their optimiser."""
    for name, module in modules.items():
        load_weights(module, tensors, f"{name}.")
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            moments.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
