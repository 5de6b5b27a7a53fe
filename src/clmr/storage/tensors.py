"""Named tensors on disk, as safetensors with plain facts about them in the header."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from clmr.storage.files import replacing


def save_tensors(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write named tensors, and plain facts as JSON in the file's header; completely or not at all.

    Args:
        path: File to write.
        tensors: Tensors by name, on any device.
        facts: Plain values that JSON can hold.
    """
    # safetensors, not pickle: reading a file of unknown origin runs no code.
    # Facts are sorted, so that equal contents are equal bytes.
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        temporary.write_bytes(save(contiguous, {"facts": json.dumps(facts, sort_keys=True)}))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and facts of a file written by :func:`save_tensors`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or was not written by :func:`save_tensors`.
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
    """Copy the tensors whose names begin with ``prefix`` into a module; each must be there, and none left over.

    Args:
        module: The module; changed in place.
        tensors: Tensors by name; those with other prefixes are ignored.
        prefix: Beginning of the names, which is cut off.

    Raises:
        ValueError: If names or shapes do not fit the module.
    """
    chosen = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    try:
        module.load_state_dict(chosen, strict=True)
    except RuntimeError as error:
        raise ValueError(f"weights {prefix}* do not fit {type(module).__name__}: {error}") from error
