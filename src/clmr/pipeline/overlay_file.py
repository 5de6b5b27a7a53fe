"""Writing ``params.yaml`` at another scale, with its comments kept."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

from clmr.params import load_params
from clmr.storage.files import write_text
from clmr.storage.overlays import WITHOUT, read_overlays, with_overlay
from clmr.storage.yaml_files import parse_yaml, read_yaml

_BASE_SCALE = "embedded"


def write_overlaid(params: Path, *overlays: Path) -> None:
    """Put the values of overlays into a parameter file, which is checked first and changed completely or not at all.

    Args:
        params: The parameter file.
        overlays: What is laid over it, one after the other.

    Raises:
        ValueError: If the file is not at the embedded scale any more, an overlay has a key that it lacks, or the
            result is not valid.
    """
    base = read_yaml(params)
    load_params(base)
    _require_base(base, params.name, overlays)
    wanted = base
    for overlay in overlays:
        wanted = with_overlay(wanted, overlay)
    load_params(wanted)
    round_trip = YAML()
    round_trip.Representer = _Representer
    # As wide as the file is; ruamel would wrap lines at 80.
    round_trip.width = 120
    document = round_trip.load(params.read_text(encoding="utf-8"))
    _become(document, wanted)
    text = io.StringIO()
    round_trip.dump(document, text)
    # ruamel follows YAML 1.2 and everything else here 1.1, so the text is read back and compared.
    if parse_yaml(text.getvalue(), params.name) != wanted:
        names = ", ".join(overlay.name for overlay in overlays)
        raise ValueError(f"{params.name}: {names} cannot be written into it without a loss; edit it by hand")
    write_text(params, text.getvalue())


def _require_base(base: Mapping[str, Any], name: str, overlays: Iterable[Path]) -> None:
    """Raise ``ValueError`` unless overlays can be laid over the parameters: what an earlier one changed would stay."""
    back = f"git checkout {name} brings it back"
    if base.get("scale") != _BASE_SCALE:
        raise ValueError(
            f"{name}: found scale {base.get('scale')!r}, expected {_BASE_SCALE}, over which all overlays are laid; "
            f"{back}"
        )
    # Such as own music, whose folder would be reset; float32 may be laid over it.
    changes_runs = [overlay.stem for overlay in overlays if _changes_runs(overlay)]
    if not base.get("published") and changes_runs:
        raise ValueError(
            f"{name}: found nothing published, so an overlay emptied it; {', '.join(changes_runs)} is laid over the "
            f"paper's runs; {back}"
        )


def _changes_runs(overlay: Path) -> bool:
    return any("runs" in values or WITHOUT in values for values in read_overlays(overlay).values())


class _Representer(RoundTripRepresenter):
    """Writes floats that an overlay brings; those that stay keep their form."""

    def represent_float(self, data: float) -> ScalarNode:
        """A float that YAML 1.1 does not take for text, which needs a point: 1.0e-06, not 1e-06."""
        text = repr(data)
        if "e" not in text or "." in text:
            return super().represent_float(data)
        return self.represent_scalar("tag:yaml.org,2002:float", text.replace("e", ".0e"))


_Representer.add_representer(float, _Representer.represent_float)


def _become(document: Any, wanted: Mapping[str, Any]) -> None:
    """Change a loaded document into what is wanted; equal values keep their form, and all that stay their comments."""
    for key in [key for key in document if key not in wanted]:
        del document[key]
    for key, value in wanted.items():
        old = document.get(key)
        # A mapping of another kind, or without any key of the old one, is new as a whole: comments on the old one would
        # be untrue of it.
        if isinstance(value, Mapping) and isinstance(old, Mapping) and _continues(old, value):
            _become(old, value)
        elif key not in document or old != value:
            if isinstance(old, Mapping):
                document.ca.items.pop(key, None)
            document[key] = value


def _continues(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return old.get("kind") == new.get("kind") and (not old or any(key in old for key in new))
